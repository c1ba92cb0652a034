import type { Container, VideoCodec } from "../formats.ts";
import { codecs, formats } from "../formats.ts";
import { isRenderError, messageOf, outputInvalid } from "../errors.ts";
import type { Size } from "../frame.ts";
import { frameTime, type FrameRate } from "../frame-rate.ts";
import type { FileSink, OutputSink } from "../sink.ts";
import { CHANNELS, SAMPLE_RATE, type AudioCodec, type AudioRequest } from "../sound.ts";
import type { AnimationFacts } from "../output-facts/animation.ts";
import { readApng } from "../output-facts/apng.ts";
import { ByteWindow } from "../output-facts/byte-window.ts";
import { readGif } from "../output-facts/gif.ts";
import { readSequence } from "../output-facts/sequence.ts";
import { readVideo, type ColorTags, type SoundFacts } from "../output-facts/video.ts";
import { readWebp } from "../output-facts/webp.ts";

/** What the finished output must be. */
export interface ExpectedOutput {
  readonly container: Container;
  readonly codec: VideoCodec;
  readonly size: Size;
  readonly frameRate: FrameRate;
  /** Frames of the render: together with the rate they are how long it lasts. */
  readonly frameCount: number;
  /** Pictures that the encoder says it wrote: fewer than frames where the timing is variable. */
  readonly pictures: number;
  readonly timing: "constant" | "variable";
  readonly alpha: boolean;
  /** How often a moving picture plays; 0 is for ever. */
  readonly loop: number;
  /** Null where it is to hold no sound. */
  readonly audio: AudioRequest | null;
}

/** What the finished output is, as it was read back. JSON. */
export interface OutputFacts {
  readonly container: Container;
  /** Pictures in it. */
  readonly frameCount: number;
  /** 0 for a moving picture that became a still one, for nothing in it moves. A folder lasts as its frame rate says. */
  readonly durationSeconds: number;
  readonly size: Size;
  /** One of `VideoCodec` where all is well; another by the file's own name; null where the file does not say. */
  readonly codec: string | null;
  /** Whether it carries alpha; of a folder, whether any of its pictures does. A WebP, a GIF or a PNG without a transparent pixel may have none. */
  readonly alpha: boolean;
  /** How often it plays; null where it says no such thing. */
  readonly loop: number | null;
  readonly colorSpace: ColorTags;
  /** Its track of sound; null where it has none. */
  readonly audio: SoundFacts | null;
  readonly byteLength: number;
}

/** What the finished output is, and what of it was held against the job. JSON. */
export interface CheckedOutput extends OutputFacts {
  readonly checked: readonly OutputCheckName[];
}

export type OutputCheckName = "content" | "size" | "codec" | "count" | "times" | "color" | "alpha" | "loop" | "sound";

/** One thing that is held against the job, where the output can show it. */
interface OutputCheck {
  readonly name: OutputCheckName;
  applies(read: ReadOutput, expected: ExpectedOutput): boolean;
  /** Every way in which the output differs from what was asked for, in words. */
  faults(read: ReadOutput, expected: ExpectedOutput): readonly string[];
}

/** What was read back, with what only the check needs. */
export interface ReadOutput {
  readonly facts: OutputFacts;
  /** When each picture begins, in seconds; null where pictures have no times of their own. */
  readonly timestamps: readonly number[] | null;
  /** The finest difference that its times can have, in seconds. */
  readonly tickSeconds: number;
  /** What was found wrong while it was read. */
  readonly faults: readonly string[];
}

const untagged: ColorTags = { primaries: null, transfer: null, matrix: null, fullRange: null };
const animationReaders: Partial<Record<Container, (file: ByteWindow) => Promise<AnimationFacts>>> = {
  gif: readGif,
  apng: readApng,
  webp: readWebp,
};

/**
 * Reads the finished output back and holds it against what was asked for. It is called before the output gets its name.
 *
 * @throws RenderError `output-invalid`, `output-not-writable` where it is gone
 */
