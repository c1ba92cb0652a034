import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { aborted, isRenderError, mediaUnreadable, messageOf } from "../core/errors.ts";
import { lateBySeconds } from "../core/late-pictures.ts";
import { ffmpegBuild, type FfmpegBuild } from "./build.ts";
import { fileIdentity } from "./file-identity.ts";
import { findFfmpeg } from "./find.ts";
import type { PictureStore, StoredBytes } from "./picture-store.ts";
import { pictureAt, readVideoIndex, type VideoIndex } from "./video-index.ts";

/** A video file of which is known when its pictures are shown, and who decodes them. */
export interface VideoSource {
  readonly path: string;
  /** Its name in messages. */
  readonly name: string;
  readonly build: FfmpegBuild;
  readonly index: VideoIndex;
  /** Names its content and the build: the beginning of all names in a store. */
  readonly key: string;
}

export interface VideoSourceOptions {
  /** Name in messages; the path where it is not given. */
  readonly source?: string;
  /** Path of ffmpeg; found where it is not given. */
  readonly executablePath?: string;
}

/** Another shape of what is kept, or other arguments for ffmpeg, is another number. */
const VERSION = 4;

/** @throws RenderError `media-unreadable`, `ffmpeg-missing`, `aborted` */
export async function openVideoSource(
  path: string,
  { source: name = path, executablePath }: VideoSourceOptions,
  store: PictureStore,
  signal: AbortSignal,
): Promise<VideoSource> {
  const build: FfmpegBuild = await ffmpegBuild(await findFfmpeg(executablePath));
  try {
    const facts = await stat(path);
    if (facts.isFile() && facts.size === 0) throw mediaUnreadable(name, "it holds 0 bytes");
    const key: string = digestOf([VERSION, build.version, await fileIdentity(path)]);
    const known: VideoIndex | null = await indexIn(store, key);
    const index: VideoIndex = known ?? (await readVideoIndex(path, name, build, signal));
    if (known === null) await keepIndex(store, key, index);
    return { path, name, build, index, key };
  } catch (thrown) {
    if (signal.aborted) throw aborted(signal.reason);
    throw isRenderError(thrown) ? thrown : mediaUnreadable(name, messageOf(thrown), thrown);
  }
}

/** A picture may be written so many microseconds later than it is. */
export function lateByUs({ stream }: Pick<VideoIndex, "stream">): number {
  return Math.round(lateBySeconds(stream) * 1_000_000);
}

/**
 * The number of the picture that is shown at a time, in seconds from the beginning of the file.
 *
 * @throws RenderError `media-unreadable` where the file breaks off before
 */
export function pictureNumberAt({ index, name }: Pick<VideoSource, "index" | "name">, seconds: number): number {
  const us: number = Math.round(seconds * 1_000_000) + index.beginningUs + lateByUs(index);
  if (index.cutOff === null || us < index.endUs + lateByUs(index)) return pictureAt(index, us);
  const readable: string = secondsIn(index, index.endUs).toFixed(3);
  throw mediaUnreadable(name, `it is cut off, and can be played up to ${readable} s; ffmpeg says: ${index.cutOff}`);
}

/** Seconds from the beginning of the file. */
export function secondsIn({ beginningUs }: Pick<VideoIndex, "beginningUs">, us: number): number {
  return (us - beginningUs) / 1_000_000;
}

/** A short name for values. */
export function digestOf(values: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(values)).digest("hex").slice(0, 32);
}

async function indexIn(store: PictureStore, key: string): Promise<VideoIndex | null> {
  const stored: StoredBytes | null = await store.open(`${key}-index`);
  if (stored === null) return null;
  try {
    return JSON.parse(new TextDecoder().decode(await stored.read(0, stored.byteLength))) as VideoIndex;
  } finally {
    await stored.close();
  }
}

async function keepIndex(store: PictureStore, key: string, index: VideoIndex): Promise<void> {
  const stored: StoredBytes | null = await store.keep(`${key}-index`, [new TextEncoder().encode(JSON.stringify(index))]);
  await stored?.close();
}
