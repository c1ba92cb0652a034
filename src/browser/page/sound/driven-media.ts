import type { MediaFacts } from "../../../core/media.ts";
import type { Stretch } from "../media/stretches.ts";

/** The media of a page, as whoever drives them knows them. */
export interface DrivenMedia {
  readonly stretches: readonly Stretch[];
  /** Null where nobody knows, or it cannot be read. */
  factsOf(element: HTMLMediaElement): MediaFacts | null;
  /** Where the page reaches the bytes of an element; empty where it has no source. */
  urlOf(element: HTMLMediaElement): string;
  /** All elements that it knows, whether they play or not. */
  readonly elements: readonly HTMLMediaElement[];
}
