import type { WriteStream } from "node:tty";

/** Gives text a colour where the stream shows colours. */
export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  red(text: string): string;
}

/**
 * Stands for the escape character until a line is printed, after all others were made visible. Random, so that no text of a
 * page can hold it.
 */
const MARK = `\uE000${crypto.randomUUID()}\uE000`;
const MARKED = new RegExp(`${MARK}(\\d+)m`, "g");

/** Text whose colours `withColors` brings out; they count for nothing before. */
export function paintFor(stream: Pick<WriteStream, "isTTY">): Paint {
  const isColored: boolean = stream.isTTY === true && process.env["TERM"] !== "dumb" && (process.env["NO_COLOR"] ?? "") === "";
  const between =
    (start: number, end: number) =>
    (text: string): string =>
      isColored ? `${MARK}${start}m${text}${MARK}${end}m` : text;
  return { bold: between(1, 22), dim: between(2, 22), green: between(32, 39), yellow: between(33, 39), red: between(31, 39) };
}

/** Turns the marks of `paintFor` into codes for the terminal. */
export function withColors(text: string): string {
  return text.replace(MARKED, "\u001B[$1m");
}
