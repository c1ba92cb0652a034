import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { isRenderError, type RenderErrorCode } from "../../src/core/errors.ts";
import type { RenderJob } from "../../src/core/job.ts";
import { renderWith } from "../../src/core/render.ts";
import { builtInParts } from "../../src/node/render.ts";
import { descendants, kindsOf } from "../support/processes.ts";
import { scratch, type Scratch } from "../support/render.ts";
import { decodeFrames, runFfmpeg } from "../support/video-frames.ts";
import { FILM, FRAMES, honestPage, lyingPage, SIZE, type LyingPage } from "./lying-pages.ts";
import { sharedBrowsers, type SharedBrowsers } from "./shared-browsers.ts";

export interface LiarsReport {
  readonly pages: number;
  /** Videos that were published, and show what the page shows. */
  readonly successes: number;
  readonly refusals: Readonly<Partial<Record<RenderErrorCode, number>>>;
  /** What must not be: each with the seed of its page. */
  readonly faults: readonly string[];
}

export interface LiarsOptions {
  readonly seed: number;
  readonly pages: number;
  /** Called after each page. */
  onPage?(page: LyingPage, outcome: string, ms: number): void;
}

/** Everything that a render waits for has a limit of its own; longer than all of them together, it hangs. In milliseconds. */
const HANG_MS = 90_000;
const limits: Partial<RenderJob> = {
  readinessTimeoutMs: 3_000,
  captureTimeoutMs: 3_000,
  streaming: { inactivityTimeoutMs: 5_000 },
};
/** Bytes by which the means of two equal pictures may differ, after encoding. */
const MOST_DIFFERENCE = 20;

/** Renders pages that lie, and checks what comes of each. */
export async function renderLiars({ seed, pages, onPage }: LiarsOptions): Promise<LiarsReport> {
  const faults: string[] = [];
  const refusals: Partial<Record<RenderErrorCode, number>> = {};
  let successes = 0;
  await using place = await scratch();
  await makeFilm(place.path(FILM));
  await using browsers = sharedBrowsers();
  const renderer = new Renderer(place, browsers);
  const honest = new Map<string, readonly Uint8Array[]>();
  for (let at = 0; at < pages; at++) {
    const page: LyingPage = lyingPage((seed + at) | 0);
    const startMs: number = performance.now();
    const outcome: Outcome = await renderer.render(page.html, page);
    const wrong: string[] = [...outcome.faults];
    if (outcome.code !== null) refusals[outcome.code] = (refusals[outcome.code] ?? 0) + 1;
    if (outcome.frames !== null) {
      successes++;
      const key: string = `${page.capture === "canvas"} ${page.html.includes("<video")}`;
      if (!honest.has(key))
        honest.set(key, await renderer.trusted(honestPage({ isCanvas: page.capture === "canvas", hasFilm: key.endsWith("true") })));
      // A page may show something else than it would without the attack: then a screenshot of it shows the same.
      const difference: string | null = differenceOf(outcome.frames, honest.get(key)!);
      const ofItself: string | null = difference && differenceOf(outcome.frames, await renderer.trusted(page.html));
      if (ofItself !== null) wrong.push(`it was published, and ${ofItself}`);
    }
    for (const what of wrong) faults.push(`seed ${page.seed}: ${page.what}\n  ${what}`);
    onPage?.(page, wrong.length > 0 ? `FAULT ${wrong.join("; ")}` : (outcome.code ?? "success"), Math.round(performance.now() - startMs));
  }
  return { pages, successes, refusals, faults };
}

interface Outcome {
  readonly code: RenderErrorCode | null;
  /** Of the published file, as RGB; null where there is none. */
  readonly frames: readonly Uint8Array[] | null;
  readonly faults: readonly string[];
}

class Renderer {
  readonly #place: Scratch;
  readonly #browsers: SharedBrowsers;

  constructor(place: Scratch, browsers: SharedBrowsers) {
    this.#place = place;
    this.#browsers = browsers;
  }

  async render(html: string, { capture, encoder }: Pick<LyingPage, "capture" | "encoder">): Promise<Outcome> {
    const page: string = await this.#place.page(html);
    const output: string = this.#place.path("video.mp4");
    const job: RenderJob = { page, output, ...SIZE, frameRate: 30, capture, encoder, ...limits };
    const before: readonly string[] = await this.#traces();
    const faults: string[] = [];
    let code: RenderErrorCode | null = null;
    let frames: readonly Uint8Array[] | null = null;
    try {
      await inTime(renderWith(job, builtInParts(), this.#browsers.host));
      frames = await decodeFrames(output, SIZE, "rgb24");
    } catch (thrown) {
      if (isRenderError(thrown)) code = thrown.code;
      else faults.push(`it failed with ${thrown instanceof Error ? thrown.stack : String(thrown)}`);
      if (existsSync(output)) faults.push("it failed, and left a file at the target");
    }
    await this.#browsers.recycle(code !== null);
    await rm(output, { force: true });
    const left: readonly string[] = (await this.#traces()).filter((name) => !before.includes(name));
    if (left.length > 0) faults.push(`it left ${left.join(", ")}`);
    if (kindsOf(descendants()).includes("ffmpeg")) faults.push("it left an ffmpeg");
    return { code, frames, faults };
  }

  /** What screenshots of a page show, frame by frame; none where it cannot be rendered. */
  async trusted(html: string): Promise<readonly Uint8Array[]> {
    return (await this.render(html, { capture: "screenshot", encoder: "ffmpeg-pipe" })).frames ?? [];
  }

  async #traces(): Promise<string[]> {
    const names: readonly string[] = [...(await readdir(tmpdir())), ...(await this.#place.list())];
    // Profiles are those of the browsers that are shared.
    return names.filter((name) => !/profile|^page\.html$/.test(name));
  }
}

async function inTime<Value>(work: Promise<Value>): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late: Promise<never> = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it has not ended after ${HANG_MS} ms`)), HANG_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** In what the frames differ; null where they are alike. */
function differenceOf(frames: readonly Uint8Array[], expected: readonly Uint8Array[]): string | null {
  if (frames.length !== FRAMES) return `it has ${frames.length} frames`;
  if (expected.length !== FRAMES) return "screenshots of the page fail";
  for (const [index, frame] of frames.entries()) {
    const difference: number = meanDifference(frame, expected[index]!);
    if (difference > MOST_DIFFERENCE) return `frame ${index} differs by ${Math.round(difference)} of 255 on average`;
  }
  return null;
}

function meanDifference(one: Uint8Array, other: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < one.length; at++) sum += Math.abs(one[at]! - other[at]!);
  return sum / one.length;
}

/** A second of pictures and a tone. */
async function makeFilm(path: string): Promise<void> {
  await runFfmpeg([
    ...["-f", "lavfi", "-i", "color=c=gray:s=64x36:r=30:d=1", "-f", "lavfi", "-i", "sine=frequency=440:duration=1"],
    ...["-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", "-shortest", path],
  ]);
}
