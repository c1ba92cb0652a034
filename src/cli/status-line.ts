import type { WriteStream } from "node:tty";
import { paintFor, type Paint } from "./paint.ts";

/** The last line of a terminal: what is going on now. It makes room for lines that stay. */
export interface StatusLine {
  show(text: string): void;
  /** Writes a line that stays, above the status. */
  keep(line: string): void;
  clear(): void;
}

const TURNS: readonly string[] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const TURN_MS = 100;
const START_AND_CLEAR = "\r\u001B[K";

export function statusLine(stream: WriteStream): StatusLine {
  const paint: Paint = paintFor(stream);
  let shown: string | null = null;
  let turn = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  const draw = (): void => {
    if (shown === null) return;
    // A line that wraps could not be cleared.
    const text: string = shown.slice(0, Math.max(0, (stream.columns || 80) - 3));
    stream.write(`${START_AND_CLEAR}${paint.dim(TURNS[turn++ % TURNS.length]!)} ${text}`);
  };
  const erase = (): void => {
    if (shown !== null) stream.write(START_AND_CLEAR);
  };
  return {
    show(text) {
      shown = text;
      timer ??= setInterval(draw, TURN_MS).unref();
      draw();
    },
    keep(line) {
      erase();
      stream.write(`${line}\n`);
      draw();
    },
    clear() {
      clearInterval(timer);
      timer = undefined;
      erase();
      shown = null;
    },
  };
}
