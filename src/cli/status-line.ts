import { escapeControls } from "./escape-controls.ts";
import type { Printer } from "./print.ts";

/** The last line of a terminal: what is going on now. It makes room for lines that stay. */
export interface StatusLine {
  show(text: string): void;
  /** Writes a line that stays, above the status. */
  keep(line: string): void;
  clear(): void;
}

const TURNS: readonly string[] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const TURN_MS = 100;

export function statusLine(printer: Printer): StatusLine {
  const { paint } = printer;
  let shown: string | null = null;
  let turn = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  const draw = (): void => {
    if (shown === null) return;
    // A line that wraps could not be cleared.
    const text: string = escapeControls(shown).slice(0, Math.max(0, printer.columns - 3));
    printer.draw(`${paint.dim(TURNS[turn++ % TURNS.length]!)} ${text}`);
  };
  const erase = (): void => {
    if (shown !== null) printer.erase();
  };
  return {
    show(text) {
      shown = text;
      timer ??= setInterval(draw, TURN_MS).unref();
      draw();
    },
    keep(line) {
      erase();
      printer.line(line);
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
