import { ClipTimes, finite, playbackRate } from "../hyperframes/clip-times.ts";
import type { Stretch } from "../media/stretches.ts";
import { wrapped } from "./playing-media.ts";

/** Media with `data-start`: they play from then on, for as long as they say, whatever else plays them. */
export class MediaSlots {
  readonly #times = new ClipTimes(timelineDuration);

  /** @throws Error that says what of its start cannot be understood */
  assertKnown(media: HTMLMediaElement): void {
    this.#times.startOf(media);
  }

  /** In seconds of the video; infinite where nothing says when it ends. */
  endOf(media: HTMLMediaElement): number {
    return this.#times.endOf(media);
  }

  /** Seconds of the file that are shown at a time of the video: before the slot those at its begin, after it those at its end. */
  timeAt(media: HTMLMediaElement, seconds: number): number {
    const from: number = startInFile(media);
    const lasts: number = this.#times.durationOf(media) ?? Infinity;
    const passed: number = Math.min(lasts, Math.max(0, seconds - this.#times.startOf(media))) * playbackRate(media);
    const left: number = media.duration - from;
    return from + (media.loop && left > 0 ? wrapped(passed, left) : Math.min(passed, Math.max(0, left)));
  }

  stretchOf(media: HTMLMediaElement): Pick<Stretch, "start" | "end" | "mediaStart" | "playbackRate" | "loopFrom"> {
    const [mediaStart, end] = [startInFile(media), this.#times.endOf(media)];
    return {
      start: this.#times.startOf(media),
      end: Number.isFinite(end) ? end : null,
      mediaStart,
      playbackRate: playbackRate(media),
      loopFrom: media.loop ? mediaStart : null,
    };
  }
}

function startInFile(media: HTMLMediaElement): number {
  return finite(media.getAttribute("data-playback-start")) ?? finite(media.getAttribute("data-media-start")) ?? 0;
}

/** Of a composition that says nothing of its length, as its timeline says it. */
function timelineDuration(composition: Element): number | null {
  const { __timelines } = composition.ownerDocument.defaultView as unknown as {
    readonly __timelines?: Record<string, { duration?(): number } | undefined>;
  };
  return __timelines?.[composition.getAttribute("data-composition-id")!]?.duration?.() ?? null;
}
