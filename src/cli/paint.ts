import type { WriteStream } from "node:tty";

/** Gives text a colour where the stream shows colours. */
export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  red(text: string): string;
}

/** Whether a line on this stream can be written again and again. */
export function isTerminal(stream: Pick<WriteStream, "isTTY">): boolean {
  return stream.isTTY === true && process.env["TERM"] !== "dumb";
}

export function paintFor(stream: Pick<WriteStream, "isTTY">): Paint {
  const isColored: boolean = isTerminal(stream) && (process.env["NO_COLOR"] ?? "") === "";
  const between =
    (start: number, end: number) =>
    (text: string): string =>
      isColored ? `\u001B[${start}m${text}\u001B[${end}m` : text;
  return { bold: between(1, 22), dim: between(2, 22), green: between(32, 39), yellow: between(33, 39), red: between(31, 39) };
}
