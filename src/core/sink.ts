/**
 * Where the output goes. Bytes land under a temporary name; `commit` gives them their final one, `discard` leaves
 * nothing behind. Exactly one of the two ends the sink; calling either again does nothing.
 */
export interface OutputSink {
  /** The final name, for messages. */
  readonly name: string;
  /** The temporary file, where a process may write by path. Null where the output is no file. */
  readonly temporaryPath: string | null;
  /**
   * Writes at a byte position; positions may go back.
   *
   * @throws RenderError `disk-full`, `output-not-writable`
   */
  write(data: Uint8Array, position: number): Promise<void>;
  /** Bytes so far, also those that a process wrote by path. */
  byteLength(): Promise<number>;
  /** Reads back `[start, end)` for the check of the finished file. */
  read(start: number, end: number): Promise<Uint8Array>;
  /** Bytes that the output's place can still take; null where nobody knows. */
  freeBytes(): Promise<number | null>;
  /** Drops all bytes, so that another encoder may begin. @throws RenderError `output-not-writable` */
  clear(): Promise<void>;
  /** @throws RenderError `output-not-writable` */
  commit(): Promise<void>;
  /** Never rejects. */
  discard(): Promise<void>;
}
