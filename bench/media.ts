import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../src/core/errors.ts";
import type { FrameCacheStatistics } from "../src/core/frame-cache.ts";
import type { RenderJob } from "../src/core/job.ts";
import type { Plan } from "../src/core/policy/plan.ts";
import type { FrameInjector } from "../src/core/injector.ts";
import { openVideoPictures } from "../src/ffmpeg/video-pictures.ts";
import { base64 } from "../src/injectors/base64.ts";
import type { OpenVideoPictures } from "../src/injectors/host-pictures.ts";
import { url } from "../src/injectors/url.ts";
import { webcodecs } from "../src/injectors/webcodecs.ts";
import { openPictureServer } from "../src/node/picture-server.ts";
import { makeWall, type Wall, type WallScene } from "./media-files.ts";
import { measuredRender, type MeasuredRender } from "./measured-render.ts";
import { timedInjector, watchedServer, type PictureWaits, type TimedInjector, type WatchedServer } from "./picture-waits.ts";

/** A wall of videos rendered with one injector, or with the policy's choice. */
export interface MediaRow {
  /** "policy" leaves the choice to the policy. */
  readonly asked: string;
  /** Who fed the videos; the reason where the render did not end. */
  readonly fed: string;
  readonly framesPerSecond: number | null;
  readonly seconds: number | null;
  readonly cpuSeconds: number | null;
  readonly peakMemoryBytes: number | null;
  readonly cache: FrameCacheStatistics | null;
  readonly waits: PictureWaits;
  /** The longest wait at the server of pictures itself, in milliseconds; null where none was opened. */
  readonly serverMs: number | null;
}

export interface MediaReport {
  readonly scene: WallScene;
  readonly rows: readonly MediaRow[];
  /** Frames a second with the policy's choice over those with the best; null where one of them did not end. */
  readonly policyOverBest: number | null;
  readonly isWithinTenPercent: boolean;
}

/** What one budget for pictures came to. */
export interface BudgetRow {
  readonly asked: string;
  readonly fed: string;
  readonly budgetBytes: number;
  readonly framesPerSecond: number | null;
  readonly peakMemoryBytes: number | null;
  readonly cache: FrameCacheStatistics | null;
  readonly isWithin: boolean;
}

/** Thirty videos on one page: seconds in the short form, and in the heavy one what failed elsewhere, 32 MB each and 90 s. */
const wall: WallScene = { videos: 30, columns: 6, size: { width: 480, height: 270 }, seconds: 10, fileBytes: null };
const heavyWall: WallScene = { videos: 30, columns: 6, size: { width: 1280, height: 720 }, seconds: 90, fileBytes: 32e6 };
/** Nine videos of 1080p, whose pictures would fill any memory. */
const nine: WallScene = { videos: 9, columns: 3, size: { width: 1920, height: 1080 }, seconds: 60, fileBytes: null };
const BUDGETS: readonly number[] = [512e6, 256e6];
/** The browser itself seeks each video for each frame: it may take this many times as long as the slowest injector. */
const NATIVE_PATIENCE = 3;

export interface MediaOptions {
  readonly heavy: boolean;
  /** Seconds in place of the scene's own. */
  readonly seconds: number | null;
}

/** Renders the wall with each injector, with the policy's choice, and with the browser's own player as long as that is bearable. */
export async function benchMedia({ heavy, seconds }: MediaOptions, onRow: (row: MediaRow) => void): Promise<MediaReport> {
  const full: WallScene = heavy ? heavyWall : wall;
  const scene: WallScene = { ...full, seconds: seconds ?? full.seconds };
  await using made = await makeWall(scene);
  const rows: MediaRow[] = [];
  const add = (row: MediaRow): void => {
    rows.push(row);
    onRow(row);
  };
  for (const name of ["webcodecs", "base64", "url"]) add(await renderWall(made, name, null));
  add(await renderWall(made, "policy", null));
  const slowest: number = Math.max(...rows.map((row) => row.seconds ?? 0));
  add(await renderWall(made, "native", slowest * NATIVE_PATIENCE));
  return { scene, rows, ...judged(rows) };
}

/** Nine videos within budgets, with the policy's choice and with pictures from the host. */
export async function benchMediaMemory(seconds: number | null, onRow: (row: BudgetRow) => void): Promise<BudgetRow[]> {
  await using made = await makeWall({ ...nine, seconds: seconds ?? nine.seconds });
  const rows: BudgetRow[] = [];
  for (const budgetBytes of BUDGETS) {
    for (const asked of ["policy", "base64"]) {
      const { fed, framesPerSecond, peakMemoryBytes, cache } = await renderWall(made, asked, null, budgetBytes);
      const isWithin: boolean = cache !== null && cache.peakBytes <= budgetBytes;
      rows.push({ asked, fed, budgetBytes, framesPerSecond, peakMemoryBytes, cache, isWithin });
      onRow(rows.at(-1)!);
    }
  }
  return rows;
}

