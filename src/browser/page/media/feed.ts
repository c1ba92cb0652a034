import type { MediaFacts } from "../../../core/media.ts";

/** The pictures of one video, as an injector gives them to a page. It runs inside the page. */
export interface PictureFeed {
  /**
   * The picture that the video shows at a time of its own, in seconds from its beginning: that of the last frame that begins by
   * then, and past the end the last one. Upright. The caller closes it. Its `timestamp` is when the picture begins in the file, in
   * microseconds: where two are equal, so are the pictures.
   */
  picture(seconds: number): Promise<VideoFrame>;
  /** Times that will probably be asked for next, in order. */
  ahead(seconds: readonly number[]): void;
  close(): void;
}

/** Opens the pictures of a video: what `InjectorSession.pageScript` gives. */
export type OpenFeed = (video: FedVideo, host: FeedHost) => PictureFeed | Promise<PictureFeed>;

export interface FedVideo {
  readonly facts: MediaFacts;
  /** Where the page reaches the bytes; `blob:` and `data:` too. */
  readonly url: string;
}

/** What a feed has of the world around it. */
export interface FeedHost {
  /** Asks the injector's session on the host: JSON both ways. Rejects with its words. */
  ask<Answer>(question: unknown): Promise<Answer>;
  /** Bytes of pictures that this page may keep, over all feeds: to be entered and left there. */
  readonly memory: PictureMemory;
}

/** Counts the bytes of pictures that a page keeps, over all feeds. */
export interface PictureMemory {
  /** Takes so many bytes, where they are left; says whether they were. */
  take(bytes: number): boolean;
  give(bytes: number): void;
  count(event: "hit" | "miss" | "eviction" | "rejection"): void;
}
