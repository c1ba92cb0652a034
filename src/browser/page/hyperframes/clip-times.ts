import { CompositionFault, nameOf } from "./problems.ts";
import { AUTHORED_ID, ORIGINAL_ID } from "./scope.ts";

/** How long a still picture shows that says nothing of it. */
const PICTURE_SECONDS = 3;

type StartExpression = { readonly seconds: number } | { readonly reference: string; readonly offset: number };

/** When clips and compositions begin and end, in seconds of the page, as their attributes say. Reads each element once. */
export class ClipTimes {
  /** The length of a composition that says nothing of it, in seconds: that of its timeline. */
  readonly #timelineDuration: (composition: Element) => number | null;
  readonly #starts = new Map<Element, number>();
  /** Those that are being resolved now, the one that asked first in front. */
  readonly #asking = new Set<Element>();

  constructor(timelineDuration: (composition: Element) => number | null) {
    this.#timelineDuration = timelineDuration;
  }

  /** @throws Error that names the clip and the value that cannot be understood, or the clips that wait for one another */
  startOf(element: Element): number {
    const known: number | undefined = this.#starts.get(element);
    if (known !== undefined) return known;
    if (this.#asking.has(element)) throw new CompositionFault(this.#describeCycle(element));
    this.#asking.add(element);
    const start: number = this.#resolveStart(element);
    this.#asking.delete(element);
    this.#starts.set(element, start);
    return start;
  }

  /** Infinite where nothing says when it ends. */
  endOf(element: Element): number {
    return this.startOf(element) + (this.durationOf(element) ?? Infinity);
  }

  /** Null where nothing says. */
  durationOf(element: Element): number | null {
    return positive(element.getAttribute("data-duration")) ?? this.#untilEnd(element) ?? this.#ownDuration(element);
  }

  #untilEnd(element: Element): number | null {
    const end: number | null = finite(element.getAttribute("data-end"));
    if (end === null) return null;
    const duration: number = this.#originOf(element) + end - this.startOf(element);
    return duration > 0 ? duration : null;
  }

  #ownDuration(element: Element): number | null {
    if (element instanceof HTMLMediaElement) return playedSeconds(element);
    if (element instanceof HTMLImageElement) return element.hasAttribute("data-start") ? PICTURE_SECONDS : null;
    return element.hasAttribute("data-composition-id") ? this.#timelineDuration(element) : null;
  }

  /** The time from which an element's numbers count: the start of the composition that it is in. */
  #originOf(element: Element): number {
    if (element instanceof HTMLMediaElement && element.dataset["hfMediaStartBasis"] === "global") return 0;
    const composition: Element | null | undefined = element.parentElement?.closest("[data-composition-id]");
    return composition ? this.startOf(composition) : 0;
  }

  #resolveStart(element: Element): number {
    const text: string = element.getAttribute("data-start")?.trim() ?? "";
    if (text === "") return this.#originOf(element);
    const expression: StartExpression | null = parseStart(text);
    if (expression === null) {
      const advice = 'write seconds ("2.5"), or the id of another clip with an offset ("intro + 0.5")';
      throw new CompositionFault(`The start of ${nameOf(element)} cannot be understood: data-start="${text}"; ${advice}`);
    }
    if ("seconds" in expression) return this.#originOf(element) + Math.max(0, expression.seconds);
    const target: Element | null = findClip(expression.reference, element);
    if (target === null) {
      throw new CompositionFault(
        `The clip ${nameOf(element)} starts after "${expression.reference}" (data-start="${text}"), but the page has no element of that id`,
      );
    }
    const end: number = this.endOf(target);
    if (end === Infinity) {
      const advice = `give ${nameOf(target)} a data-duration`;
      throw new CompositionFault(
        `The clip ${nameOf(element)} starts after ${nameOf(target)} (data-start="${text}"), whose end is not known; ${advice}`,
      );
    }
    return Math.max(0, end + expression.offset);
  }

  #describeCycle(element: Element): string {
    const asking: Element[] = [...this.#asking];
    const circle: string = [...asking.slice(asking.indexOf(element)), element].map(nameOf).join(" → ");
    return `The starts of clips wait for one another (data-start): ${circle}; give one of them a number`;
  }
}

/** Null for what is neither a number nor a reference. */
function parseStart(text: string): StartExpression | null {
  const seconds: number = Number(text);
  if (Number.isFinite(seconds)) return { seconds };
  // An id may contain "-": with a "-" in front of the offset there must be a space.
  const match: RegExpExecArray | null = /^([\w.:-]+?)(?:(\s*\+\s*|\s+-\s*|-\s+)(\d*\.?\d+))?$/.exec(text);
  if (match === null) return null;
  const offset: number = Number(match[3] ?? 0);
  return { reference: match[1]!, offset: match[2]?.includes("-") ? -offset : offset };
}

/** The clip that is meant is the one in the own composition, else one of the compositions around it. */
function findClip(id: string, from: Element): Element | null {
  const escaped: string = CSS.escape(id);
  const selectors: string[] = ["id", AUTHORED_ID, "data-composition-id", ORIGINAL_ID].map((name) => `[${name}="${escaped}"]`);
  for (let around = from.parentElement; around; around = around.parentElement) {
    if (!around.hasAttribute("data-composition-id") && around.parentElement) continue;
    for (const selector of selectors) {
      const found: Element | null = around.querySelector(selector);
      if (found) return found;
    }
  }
  return null;
}

/** How long a video or sound plays from where it begins; null where its length is not known. */
function playedSeconds(media: HTMLMediaElement): number | null {
  const from: number = finite(media.getAttribute("data-playback-start")) ?? finite(media.getAttribute("data-media-start")) ?? 0;
  const rate: number = playbackRate(media);
  return Number.isFinite(media.duration) && media.duration > from ? (media.duration - from) / rate : null;
}

/** Seconds of what is played for each second of the page. */
export function playbackRate(element: Element): number {
  return Math.min(5, Math.max(0.1, positive(element.getAttribute("data-playback-rate")) ?? 1));
}

export function finite(text: string | null): number | null {
  const value: number = text === null || text.trim() === "" ? NaN : Number(text);
  return Number.isFinite(value) ? value : null;
}

export function positive(text: string | null): number | null {
  const value: number | null = finite(text);
  return value !== null && value > 0 ? value : null;
}
