import { mediaUnreadable } from "../core/errors.ts";
import type { PictureRequest } from "./picture-arguments.ts";
import { PictureRun, type ExtractedPicture } from "./picture-run.ts";
import { NEAR_US, pictureAt } from "./video-index.ts";
import type { VideoSource } from "./video-source.ts";

/** ffmpeg seeks so much earlier than it is told where pictures are stored in another order than shown: it would find the key frame before. */
const SEEKS_EARLIER_US = 140_000;

/** A run of ffmpeg, and what it gave first; null where it gives none. */
export interface FirstPicture {
  readonly run: PictureRun;
  readonly picture: ExtractedPicture | null;
}

/** Some containers are sought roughly, and begin behind the key frame that was named: then from an earlier one, at last from the beginning. */
export async function firstPicture(
  request: Omit<PictureRequest, "seekUs">,
  { index, name, build }: VideoSource,
  signal: AbortSignal,
): Promise<FirstPicture> {
  const expectedUs: number = index.timesUs.find((time) => time >= request.startUs)!;
  for (const seekUs of seekPoints(index.keysUs, expectedUs)) {
    const run: PictureRun = await PictureRun.start({ ...request, seekUs }, name, build, signal);
    try {
      const picture: ExtractedPicture | null = await run.next();
      const isLate: boolean = picture === null || picture.startUs - expectedUs > NEAR_US;
      if (!isLate || (seekUs === null && picture !== null)) return { run, picture };
      const { code, stderrTail } = picture === null ? await run.ended : { code: 0, stderrTail: "" };
      // Pictures that cannot be decoded at all end it; where only these cannot, earlier ones are shown in their place.
      if (seekUs === null && code !== 0) throw mediaUnreadable(name, `ffmpeg decodes none of its pictures: ${lastWords(stderrTail)}`);
      if (seekUs === null) return { run, picture };
      await run.stop();
    } catch (thrown) {
      await run.stop();
      throw thrown;
    }
  }
  throw new Error("unreachable: the beginning of the file is always tried");
}

/** Where to begin decoding for a picture: the key frame before it, the one before that, the beginning of the file. */
export function seekPoints(keysUs: readonly number[], pictureUs: number): readonly (number | null)[] {
  const at: number = pictureAt({ timesUs: keysUs }, pictureUs);
  const points: number[] = [at, at - 1]
    .filter((key) => key > 0)
    .map((key) => {
      const untilNext: number = (keysUs[key + 1] ?? Number.POSITIVE_INFINITY) - keysUs[key]!;
      return keysUs[key]! + Math.min(SEEKS_EARLIER_US, Math.floor(untilNext / 2));
    });
  return [...points, null];
}

function lastWords(said: string): string {
  return said === "" ? "it says nothing of why" : said.split("\n").slice(-3).join(" | ");
}
