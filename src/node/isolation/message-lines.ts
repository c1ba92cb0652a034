const NEWLINE = 0x0a;

/**
 * Splits a stream of bytes into lines of UTF-8. Holds at most one incomplete line of `longestBytes`.
 *
 * @returns a function that takes the next bytes and gives the lines that they complete
 * @throws Error (the returned function) when a line is longer
 */
export function messageLines(longestBytes: number): (bytes: Uint8Array) => string[] {
  let pieces: Uint8Array[] = [];
  let held = 0;
  return (bytes) => {
    const lines: string[] = [];
    for (let start = 0; start < bytes.length;) {
      const newline: number = bytes.indexOf(NEWLINE, start);
      const end: number = newline < 0 ? bytes.length : newline;
      held += end - start;
      if (held > longestBytes) throw new Error(`it is longer than ${longestBytes} bytes`);
      pieces.push(bytes.subarray(start, end));
      start = end + 1;
      if (newline < 0) continue;
      lines.push(Buffer.concat(pieces).toString("utf8"));
      [pieces, held] = [[], 0];
    }
    return lines;
  };
}
