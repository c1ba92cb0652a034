import { fromBase64, toBase64 } from "../../core/base64.ts";
import type { PageSound } from "../../core/media.ts";
import type { HeardPiece, HeardScore, HeardSoFar, OpenedComposition, SeekEnd, UnreadyComposition } from "../messages.ts";
import { compositionIn } from "./composition-key.ts";
import { averageBlocks } from "./pixels/block-averages.ts";

/** The composition as a page of its own, driven by the host through `globalThis.__framewright`. */
const topPage = {
  open: (limitMs: number): Promise<OpenedComposition | UnreadyComposition> => compositionIn(window)!.open(limitMs),

  async seek(index: number): Promise<SeekEnd> {
    const end: SeekEnd = await compositionIn(window)!.seek(index);
    if (end === "done" && document.fonts.status === "loading") await document.fonts.ready;
    return end;
  },

  listen: (frameCount: number, sound?: PageSound): Promise<HeardScore | HeardSoFar | "reload"> =>
    compositionIn(window)!.listen(frameCount, sound),

  recordedPiece: (index: number): HeardPiece => compositionIn(window)!.recordedPiece(index),

  /** What was heard though the page had said nothing of it; null where nothing was. */
  unplannedSound: (): string | null => compositionIn(window)!.unplannedSound,

  /** Block averages of a picture, as base64. */
  async averages(picture: string, type: string): Promise<string> {
    const bitmap: ImageBitmap = await createImageBitmap(new Blob([fromBase64(picture)], { type }));
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d", { willReadFrequently: true })!;
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
    return toBase64(averageBlocks(data, bitmap.width, bitmap.height));
  },
};

Object.assign(globalThis, { __framewright: topPage });
