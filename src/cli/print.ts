import type { WriteStream } from "node:tty";
import { escapeControls, jsonWithoutControls } from "./escape-controls.ts";
import { paintFor, withColors, type Paint } from "./paint.ts";

/**
 * A standard stream of this process. Everything that the command line prints passes through here: pages, servers and file
 * names have no way to send control characters to the terminal. The linter forbids other ways.
 */
export interface Printer {
  /** Colours for parts of a line; nothing else that a line holds can bring its own. */
  readonly paint: Paint;
  /** Whether a line can be drawn again and again. */
  readonly isTerminal: boolean;
  readonly columns: number;
  /** One line, also where the text has line breaks: those are shown as "\n". */
  line(text?: string): void;
  /** Text of several lines. */
  lines(text: string): void;
  json(value: unknown, indent?: number): void;
  /** Puts text in the place of the last line, which was drawn as well. It must be shorter than `columns`. */
  draw(text: string): void;
  /** Takes away what was drawn. */
  erase(): void;
  onError(listener: (fault: NodeJS.ErrnoException) => void): void;
  /** Calls back once everything has been written. */
  flushed(callback: () => void): void;
  /** For the progress bar, which draws itself: give it the result of `withColors`. */
  stream(): WriteStream;
}

const START_AND_CLEAR = "\r\u001B[K";

export const out: Printer = printerOn(
  () => process.stdout,
  (text) => console.log(text),
);
export const err: Printer = printerOn(
  () => process.stderr,
  (text) => console.error(text),
);

/** @param write does not fail where nobody reads any more */
function printerOn(stream: () => WriteStream, write: (text: string) => void): Printer {
  const line = (text = ""): void => write(withColors(escapeControls(text)));
  return {
    line,
    lines(text) {
      for (const one of text.split("\n")) line(one);
    },
    get paint() {
      return paintFor(stream());
    },
    get isTerminal() {
      return stream().isTTY === true && process.env["TERM"] !== "dumb";
    },
    get columns() {
      return stream().columns || 80;
    },
    json: (value, indent) => void stream().write(`${jsonWithoutControls(value, indent)}\n`),
    draw: (text) => void stream().write(`${START_AND_CLEAR}${withColors(escapeControls(text))}`),
    erase: () => void stream().write(START_AND_CLEAR),
    onError: (listener) => void stream().on("error", listener),
    flushed: (callback) => void stream().write("", callback),
    stream,
  };
}
