import type { HeldFrame } from "./held-frame.ts";

interface KeptPicture {
  readonly held: HeldFrame;
  /** When the one after it begins: infinite for the last of the video, null as long as nobody knows. */
  untilUs: number | null;
}

/** Decoded pictures in the order in which they are shown. */
export class KeptPictures {
  #pictures: KeptPicture[] = [];

  /** The picture that is shown at a time, if that is known. */
  at(timestampUs: number): HeldFrame | null {
    const isShown = ({ held, untilUs }: KeptPicture): boolean =>
      held.timestampUs === timestampUs || (untilUs !== null && held.timestampUs < timestampUs && timestampUs < untilUs);
    return this.#pictures.find(isShown)?.held ?? null;
  }

  get isWithinBudget(): boolean {
    return this.#pictures.every(({ held }) => held.isCounted);
  }

  /** What the decoder gave next. */
  add(held: HeldFrame): void {
    this.#endLast(held.timestampUs);
    this.#pictures.push({ held, untilUs: null });
  }

  /** The last that was added is the last of the video. */
  end(): void {
    this.#endLast(Infinity);
  }

  /** Closes what none of these times shows; the last stays, for its end is not known yet. */
  keep(timesUs: readonly number[]): void {
    const shown = new Set(timesUs.map((timeUs) => this.at(timeUs)));
    const stays = (picture: KeptPicture): boolean => picture.untilUs === null || shown.has(picture.held);
    for (const picture of this.#pictures) if (!stays(picture)) picture.held.close();
    this.#pictures = this.#pictures.filter(stays);
  }

  /** Closes all, and says how many. */
  clear(): number {
    const gone: KeptPicture[] = this.#pictures;
    for (const { held } of gone) held.close();
    this.#pictures = [];
    return gone.length;
  }

  #endLast(timestampUs: number): void {
    const last: KeptPicture | undefined = this.#pictures.at(-1);
    if (last) last.untilUs ??= timestampUs;
  }
}
