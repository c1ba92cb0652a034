import { join } from "node:path";
import type { Browser } from "../core/browser.ts";
import type { Capture, CaptureSession } from "../core/capture.ts";
import type { FrameFormat, Size } from "../core/frame.ts";
import type { PageAddress, RenderHost } from "../core/host.ts";
import type { FrameInjector } from "../core/injector.ts";
import type { MediaFacts, PageMedia } from "../core/media.ts";
import type { MediaHost } from "../core/media-link.ts";
import type { Support } from "../core/support.ts";
import { PageFeeding, type KeptOfPage } from "./fed-page.ts";
import { writeFilmPage } from "./film-page.ts";
import { FrameReader, openCapture, type PagePlace } from "./page-frames.ts";
import { countUse, startedMemoryBytes, whenIdle, type Used } from "./usage-meter.ts";

/** Where the pages of films are opened. */
export interface FilmStage {
  readonly host: Pick<RenderHost, "openPage"> & { readonly media: MediaHost };
  readonly capture: Capture;
  readonly frameFormat: FrameFormat;
  readonly size: Size;
  /** An empty folder. */
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Processes that ran before the browser did. */
  readonly others: ReadonlySet<number>;
}

/** What frames took, from the first on. */
export interface PageRun extends Used {
  /** Of the browser, at the last frame; null where the system does not tell. */
  readonly memoryBytes: number | null;
}

/** The same of a page with films. */
export interface FedRun extends PageRun {
  readonly facts: MediaFacts;
  readonly kept: KeptOfPage;
}

export type Refusal = Extract<Support, { readonly ok: false }>;

/** Captures the page without films. @throws RenderError what the capture throws */
export async function runBare(frames: number, browser: Browser, stage: FilmStage): Promise<PageRun> {
  await using address: PageAddress = await openFilmPage([], stage);
  await using session: CaptureSession = await openCapture(stage.capture, stage.frameFormat, placeOf(address, browser, stage));
  return await countFrames(session, frames, stage);
}

/**
 * Captures the page while an injector feeds its films.
 *
 * @param films Paths of files of so many frames; one that comes twice is played twice
 * @throws RenderError what the capture throws; what the injector throws
 */
export async function runFed(
  injector: FrameInjector,
  films: readonly string[],
  frames: number,
  browser: Browser,
  stage: FilmStage,
): Promise<FedRun | Refusal> {
  const { host, capture, frameFormat, signal } = stage;
  await using address: PageAddress = await openFilmPage(films, stage);
  await using files = await host.media.openFiles(address, { signal, mediaBytes: Infinity });
  await using feeding = new PageFeeding(injector, host.media, files, signal);
  const place: PagePlace = placeOf(address, browser, stage);
  await using session: CaptureSession = await openCapture(capture, frameFormat, place, (page) => feeding.attach(page, browser));
  const video: PageMedia | undefined = session.facts.media[0];
  if (!video?.facts?.video) return { ok: false, reasons: [video?.fault ?? "the page reads no pictures of the film"] };
  const support: Support = await injector.probe(video.facts, { signal });
  if (!support.ok) return support;
  try {
    const run: PageRun = await countFrames(session, frames, stage);
    return { ...run, facts: video.facts, kept: await feeding.kept() };
  } catch (thrown) {
    throw feeding.fault ?? thrown;
  }
}

let pages = 0;

async function openFilmPage(films: readonly string[], { host, size, folder }: FilmStage): Promise<PageAddress> {
  return host.openPage(await writeFilmPage(films, size, join(folder, `page-${pages++}`)), "all");
}

function placeOf({ url }: PageAddress, browser: Browser, { size, signal }: FilmStage): PagePlace {
  return { browser, url, size, signal };
}

async function countFrames(session: CaptureSession, frames: number, { signal, others }: FilmStage): Promise<PageRun> {
  await using reader = new FrameReader(session, signal);
  // Opening the page goes on costing for a while.
  await whenIdle();
  const enough = await countUse();
  for (let index = 0; index < frames; index++) (await reader.next()).close();
  return { ...(await enough()), memoryBytes: await startedMemoryBytes(others) };
}
