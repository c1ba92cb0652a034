/**
 * Frames that stay in the page, for an encoder there. They are kept in a world of their own beside the shell: the composition,
 * which shares the shell's JavaScript, can reach neither the frames nor the encoder, so that what is encoded was painted, and
 * what comes out was encoded by the browser.
 */

const KEY = "__framewrightFrames";

/** By number. In the isolated world alone. */
export function keptFrames(): Map<number, VideoFrame> {
  const holder = globalThis as unknown as Record<string, Map<number, VideoFrame> | undefined>;
  return (holder[KEY] ??= new Map());
}

/** The events by which the shell hands over what a canvas shows, and learns what became of it: the worlds share the DOM alone. */
export const TAKE_EVENT = "framewright-take";
export const TAKEN_EVENT = "framewright-taken";

/** In `detail` of the first, as JSON: other values do not pass from one world to another. */
export interface FrameToTake {
  readonly index: number;
  readonly timestampUs: number;
  /** The first of a run is never taken for a repetition. */
  readonly isFirst: boolean;
}

/** In `detail` of the second. */
export interface TakenFrame {
  readonly index: number;
  readonly result: "kept" | "repeats" | { readonly fault: string };
}