/** @param limitSeconds Ends the render; null for none */
async function renderWall({ page, folder }: Wall, asked: string, limitSeconds: number | null, cacheBytes?: number): Promise<MediaRow> {
  const server: WatchedServer = watchedServer(openPictureServer);
  const store: string = await mkdtemp(join(folder, "pictures-"));
  const timed: readonly TimedInjector[] = coldInjectors(store, server).map(timedInjector);
  const job: RenderJob = {
    ...{ page, output: join(folder, "out", `${asked}.mp4`), quality: "draft" },
    media: { ...(asked === "policy" ? {} : { injector: asked }), ...(cacheBytes === undefined ? {} : { cacheBytes }) },
  };
  const signal: AbortSignal | undefined = limitSeconds === null ? undefined : AbortSignal.timeout(limitSeconds * 1000);
  try {
    const measured = await measuredRender(job, null, { injectors: timed.map(({ injector }) => injector) }, signal);
    return { ...rowOf(asked, measured), waits: waitsOf(measured.result.plan, timed), serverMs: server.longestMs() };
  } catch (thrown) {
    const why: string = signal?.aborted === true ? `did not end in ${Math.round(limitSeconds!)} s` : messageOf(thrown);
    const nothing = { framesPerSecond: null, seconds: null, cpuSeconds: null, peakMemoryBytes: null, cache: null };
    return { asked, fed: why, ...nothing, waits: noWaits, serverMs: server.longestMs() };
  } finally {
    await rm(store, { recursive: true, force: true });
  }
}

/** The built-in ones, which know no picture of an earlier render. */
function coldInjectors(store: string, server: WatchedServer): FrameInjector[] {
  const openPictures: OpenVideoPictures = (path, options) => openVideoPictures(path, { ...options, cache: { folder: store } });
  return [webcodecs(), base64({ openPictures }), url({ openPictures, openServer: () => server.openServer() })];
}

const noWaits: PictureWaits = { pictures: 0, soughtMs: null, medianMs: null, longestMs: null };

function rowOf(asked: string, measured: MeasuredRender): Omit<MediaRow, "waits" | "serverMs"> {
  const { result, framesPerSecond, seconds, cpuSeconds, peakMemoryBytes } = measured;
  return { asked, fed: feedersOf(result.plan).join(", "), framesPerSecond, seconds, cpuSeconds, peakMemoryBytes, cache: result.cache };
}

function feedersOf({ videos }: Plan): string[] {
  const feeders: readonly string[] = videos.map(({ injector }) => injector ?? "native");
  // The browser is not asked which videos it plays by itself.
  return feeders.length === 0 ? ["native"] : [...new Set(feeders)];
}

/** Of the one that fed most: the policy's own choice may be a mixture. */
function waitsOf(plan: Plan, timed: readonly TimedInjector[]): PictureWaits {
  const all = timed.filter(({ injector }) => feedersOf(plan).includes(injector.name)).map(({ waits }) => waits());
  return all.toSorted((one, other) => other.pictures - one.pictures)[0] ?? noWaits;
}

function judged(rows: readonly MediaRow[]): Pick<MediaReport, "policyOverBest" | "isWithinTenPercent"> {
  const chosen: MediaRow = rows.find(({ asked }) => asked === "policy")!;
  const speeds: readonly number[] = rows.flatMap(({ framesPerSecond }) => framesPerSecond ?? []);
  if (chosen.framesPerSecond === null) return { policyOverBest: null, isWithinTenPercent: false };
  // Its own run: one of the same injector that was asked for by name says nothing of the policy.
  const policyOverBest: number = Math.round((chosen.framesPerSecond / Math.max(...speeds)) * 100) / 100;
  return { policyOverBest, isWithinTenPercent: policyOverBest >= 0.9 };
}

/** Columns of the table, and what stands in them. */
export const mediaColumns: readonly string[] = [
  ...["asked", "frames/s", "seconds", "CPU s", "memory MB", "pictures MB", "hits", "misses", "evictions", "rejections"],
  ...["asked of host", "sought ms", "median ms", "longest ms", "server ms", "fed by"],
];

export function mediaCells(row: MediaRow): (string | number)[] {
  const { asked, fed, framesPerSecond, seconds, cpuSeconds, peakMemoryBytes, cache, waits, serverMs } = row;
  const { pictures, soughtMs, medianMs, longestMs } = waits;
  return dashed([
    ...[asked, framesPerSecond, seconds, cpuSeconds, inMegabytes(peakMemoryBytes), ...cacheCells(cache)],
    ...[pictures, soughtMs, medianMs, longestMs, serverMs, fed],
  ]);
}

export const budgetColumns: readonly string[] = [
  ...["asked", "budget MB", "frames/s", "memory MB", "pictures MB", "hits", "misses", "evictions", "rejections", "within", "fed by"],
];

export function budgetCells(row: BudgetRow): (string | number)[] {
  const { asked, fed, budgetBytes, framesPerSecond, peakMemoryBytes, cache, isWithin } = row;
  const figures = [inMegabytes(budgetBytes), framesPerSecond, inMegabytes(peakMemoryBytes), ...cacheCells(cache)];
  return dashed([asked, ...figures, isWithin ? "yes" : "no", fed]);
}

function cacheCells(cache: FrameCacheStatistics | null): (number | null)[] {
  if (cache === null) return [null, null, null, null, null];
  return [inMegabytes(cache.peakBytes), cache.hits, cache.misses, cache.evictions, cache.rejections];
}

function inMegabytes(bytes: number | null): number | null {
  return bytes === null ? null : Math.round(bytes / 1e6);
}

function dashed(cells: readonly (string | number | null)[]): (string | number)[] {
  return cells.map((cell) => cell ?? "-");
}
