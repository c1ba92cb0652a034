import { isWithin, type FrameRate } from "../../../core/frame-rate.ts";
import type { ClipTimes } from "./clip-times.ts";

interface Clip {
  readonly element: HTMLElement;
  /** The first frame that shows it, and the first one after them that does not. */
  readonly start: number;
  readonly end: number;
  /** It takes up space among its neighbours: while it is hidden they stand as if it were not there. */
  readonly isInFlow: boolean;
  readonly position: string;
}

/** Nothing of these is shown. */
const UNSEEN = "script, style, link, meta, template";

/** Everything with a start: shown from it up to, but not including, its end. */
export class Clips {
  readonly #clips: readonly Clip[];

  /** @param root the composition that is rendered, which shows always */
  constructor(root: HTMLElement, times: ClipTimes, rate: FrameRate) {
    const elements: HTMLElement[] = [...root.querySelectorAll<HTMLElement>("[data-start]")].filter(
      (element) => element instanceof HTMLElement && !element.matches(UNSEEN),
    );
    const intervals = new Map<Element, { start: number; end: number }>();
    this.#clips = elements.map((element): Clip => {
      // A part of a clip shows no longer than the clip; ancestors come first in the order of the document.
      const around: Element | null | undefined = element.parentElement?.closest("[data-start]");
      const outer = around && intervals.get(around);
      const start: number = Math.max(firstFrameFrom(times.startOf(element), rate), outer?.start ?? 0);
      const end: number = Math.min(firstFrameFrom(times.endOf(element), rate), outer?.end ?? Infinity);
      intervals.set(element, { start, end });
      return { element, start, end, isInFlow: isInFlow(element), position: element.style.position };
    });
    for (const { element } of this.#clips) if (element.hasAttribute("data-hidden")) element.style.display = "none";
  }

  /** @param index the frame */
  show(index: number): void {
    for (const { element, start, end, isInFlow: takesSpace, position } of this.#clips) {
      const isShown: boolean = isWithin(index, start, end);
      const { style } = element;
      const visibility: string = isShown ? "visible" : "hidden";
      // What the page itself writes here does not count: the clip's times do.
      if (style.visibility !== visibility) style.visibility = visibility;
      if (!takesSpace) continue;
      // Not "display: none", which would end the CSS animations in it.
      const wanted: string = isShown ? position : "absolute";
      if (style.position !== wanted) style.position = wanted;
    }
  }
}

/** Authors write times with a few digits: what misses the beginning of a frame by less than this part of one is meant for it. */
const MISSED_FRAMES = 1e-3;

/** The first frame that begins at or after a time. Infinity for what never ends. */
function firstFrameFrom(seconds: number, { numerator, denominator }: FrameRate): number {
  return Math.ceil((seconds * numerator) / denominator - MISSED_FRAMES);
}

/** Of a clip with others inside, those keep their places in it. */
function isInFlow(element: HTMLElement): boolean {
  const { position } = getComputedStyle(element);
  return position !== "absolute" && position !== "fixed" && element.querySelector("[data-start]") === null;
}
