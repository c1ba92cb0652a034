import type { ClipTimes } from "./clip-times.ts";

/** A timeline with an endless part claims to be this long, or longer, in seconds. */
const ENDLESS_SECONDS = 7200;

/**
 * How long a composition is, in seconds: what it says itself; else the longest of its timeline, its compositions and its media;
 * else the end of its last clip.
 */
export function lengthOfComposition(root: HTMLElement, times: ClipTimes): number | null {
  if (root.hasAttribute("data-duration") || root.hasAttribute("data-end")) {
    const said: number | null = times.durationOf(root);
    if (said !== null) return said;
  }
  const timeline: number = times.durationOf(root) ?? 0;
  const parts: number = lastEnd(root.querySelectorAll("[data-composition-id][data-start], video[data-start], audio[data-start]"), times);
  const longest: number = Math.max(timeline >= ENDLESS_SECONDS && parts > 0 ? 0 : timeline, parts);
  return longest || lastEnd(root.querySelectorAll("[data-start]"), times) || null;
}

function lastEnd(elements: Iterable<Element>, times: ClipTimes): number {
  return Math.max(0, ...[...elements].map((element) => times.endOf(element)).filter(Number.isFinite));
}
