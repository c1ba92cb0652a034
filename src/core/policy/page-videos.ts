import type { PageFacts } from "../capture.ts";
import type { MediaFacts, PageMedia, VideoFacts } from "../media.ts";

/** A video of the page that somebody has to feed: one source, however many elements show it. */
export interface PageVideo {
  readonly source: string;
  readonly facts: MediaFacts;
  readonly video: VideoFacts;
  readonly isUsed: boolean;
}

/** The videos of a page whose pictures can be read, each source once, in the order of the page. */
export function videosOf({ media }: Pick<PageFacts, "media">): PageVideo[] {
  const videos = new Map<string, PageVideo>();
  for (const { kind, source, facts, isUsed } of media) {
    if (kind !== "video" || !facts?.video) continue;
    const known: boolean = videos.get(source)?.isUsed ?? false;
    videos.set(source, { source, facts, video: facts.video, isUsed: isUsed || known });
  }
  return [...videos.values()];
}

/** Whether the page would read it from the server that the page itself came from. */
export function isFromPageServer({ source }: Pick<PageMedia, "source">, page: Pick<PageFacts, "url">): boolean {
  if (!/^https?:/i.test(source) || !URL.canParse(source) || !URL.canParse(page.url)) return false;
  return new URL(source).origin === new URL(page.url).origin;
}
