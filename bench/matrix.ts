import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ringFile } from "../src/browser/transport/ring-file.ts";
import { webSocket } from "../src/browser/transport/websocket.ts";
import { beginFrame } from "../src/capture/begin-frame.ts";
import { htmlInCanvas } from "../src/capture/html-in-canvas.ts";
import { screenshot } from "../src/capture/screenshot.ts";
import { messageOf } from "../src/core/errors.ts";
import type { FrameFormat, Size } from "../src/core/frame.ts";
import type { RenderParts } from "../src/core/host.ts";
import type { RenderJob } from "../src/core/job.ts";
import type { MeasuredCosts } from "../src/core/policy/costs.ts";
import { defaultPolicy } from "../src/core/policy/default-policy.ts";
import { ffmpegPipe } from "../src/encoders/ffmpeg-pipe.ts";
import type { BuiltIn } from "./gate-rules.ts";
import { builtInParts } from "../src/node/render.ts";
import { measuredRender, type MeasuredRender } from "./measured-render.ts";
import type { BenchContent, FailedRow, MatrixRow } from "./matrix-row.ts";
import { canvas2d, canvasWebGl, cards, slides, text, type BenchPage } from "./pages.ts";
import { ssimOf } from "./ssim.ts";

/** What is rendered for a content. */
interface Scene {
  readonly page: BenchPage;
  readonly size: Size;
  /** Enough for two seconds of work and more, where the machine is slow. */
  readonly frames: number;
  readonly ways: readonly Way[];
}

/** One way through the parts. */
export interface Way {
  readonly name: string;
  readonly job: Pick<RenderJob, "capture" | "encoder" | "workers" | "streaming">;
  /** Parts in place of the built-in ones. */
  readonly parts?: Partial<RenderParts>;
  readonly container?: "png-sequence";
}

/** What the policy chooses by itself, and no more said. */
const chosen: Way = { name: "default", job: {} };
const painted: Way = { name: "html-in-canvas", job: { capture: "html-in-canvas", workers: 1 } };
const begun: Way = { name: "begin-frame", job: { capture: "begin-frame", workers: 1 } };
const shot: Way = { name: "screenshot", job: { capture: "screenshot", workers: 1 } };
const one: Way = { name: "one worker", job: { workers: 1 } };
const two: Way = { name: "two workers", job: { workers: 2 } };
const disk: Way = { name: "ffmpeg-disk", job: { encoder: "ffmpeg-disk" } };
const inPage: Way = { name: "webcodecs", job: { encoder: "webcodecs" } };
const rgba: Way = { name: "RGBA", job: { workers: 1 }, parts: forced("RGBA") };
const bySocket: Way = {
  name: "websocket",
  job: { workers: 1 },
  parts: { captures: [htmlInCanvas({ transports: [webSocket()] })] },
};
const begunJpeg: Way = { name: "begin-frame JPEG", job: { workers: 1 }, parts: { captures: [beginFrame({ format: "JPEG" })] } };
const shotJpeg: Way = { name: "screenshot JPEG", job: { workers: 1 }, parts: { captures: [screenshot({ format: "JPEG" })] } };
const pictures: Way = { name: "png-sequence", job: {}, container: "png-sequence" };

const hd: Size = { width: 1920, height: 1080 };

/** Not the full product: what a user could choose instead of the default, on each content where it could be better. */
const scenes: Readonly<Record<BenchContent, Scene>> = {
  motion: {
    page: cards,
    size: hd,
    frames: 48,
    ways: [chosen, one, two, rgba, bySocket, disk, inPage, begun, shot, begunJpeg, shotJpeg, pictures],
  },
  text: { page: text, size: hd, frames: 60, ways: [chosen, one, two, rgba, begun, shot] },
  canvas: { page: canvas2d, size: hd, frames: 60, ways: [chosen, one, two, rgba, painted, begun, shot] },
  webgl: { page: canvasWebGl, size: hd, frames: 40, ways: [chosen, one, two, rgba, painted, begun, shot] },
  static: { page: slides, size: hd, frames: 180, ways: [chosen, one, two, disk, begun, shot] },
  "4k": { page: cards, size: { width: 3840, height: 2160 }, frames: 16, ways: [chosen, one, two, shot] },
};

