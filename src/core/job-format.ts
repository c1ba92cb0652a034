import { canRemux } from "./container/container-writer.ts";
import type { Quality } from "./encoder.ts";
import { jobInvalid } from "./errors.ts";
import { codecs, containerOf, formats, needsEvenSides, type CodecFacts, type Container, type VideoCodec } from "./formats.ts";
import type { OutputFormat, ParsedJob, RenderJob, SoundOptions } from "./job.ts";
import { audioBitrates, audioCodecs, type AudioCodec } from "./sound.ts";

/** What the output shall be, as a job says it or leaves it open. */
export type FormatAsked = Pick<
  RenderJob,
  "output" | "format" | "codec" | "alpha" | "quality" | "timing" | "loop" | "hardware" | "segments"
>;

/** Where people come for transparency: it is kept unless the job says no. */
const ALPHA_BY_DEFAULT: ReadonlySet<string> = new Set(["mov prores-4444", "apng png", "png-sequence png", "webp-sequence webp"]);
/** Codecs that lose some of the picture at every level. */
const ALWAYS_LOSSY: ReadonlySet<VideoCodec> = new Set(["vp8", "prores-4444", "prores-422", "gif", "jpeg"]);
/** Codecs that hardware makes. */
const IN_HARDWARE: readonly VideoCodec[] = ["h264", "hevc", "av1"];

/**
 * Names the format, the codec and the quality, and refuses what does not go together.
 *
 * @throws RenderError `job-invalid`, with everything that is wrong
 */
export function outputFormat(asked: FormatAsked): OutputFormat {
  const container: Container = containerAsked(asked);
  const codec: VideoCodec = codecAsked(asked.codec, container);
  const quality: Quality = qualityAsked(asked.quality);
  const alpha: boolean = asked.alpha ?? (ALPHA_BY_DEFAULT.has(`${container} ${codec}`) && holdsAlpha(quality.pixelFormat));
  const faults: readonly string[] = [
    ...qualityFaults(quality, codec),
    ...alphaFaults(alpha, codec, quality),
    ...timingFaults(asked, container, codec),
    ...hardwareFaults(asked, codec),
  ];
  if (faults.length > 0) throw jobInvalid(faults);
  return { container, codec, alpha, quality };
}

/**
 * What the job says of sound. Folders of pictures and moving pictures hold none.
 *
 * @throws RenderError `job-invalid`
 */
export function soundAsked(asked: SoundOptions, { container }: Pick<OutputFormat, "container">): ParsedJob["sound"] {
  const { enabled = true, loudness = null } = asked;
  const held: readonly AudioCodec[] = audioCodecs[container] ?? [];
  const codec: AudioCodec | null = asked.codec ?? null;
  if (asked.codec !== undefined && !held.includes(asked.codec))
    throw jobInvalid([
      `sound.codec is ${asked.codec}, which ${container} does not hold: ${held.length > 0 ? `use ${held.join(", ")}` : "it holds no sound"}`,
    ]);
  const first: AudioCodec | undefined = codec ?? held[0];
  if (asked.bitrate !== undefined && (first === undefined || audioBitrates[first] === null))
    throw jobInvalid([`sound.bitrate is ${asked.bitrate}, and ${first ?? container} follows none; leave it out`]);
  return { enabled, codec, bitrate: asked.bitrate ?? null, loudness };
}

/** Whether the output can hold pictures of odd width or height. */
export function holdsOddSides({ codec, quality }: Pick<OutputFormat, "codec" | "quality">): boolean {
  return !needsEvenSides(codec, quality.pixelFormat);
}

/** Whether each pixel keeps its own colour, so that frames must come with all of it. */
export function keepsColor({ codec, quality: { pixelFormat, level } }: Pick<OutputFormat, "codec" | "quality">): boolean {
  if (pixelFormat !== undefined) return !/420/.test(pixelFormat);
  // Without loss means without the loss of colour too, and the best of JPEG is 4:4:4.
  if (level === "lossless" || (codec === "jpeg" && level === "high")) return true;
  return codecs[codec].color !== "4:2:0";
}

function containerAsked({ output, format }: FormatAsked): Container {
  const named: Container | null = containerOf(output);
  if (/\.(png|jpe?g)$/i.test(output) && named === null)
    throw jobInvalid([
      `output "${output}" names one picture, and a video is many; put a number into it, as in "${output.replace(/(\.\w+)$/, "-%05d$1")}"`,
    ]);
  if (format === undefined) {
    if (named !== null) return named;
    if (/%0?\d*d/.test(output))
      throw jobInvalid([
        `output "${output}" has a number in its name, which makes a folder of pictures; let it end in .png, .jpg or .webp`,
      ]);
    const extensions: string = [...new Set(Object.values(formats).map(({ extension }) => extension))].join(", ");
    throw jobInvalid([`output "${output}" has no extension that names a known format; use one of ${extensions}, or give format`]);
  }
  if (named !== null && named !== format)
    throw jobInvalid([`format is ${format}, and output "${output}" names ${named}; give one of them, or let them agree`]);
  return format;
}