export async function checkOutput(sink: OutputSink, expected: ExpectedOutput): Promise<CheckedOutput> {
  let read: ReadOutput;
  try {
    read = await readOutput(sink, expected);
  } catch (thrown) {
    throw isRenderError(thrown) ? thrown : outputInvalid(sink.name, [`it cannot be read back (${messageOf(thrown)})`]);
  }
  const checks: readonly OutputCheck[] = outputChecks.filter((check) => check.applies(read, expected));
  const faults: readonly string[] = faultsOf(checks, read, expected);
  if (faults.length > 0) throw outputInvalid(sink.name, faults);
  return { ...read.facts, checked: checks.map(({ name }) => name) };
}

async function readOutput(sink: OutputSink, expected: ExpectedOutput): Promise<ReadOutput> {
  const { container } = expected;
  const byteLength: number = await sink.byteLength();
  if (sink.kind === "folder") {
    const { faults, ...found } = await readSequence(sink, container);
    const durationSeconds: number = frameTime(found.frameCount, expected.frameRate);
    const codec: VideoCodec = formats[container].codecs[0]!;
    return {
      facts: { container, codec, durationSeconds, loop: null, colorSpace: untagged, audio: null, byteLength, ...found },
      timestamps: null,
      tickSeconds: 0,
      faults,
    };
  }
  if (formats[container].kind === "animation") return readAnimation(sink, byteLength, container);
  const { timestamps, tickSeconds, ...found } = await readVideo(sink);
  return {
    facts: { container, frameCount: timestamps.length, loop: null, byteLength, ...found },
    timestamps,
    tickSeconds,
    faults: [],
  };
}

async function readAnimation(sink: FileSink, byteLength: number, container: Container): Promise<ReadOutput> {
  const found: AnimationFacts = await animationReaders[container]!(new ByteWindow(byteLength, (start, end) => sink.read(start, end)));
  return {
    facts: { container, codec: formats[container].codecs[0]!, colorSpace: untagged, audio: null, byteLength, ...found },
    timestamps: null,
    tickSeconds: container === "gif" ? 0.01 : 0.001,
    faults: [],
  };
}

const always = (): boolean => true;

const outputChecks: readonly OutputCheck[] = [
  { name: "content", applies: always, faults: (read) => read.faults },
  {
    name: "size",
    applies: always,
    faults: ({ facts }, { size }) => [
      ...differs("the width", facts.size.width, size.width),
      ...differs("the height", facts.size.height, size.height),
    ],
  },
  { name: "codec", applies: always, faults: ({ facts }, { codec }) => differs("the codec", facts.codec, codec) },
  {
    name: "loop",
    // A still picture plays no times.
    applies: ({ facts }) => facts.durationSeconds > 0 && facts.loop !== null,
    faults: ({ facts }, { loop }) => differs("how often it plays (0 is for ever)", facts.loop, loop),
  },
  {
    name: "alpha",
    applies: (_, expected) => expected.alpha && keepsOpaqueAlpha(expected),
    faults: ({ facts }) => (facts.alpha ? [] : ["its alpha is missing"]),
  },
  { name: "count", applies: always, faults: countFaults },
  { name: "times", applies: (_, { container }) => formats[container].kind !== "sequence", faults: timeFaults },
  {
    name: "color",
    applies: (_, { container }) => formats[container].kind === "video",
    faults: ({ facts }, expected) => colorFaults(facts.colorSpace, expected),
  },
  { name: "sound", applies: (_, { container }) => formats[container].kind === "video", faults: soundFaults },
];

/** Samples of one packet, by which the sound may be longer or shorter than the pictures. */
const packetSamples: Readonly<Record<AudioCodec, number>> = { aac: 1024, opus: 960, flac: 0, pcm: 0 };

/** Every way in which the output differs from what was asked for, in words. */
export function outputFaults(read: ReadOutput, expected: ExpectedOutput): string[] {
  return faultsOf(
    outputChecks.filter((check) => check.applies(read, expected)),
    read,
    expected,
  );
}

function faultsOf(checks: readonly OutputCheck[], read: ReadOutput, expected: ExpectedOutput): string[] {
  return checks.flatMap((check) => check.faults(read, expected));
}

function differs(what: string, found: unknown, wanted: unknown): string[] {
  return found === wanted ? [] : [`${what} is ${found} instead of ${wanted}`];
}

