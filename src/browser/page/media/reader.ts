import type { MediaFacts } from "../../../core/media.ts";

/** Reads files of media inside the page, where the page's own addresses and rights hold. In the top window, once it was asked for. */
export interface MediaReader {
  /** What a file is. Rejects with why it cannot be read: what its server answered, or what is wrong with its bytes. */
  read(url: string): Promise<MediaFacts>;
  /** The name under which a file goes in messages, and its facts. */
  sourceOf(url: string): Promise<string>;
  /** At least one of the bytes `[start, end)` of it, from `start` on, as base64; none at its end. */
  bytes(source: string, start: number, end: number): Promise<string>;
}

/** Where the top window keeps it. */
export const READER_KEY = "__framewrightReadMedia";
/** Where the top window keeps an `OpenFeed` for each injector that it was given. */
export const FEEDS_KEY = "__framewrightFeeds";