function codecAsked(asked: string | undefined, container: Container): VideoCodec {
  const { codecs: held } = formats[container];
  if (asked === undefined) return held[0]!;
  const codec: VideoCodec | undefined = held.find((one) => one === asked);
  if (codec !== undefined) return codec;
  const others: readonly string[] = Object.entries(formats)
    .filter(([, facts]) => (facts.codecs as readonly string[]).includes(asked))
    .map(([name]) => name);
  const where: string = others.length > 0 ? `; ${asked} goes into ${others.join(", ")}` : "";
  throw jobInvalid([`codec is ${asked}, which ${container} does not hold: use ${held.join(", ")}${where}`]);
}

function qualityAsked(asked: FormatAsked["quality"]): Quality {
  if (typeof asked === "string") return { level: asked };
  const given = Object.entries(asked ?? {}).filter(([, value]) => value !== undefined);
  return { level: "standard", ...Object.fromEntries(given) };
}

function qualityFaults({ level, crf, bitrate, preset, pixelFormat, gop }: Quality, codec: VideoCodec): string[] {
  const { largestCrf, hasPresets, hasBitrate, pixelFormats }: CodecFacts = codecs[codec];
  const faults: string[] = [];
  if (level === "lossless" && ALWAYS_LOSSY.has(codec))
    faults.push(`quality.level is lossless, and ${codec} always loses some; use high, or mkv with ffv1`);
  if (level === "lossless" && (crf !== undefined || bitrate !== undefined))
    faults.push(
      `quality.level is lossless, and ${crf === undefined ? "bitrate" : "crf"} is given too, which exclude one another; give one`,
    );
  if (crf !== undefined && bitrate !== undefined)
    faults.push(`quality.crf (${crf}) and quality.bitrate (${bitrate}) exclude one another; give one`);
  if (crf !== undefined && largestCrf === null) faults.push(`quality.crf is ${crf}, and ${codec} knows no CRF; give quality.level`);
  if (crf !== undefined && largestCrf !== null && (crf < 0 || crf > largestCrf))
    faults.push(`quality.crf is ${crf}: must be 0 to ${largestCrf} for ${codec}`);
  if (bitrate !== undefined && !hasBitrate) faults.push(`quality.bitrate is ${bitrate}, and ${codec} follows none; give quality.level`);
  if (preset !== undefined && !hasPresets)
    faults.push(`quality.preset is ${preset}: the presets of x264 mean nothing to ${codec}; give quality.level`);
  if (pixelFormat !== undefined && !pixelFormats.includes(pixelFormat))
    faults.push(`quality.pixelFormat is ${pixelFormat}: must be one of ${pixelFormats.join(", ")} for ${codec}`);
  // What follows no bitrate stores each picture by itself.
  if (gop !== undefined && !hasBitrate) faults.push(`quality.gop is ${gop}, and ${codec} has no key frames to space out; leave it out`);
  return faults;
}

function alphaFaults(alpha: boolean, codec: VideoCodec, { pixelFormat }: Quality): string[] {
  if (!alpha) return [];
  if (!codecs[codec].hasAlpha) return [`alpha is true, and ${codec} keeps none; ${wordsForAlpha()}`];
  return holdsAlpha(pixelFormat) ? [] : [`alpha is true, and quality.pixelFormat ${pixelFormat} keeps none; leave one of them out`];
}

/** Where none is named it is chosen so that it does. */
function holdsAlpha(pixelFormat: string | undefined): boolean {
  return pixelFormat === undefined || pixelFormat === "rgba" || pixelFormat === "pal8";
}

function timingFaults({ timing, loop, segments }: FormatAsked, container: Container, codec: VideoCodec): string[] {
  const { kind } = formats[container];
  return [
    ...(timing === "variable" && kind === "sequence" ? [`timing is variable, and the pictures of ${container} have no durations`] : []),
    ...(loop !== undefined && loop !== 0 && kind !== "animation" ? [`loop is ${loop}, and ${container} knows no loops`] : []),
    ...(segments !== undefined && segments > 1 && !canRemux(container, codec)
      ? [`segments is ${segments}, and ${codec} in ${container} cannot be joined`]
      : []),
    ...(segments !== undefined && segments > 1 && timing === "variable"
      ? [`segments is ${segments} and timing is variable, which exclude one another`]
      : []),
  ];
}

function hardwareFaults({ hardware }: FormatAsked, codec: VideoCodec): string[] {
  if (hardware === undefined || IN_HARDWARE.includes(codec)) return [];
  return [`hardware is ${hardware}, which makes no ${codec}; use ${IN_HARDWARE.join(", ")}`];
}

function wordsForAlpha(): string {
  const places: readonly string[] = Object.entries(formats).flatMap(([container, facts]) =>
    facts.codecs.filter((codec) => codecs[codec].hasAlpha).map((codec) => `${container} with ${codec}`),
  );
  return `use ${places.join(", ")}`;
}
