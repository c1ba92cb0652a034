import type { PageSound } from "../../core/media.ts";
import type { HeardPiece, HeardScore, HeardSoFar, OpenedComposition, SeekEnd, UnreadyComposition } from "../messages.ts";
import { compositionIn } from "./composition-key.ts";

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
};

Object.assign(globalThis, { __framewright: topPage });
