/**
 * `framewright/page`: types for what runs inside pages. A page that is written in TypeScript says
 * `window.framewright = { ... } satisfies PageContract`.
 *
 * @packageDocumentation
 */
export type { Adapter, AdapterPage, AdapterTime } from "./adapters/adapter.ts";
export type { PageContract } from "./page-contract.ts";
export type { FedVideo, FeedHost, OpenFeed, PictureFeed, PictureMemory } from "./media/feed.ts";