/** WebP and GIF, and the PNG pictures that browsers make, have no alpha where no pixel is transparent: its absence proves nothing there. */
function keepsOpaqueAlpha({ codec, container }: Pick<ExpectedOutput, "codec" | "container">): boolean {
  return codec !== "webp" && codec !== "gif" && container !== "png-sequence";
}

function countFaults({ facts }: ReadOutput, { container, timing, frameCount, pictures }: ExpectedOutput): string[] {
  const wanted: number = timing === "variable" ? pictures : frameCount;
  const found: number = facts.frameCount;
  // An encoder of WebP joins pictures that are equal.
  const isRight: boolean = container === "webp" ? found > 0 && found <= wanted : found === wanted;
  return isRight && wanted <= frameCount ? [] : [`the number of frames is ${found} instead of ${wanted}`];
}

function timeFaults({ facts, timestamps, tickSeconds }: ReadOutput, expected: ExpectedOutput): string[] {
  const { frameRate, frameCount, timing, container } = expected;
  const isAnimation: boolean = formats[container].kind === "animation";
  // One picture says no time: a moving picture whose frames are all equal may be one.
  if (isAnimation && facts.frameCount === 1) return [];
  const duration: number = frameTime(frameCount, frameRate);
  // Moving pictures round each time, and the last frame lasts as long as the one before it.
  const tolerance: number = isAnimation ? 2.5 * tickSeconds : frameTime(1, frameRate) / 2 + tickSeconds;
  if (Math.abs(facts.durationSeconds - duration) > tolerance)
    return [`the duration is ${facts.durationSeconds} s instead of ${duration} s`];
  return timestamps === null ? [] : placeFaults(timestamps, frameRate, timing, tickSeconds);
}

/** Each picture begins where a frame does, the first one at 0, and no two at the same. */
function placeFaults(timestamps: readonly number[], rate: FrameRate, timing: ExpectedOutput["timing"], tickSeconds: number): string[] {
  let previous = -1;
  for (const [at, time] of timestamps.entries()) {
    const nearest: number = Math.round((time * rate.numerator) / rate.denominator);
    const index: number = timing === "constant" || at === 0 ? at : Math.max(nearest, previous + 1);
    const wanted: number = frameTime(index, rate);
    if (Math.abs(time - wanted) > tickSeconds) return [`picture ${at} begins at ${time} s instead of ${wanted} s`];
    previous = index;
  }
  return [];
}

function soundFaults({ facts: { audio }, tickSeconds }: ReadOutput, expected: ExpectedOutput): string[] {
  const wanted: AudioRequest | null = expected.audio;
  if (wanted === null) return audio === null ? [] : ["it holds sound that nobody asked for"];
  if (audio === null) return ["its sound is missing"];
  const duration: number = frameTime(expected.frameCount, expected.frameRate);
  const tolerance: number = packetSamples[wanted.codec] / SAMPLE_RATE + Math.max(tickSeconds, 1 / SAMPLE_RATE);
  return [
    ...differs("the codec of the sound", audio.codec, wanted.codec),
    ...differs("the sample rate of the sound", audio.sampleRate, SAMPLE_RATE),
    ...differs("the number of channels of the sound", audio.channels, CHANNELS),
    ...(Math.abs(audio.durationSeconds - duration) > tolerance
      ? [`the sound lasts ${audio.durationSeconds} s instead of ${duration} s`]
      : []),
  ];
}

function colorFaults(found: ColorTags, { codec }: ExpectedOutput): string[] {
  const wanted: Partial<ColorTags> =
    codecs[codec].color === "rgb"
      ? { matrix: "rgb", fullRange: true }
      : { matrix: "bt709", primaries: "bt709", transfer: "bt709", fullRange: false };
  const names: Readonly<Record<keyof ColorTags, string>> = {
    matrix: "the colour matrix",
    primaries: "the colour primaries",
    transfer: "the transfer function",
    fullRange: "the full colour range",
  };
  return (Object.keys(wanted) as (keyof ColorTags)[])
    .filter((tag) => found[tag] !== wanted[tag])
    .map((tag) => `${names[tag]} is ${found[tag]} instead of ${wanted[tag]}`);
}
