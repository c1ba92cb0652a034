/** A frame that several hold: the last of them closes it. */
export class SharedFrame {
  readonly #frame: VideoFrame;
  #holders: number;

  constructor(frame: VideoFrame, holders: number) {
    this.#frame = frame;
    this.#holders = holders;
    if (holders === 0) frame.close();
  }

  /** A frame of the caller's own. */
  copy(): VideoFrame {
    return this.#frame.clone();
  }

  release(): void {
    if (--this.#holders === 0) this.#frame.close();
  }
}
