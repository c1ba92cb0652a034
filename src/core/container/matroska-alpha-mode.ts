import { elementIds, elementsAt } from "./matroska-elements.ts";

/** From the file's segment down to the flag that says that its blocks carry alpha. */
const path: readonly number[] = [elementIds.segment, elementIds.tracks, elementIds.trackEntry, elementIds.video, elementIds.alphaMode];

/**
 * Finds the flag that says that blocks carry alpha.
 *
 * @param segment The beginning of a segment, with its tracks
 * @returns Where its value, one byte, lies in these bytes; null where there is no flag
 */
export function alphaModeAt(segment: Uint8Array): number | null {
  for (const { start } of elementsAt(segment, path)) return start;
  return null;
}
