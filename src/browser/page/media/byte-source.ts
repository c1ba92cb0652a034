/** The bytes of one file, wherever they lie. */
export interface ByteSource {
  readonly byteLength: number;
  /** Bytes `[start, end)`; fewer where the file ends. Rejects with a `MediaFault`. */
  read(start: number, end: number): Promise<Uint8Array>;
}
