/** Evaluated in the top window when the host is asked for the reader: what reads media, and what feeds it to videos. */
import { toBase64 } from "../../../core/base64.ts";
import type { MediaFacts } from "../../../core/media.ts";
import type { ClipToMix } from "../../messages.ts";
import { PageMix } from "../mix/page-mix.ts";
import type { OpenFeed } from "./feed.ts";
import { mediaFacts } from "./media-facts.ts";
import { availableBytes, once, openedFile, sourceNameOf } from "./opened-files.ts";
import { READER_KEY, type MediaReader } from "./reader.ts";
import { openWebcodecsFeed } from "./webcodecs-feed.ts";

/** Reader and feed share what they have read, so they come in one script. */
export interface PageMediaReader extends MediaReader {
  readonly openFeed: OpenFeed;
  /** The sum of the sound of files. */
  mix(clips: readonly ClipToMix[]): PageMix;
}

const facts = new Map<string, Promise<MediaFacts>>();

const reader: PageMediaReader = {
  async read(url) {
    const source: string = sourceNameOf(url);
    return once(facts, source, async () => mediaFacts(source, await openedFile(url)));
  },
  sourceOf: async (url) => sourceNameOf(url),
  bytes: async (source, start, end) => toBase64(await availableBytes(source, start, end)),
  openFeed: openWebcodecsFeed,
  mix: (clips) => new PageMix(clips),
};

const view = globalThis as unknown as Record<string, PageMediaReader | undefined>;
// What was read stays read when the script comes a second time.
view[READER_KEY] ??= reader;
