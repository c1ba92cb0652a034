/**
 * Frames that stay in the page: captures put them here, encoders that run in the page take them out by number. The one
 * thing that the two share, under a name on the window.
 */

const KEY = "__framewrightFrames";

export function pageFrames(): Map<number, VideoFrame> {
  const holder = globalThis as unknown as Record<string, Map<number, VideoFrame> | undefined>;
  return (holder[KEY] ??= new Map());
}
