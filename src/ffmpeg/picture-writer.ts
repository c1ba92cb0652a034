/** Makes files of frames, in order. */
export interface PictureWriter {
  /** Resolves when it can take another frame; the data are not needed any longer then. */
  add(index: number, data: Uint8Array): Promise<void>;
  /** The picture before once more. */
  repeat(index: number): Promise<void>;
  finish(): Promise<void>;
  /** Ends what is under way. Never rejects. */
  abort(): Promise<void>;
}
