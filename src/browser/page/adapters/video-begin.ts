/** When the video begins in the page's time: what the page does before takes no time, and after that happens in the video. */
export class VideoBegin {
  readonly #openedAtMs: () => number | null;
  #atMs: number | null = null;

  /** @param openedAtMs the page's time at which it was ready; null before: where nothing played by then, no seek tells of the begin */
  constructor(openedAtMs: () => number | null) {
    this.#openedAtMs = openedAtMs;
  }

  /** A frame is made, and the video begins then, unless it has begun before. */
  tell(pageMs: number): void {
    this.#atMs ??= pageMs;
  }

  get isPast(): boolean {
    this.#atMs ??= this.#openedAtMs();
    return this.#atMs !== null;
  }

  /** Seconds of the video at a time of the page. */
  secondsAt(pageMs: number): number {
    return this.isPast ? (pageMs - this.#atMs!) / 1000 : 0;
  }
}