/** The built-in parts that must have rows. */
export function partsToMeasure(): BuiltIn {
  const { captures, encoders, injectors } = builtInParts();
  return { captures, encoders, injectors, transports: [ringFile().name, webSocket().name] };
}

export interface MatrixOptions {
  /** What the policy goes by. */
  readonly costs: MeasuredCosts;
  readonly rounds: number;
  /** All unless said. */
  readonly contents?: readonly BenchContent[];
  /** All unless said; "default" is one. */
  readonly ways?: readonly string[];
  /** Multiplies the frames of each scene; 1 unless said. */
  readonly length?: number;
  onRow(row: MatrixRow): void;
  onFailed(row: FailedRow): void;
}

export interface Matrix {
  readonly rows: readonly MatrixRow[];
  readonly failed: readonly FailedRow[];
}

/** Renders every way on every content, in rounds that take turns: what slows the machine for a while slows all of them. */
export async function runMatrix(options: MatrixOptions): Promise<Matrix> {
  const folder: string = await mkdtemp(join(tmpdir(), "framewright-bench-"));
  const rows: MatrixRow[] = [];
  const failed: FailedRow[] = [];
  try {
    for (const [content, scene] of Object.entries(scenes) as [BenchContent, Scene][]) {
      if (options.contents?.includes(content) === false) continue;
      const outcome: Matrix = await new SceneRun(content, scene, folder, options).run();
      rows.push(...outcome.rows);
      failed.push(...outcome.failed);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return { rows, failed };
}

/** All ways on one content. */
class SceneRun {
  readonly #content: BenchContent;
  readonly #scene: Scene;
  readonly #folder: string;
  readonly #options: MatrixOptions;
  readonly #measured = new Map<Way, MeasuredRender[]>();
  readonly #ssim = new Map<Way, number | null>();
  /** Files without loss, by the capture that took them. */
  readonly #lossless = new Map<string, string>();
  readonly #failed: FailedRow[] = [];

  constructor(content: BenchContent, scene: Scene, folder: string, options: MatrixOptions) {
    this.#content = content;
    this.#scene = scene;
    this.#folder = folder;
    this.#options = options;
  }

  async run(): Promise<Matrix> {
    const { rounds, ways, onRow } = this.#options;
    const asked: readonly Way[] = this.#scene.ways.filter(({ name }) => ways?.includes(name) ?? true);
    for (let round = 0; round < rounds; round++) {
      // There and back: what comes first finds the machine colder.
      const order: readonly Way[] = round % 2 === 0 ? asked : asked.toReversed();
      for (const way of order) if (!this.#failed.some(({ way: name }) => name === way.name)) await this.#try(way, round);
    }
    const usual: Usual | null = this.#usual();
    const rows: MatrixRow[] = [...this.#measured].map(([way, renders]) => this.#row(way, renders, usual));
    for (const row of rows) onRow(row);
    return { rows, failed: this.#failed };
  }

  /** Null where the default itself did not come to an end. */
  #usual(): Usual | null {
    const render: MeasuredRender | undefined = this.#measured.get(chosen)?.[0];
    const ssim: number | null = this.#ssim.get(chosen) ?? null;
    return render === undefined || ssim === null ? null : { ssim, byteLength: render.result.facts.byteLength };
  }

  async #try(way: Way, round: number): Promise<void> {
    try {
      const output: string = join(this.#folder, way.container === undefined ? "video.mp4" : "pictures");
      const measured: MeasuredRender = await measuredRender(this.#job(way, output), this.#options.costs, way.parts);
      this.#measured.set(way, [...(this.#measured.get(way) ?? []), measured]);
      if (round === 0) this.#ssim.set(way, way.container === undefined ? await this.#compare(output, measured) : null);
      await rm(output, { recursive: true, force: true });
    } catch (thrown) {
      const row: FailedRow = { content: this.#content, way: way.name, reason: messageOf(thrown) };
      this.#failed.push(row);
      this.#options.onFailed(row);
    }
  }

  #job({ job, container }: Way, output: string, frames: number = Math.round(this.#scene.frames * (this.#options.length ?? 1))): RenderJob {
    const { page, size } = this.#scene;
    const { width, height } = size;
    return {
      page: page.path,
      output,
      width,
      height,
      frameRate: 30,
      duration: frames / 30,
      ...(container && { format: container }),
      ...job,
    };
  }

  /** With what the same capture gives without loss: what is compared is the encoding, for the capture was checked by the render. */
  async #compare(output: string, { result }: MeasuredRender): Promise<number> {
    const { capture } = result.plan;
    const lossless: string = this.#lossless.get(capture) ?? (await this.#renderLossless(capture));
    this.#lossless.set(capture, lossless);
    return ssimOf(output, lossless);
  }

  async #renderLossless(capture: string): Promise<string> {
    const output: string = join(this.#folder, `${this.#content}-${capture}.mkv`);
    const job: RenderJob = { ...this.#job({ name: "lossless", job: { capture, workers: 1 } }, output, LOSSLESS_FRAMES), codec: "ffv1" };
    await measuredRender(job, this.#options.costs);
    return output;
  }

  #row(way: Way, renders: readonly MeasuredRender[], usual: Usual | null): MatrixRow {
    const { result, peakMemoryBytes } = renders[0]!;
    const { plan, frames, repeats, transport, facts } = result;
    const fastest: MeasuredRender = renders.reduce((best, render) => (render.framesPerSecond > best.framesPerSecond ? render : best));
    const ssim: number | null = this.#ssim.get(way) ?? null;
    return {
      ...{ content: this.#content, isDefault: way === chosen },
      ...{ capture: plan.capture, transport, frameFormat: plan.frameFormat, encoder: plan.encoder, container: way.container ?? "mp4" },
      ...{ workers: plan.workers, frames, repeats },
      seconds: Math.min(...renders.map(({ seconds }) => seconds)),
      framesPerSecond: fastest.framesPerSecond,
      cpuSeconds: fastest.cpuSeconds,
      peakMemoryBytes: Math.max(peakMemoryBytes, ...renders.map((render) => render.peakMemoryBytes)),
      byteLength: facts.byteLength,
      ssim,
      unsafe: unsafeBecause(renders[0]!, ssim, usual),
      phases: fastest.result.timings.phases,
    };
  }
}

/** Frames that are compared: as many as make a difference visible, and cost little. */
const LOSSLESS_FRAMES = 15;
/** How much less alike than the default a way may be, and how many times its bytes: more, and it is faster for being worse. */
const SSIM_TOLERANCE = 0.001;
const LARGEST_SHARE = 1.1;

/** What other ways are held against. */
interface Usual {
  readonly ssim: number;
  readonly byteLength: number;
}

function unsafeBecause({ result }: MeasuredRender, ssim: number | null, usual: Usual | null): string | null {
  const { plan, fallbacks, facts } = result;
  if (plan.frameFormat === "JPEG") return "JPEG pictures lose on the way";
  if (fallbacks.length > 0) return `${fallbacks[0]!.part} was given up: ${fallbacks[0]!.reason}`;
  if (ssim === null || usual === null) return null;
  if (ssim < usual.ssim - SSIM_TOLERANCE) return `SSIM ${ssim} is below the default's ${usual.ssim}`;
  const share: number = facts.byteLength / usual.byteLength;
  return share > LARGEST_SHARE ? `the file is ${share.toFixed(2)} times the default's` : null;
}

/** The policy's choice, but for the format of the frames. */
function forced(frameFormat: FrameFormat): Partial<RenderParts> {
  return { encoders: [ffmpegPipe()], policy: (input) => ({ ...defaultPolicy(input), frameFormat }) };
}
