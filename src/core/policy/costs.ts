import type { PageFacts } from "../capture.ts";
import type { QualityLevel } from "../encoder.ts";
import type { VideoCodec } from "../formats.ts";
import type { FrameFormat, Size } from "../frame.ts";

/**
 * What a page shows, as far as it changes what captures cost: `motion`, a page whose elements move; `canvas`, one `<canvas>`
 * in 2D; `webgl`, one that draws in three dimensions; `text`, letters that move; `static`, a page of which one frame in twenty
 * changes, and whose cost is that of any frame, changed or not.
 */
export type ContentClass = "motion" | "canvas" | "webgl" | "text" | "static";

/** What parts cost, as the benches measured it. JSON. */
export interface MeasuredCosts {
  /** Shape of this table: another number is another shape, and the table is measured anew. */
  readonly version: 1;
  readonly basis: "measured on this host" | "measured on a reference machine";
  /** Processor, cores, browser and ffmpeg, in words. */
  readonly machine: string;
  readonly cores: number;
  /** `assumed` where the system does not tell what processes use: processor time is then the time that passed, and memory a round figure. */
  readonly usage: "measured" | "assumed";
  readonly captures: readonly CaptureCost[];
  readonly encoders: readonly EncoderCost[];
  /** Left out where none could be measured: figures of a reference machine then stand in. */
  readonly injectors?: readonly InjectorCost[];
}

/** One worker's cost of one frame that changed, by millions of its pixels. */
export interface CaptureCost {
  readonly capture: string;
  readonly frameFormat: FrameFormat;
  readonly content: ContentClass;
  /** Milliseconds that pass. */
  readonly msPerMegapixel: number;
  /** Milliseconds of processor time in all processes of the worker. */
  readonly cpuMsPerMegapixel: number;
  /** What the worker's processes take, in bytes, at 1920×1080. */
  readonly memoryBytes: number;
}

/** An encoder's cost of one frame that changed. */
export interface EncoderCost {
  readonly encoder: string;
  readonly codec: VideoCodec;
  readonly level: QualityLevel;
  readonly frameFormat: FrameFormat;
  readonly cpuMsPerMegapixel: number;
}

/** An injector's cost of one picture of a source, beside what the capture of the page costs. */
export interface InjectorCost {
  readonly injector: string;
  /** Family of codecs, as `codecFamily` names it; "any" for those without a row of their own. */
  readonly codec: string;
  /** Milliseconds that pass until the page shows it, by millions of the source's pixels: so much longer takes a frame. */
  readonly msPerMegapixel: number;
  /** Milliseconds of processor time in all processes, those of the host that decode among them. */
  readonly cpuMsPerMegapixel: number;
  /** Bytes of the pictures that one video of 1920×1080 has ready ahead, in its page and in the cache of the host. */
  readonly memoryBytes: number;
  /** Bytes that one video of 1920×1080 takes in each worker beside these: its decoder, and what the browser holds of it. */
  readonly decoderBytes: number;
  /** Bytes that a worker takes because its page shows videos at all, however many: browsers keep pictures that they have painted. */
  readonly pageBytes: number;
}

/** The bench page that a page is like. What it shows is known of canvases alone: of all others it is taken that they move. */
export function contentOf({ isSingleCanvas, drawsWebGl }: Pick<PageFacts, "isSingleCanvas" | "drawsWebGl">): ContentClass {
  if (drawsWebGl) return "webgl";
  return isSingleCanvas ? "canvas" : "motion";
}

/**
 * What a capture costs on such a page. The cost of a page that moves, or that of another format of frames, stands in for one
 * that was not measured. Null where nobody measured this capture.
 */
export function captureCost(costs: MeasuredCosts, capture: string, frameFormat: FrameFormat, content: ContentClass): CaptureCost | null {
  // A cost of nothing is a bench that went wrong.
  const measured = costs.captures.filter((cost) => cost.capture === capture && cost.msPerMegapixel > 0);
  const ofFormat = measured.filter((cost) => cost.frameFormat === frameFormat);
  for (const rows of [ofFormat, measured]) {
    const row = rows.find((cost) => cost.content === content) ?? rows.find((cost) => cost.content === "motion");
    if (row !== undefined) return row;
  }
  return null;
}

/** Null where nobody measured it; the cost of another format of frames stands in for one that was not. */
export function encoderCost(
  costs: MeasuredCosts,
  encoder: string,
  { codec, level }: Pick<EncoderCost, "codec" | "level">,
  frameFormat: FrameFormat,
): EncoderCost | null {
  const measured = costs.encoders.filter((cost) => cost.encoder === encoder && cost.codec === codec && cost.level === level);
  return measured.find((cost) => cost.frameFormat === frameFormat) ?? measured[0] ?? null;
}

/** Null where nobody measured it. */
export function injectorCost(rows: readonly InjectorCost[], injector: string, codec: string): InjectorCost | null {
  const measured = rows.filter((row) => row.injector === injector && row.msPerMegapixel > 0);
  return measured.find((row) => row.codec === codecFamily(codec)) ?? measured.find((row) => row.codec === "any") ?? null;
}

/** Two names of one codec: where its parameters stand, or who writes it. */
const otherNames: Readonly<Record<string, string>> = { avc3: "avc1", hev1: "hvc1", vp9: "vp09" };

/** "avc1" of "avc1.64001f": what makes decoding cost what it costs. */
export function codecFamily(codec: string): string {
  const name: string = codec.split(".")[0]!.toLowerCase();
  return otherNames[name] ?? name;
}

export function megapixelsOf({ width, height }: Size): number {
  return (width * height) / 1e6;
}
