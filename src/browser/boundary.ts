/**
 * The one place where values that leave a page are checked, before any other code sees them. A page shares its JavaScript with
 * our scripts: it can call every binding, and replace every function that is evaluated. What is allowed here is therefore what
 * the rest of the program can take from an attacker, not merely what our scripts send.
 */
import * as v from "valibot";
import { fromStrictBase64 } from "../core/base64.ts";
import type { PageBinding, ReadPageValue } from "../core/browser.ts";
import type { DeclaredBy } from "../core/capture.ts";
import type { FrameCacheStatistics } from "../core/frame-cache.ts";
import type { FrameRateInput } from "../core/frame-rate.ts";
import type { AudioFacts, MediaFacts, PageMedia, VideoFacts } from "../core/media.ts";
import { ranges, type NumberRange } from "../core/ranges.ts";
import type { SoundClip } from "../core/sound.ts";
import type {
  AskedOfHost,
  CanaryLook,
  EncodedChunk,
  EncodedSound,
  EncoderNotice,
  FrameNotice,
  FramePlace,
  HeardEnd,
  HeardPiece,
  HeardScore,
  OpenedComposition,
  PageMixAnswer,
  SeekEnd,
  ShellRunEnd,
  ShellSample,
  UnreadyComposition,
} from "./messages.ts";

/** Longest texts, in characters. */
const textLimits = {
  /** A warning as it crosses; what is kept of it is shorter. */
  warning: 10_000,
  /** What a page threw, or what it was waited for. */
  words: 10_000,
  /** Addresses: a `data:` URL crosses as a digest. */
  url: 65_536,
  /** Of a document, with its fragment: as long as Chromium allows. */
  documentUrl: 4_000_000,
  name: 1_000,
  /** One question about media. */
  question: 1_000_000,
  /** One notice of a frame. */
  frame: 1_000,
  /** Block averages of 16,384 × 16,384 pixels as base64. */
  averages: 20_000_000,
  /** One encoded picture as base64. */
  chunk: 60_000_000,
} as const;

const listLimits = { warnings: 1_000, urls: 10_000, names: 1_000, media: 10_000, gainPoints: 100_000 } as const;

/** A piece of a recording is 2^18 samples of 4 bytes. */
const PIECE_BYTES: number = 2 ** 20;
/** Of so many bytes as base64. */
const charactersOf = (bytes: number): number => Math.ceil(bytes / 3) * 4;
const text = (characters: number) =>
  v.pipe(v.string("must be text"), v.maxLength(characters, `must have at most ${characters} characters`));
const flag = v.boolean("must be true or false");
const whole = (least: number, most: number) =>
  v.pipe(
    v.number(`must be a whole number from ${least} to ${most}`),
    v.safeInteger(`must be a whole number from ${least} to ${most}`),
    v.minValue(least, `must be ${least} or more`),
    v.maxValue(most, `must be at most ${most}`),
  );
const finite = (least: number, most: number) =>
  v.pipe(
    v.number(`must be a number from ${least} to ${most}`),
    v.finite(`must be a number from ${least} to ${most}`),
    v.minValue(least, `must be ${least} or more`),
    v.maxValue(most, `must be at most ${most}`),
  );
const within = ({ least, most }: NumberRange) => finite(least, most);
const seconds = within(ranges.seconds);
const signedSeconds = within(ranges.signedSeconds);
const list = <Schema extends v.GenericSchema>(item: Schema, most: number) =>
  v.pipe(v.array(item, "must be a list"), v.maxLength(most, `must have at most ${most} entries`));
/** One of several objects, by a key that only it has: a union would only say that none of them fits. */
const byKey = <Output>(options: Readonly<Record<string, v.GenericSchema<unknown, Output>>>): v.GenericSchema<unknown, Output> => {
  const [last] = Object.keys(options).slice(-1);
  return v.lazy((said) => {
    const key: string | undefined = Object.keys(options).find(
      (one) => typeof said === "object" && said !== null && Object.hasOwn(said, one),
    );
    return options[key ?? last!]!;
  });
};
const frameIndex = whole(0, Number.MAX_SAFE_INTEGER);
/** Bytes of a page, decoded. */
type Bytes = Uint8Array<ArrayBuffer>;
const base64 = (characters: number) => v.pipe(text(characters), v.transform(fromStrictBase64));

/** A number that JSON could not carry, such as NaN, arrives as null: what is made of it is judged later, with its own message. */
const anyNumber = v.pipe(
  v.nullable(v.number("must be a number")),
  v.transform((value) => value ?? NaN),
);
const declaredBy = v.picklist(["contract", "meta", "attributes", "animations"] satisfies DeclaredBy[]);
const declared = <Schema extends v.GenericSchema>(value: Schema) => v.nullable(v.strictObject({ value, by: declaredBy }));
/** Whatever a page says of its rate; what is not a rate is judged by `parseFrameRate`. */
const frameRate = v.pipe(
  v.unknown(),
  v.transform((said): FrameRateInput => {
    if (typeof said === "number" || typeof said === "string") return typeof said === "string" ? said.slice(0, 100) : said;
    const { numerator, denominator } = (said ?? {}) as Record<string, unknown>;
    if (typeof numerator === "number" && typeof denominator === "number") return { numerator, denominator };
    return String(JSON.stringify(said)).slice(0, 100);
  }),
);

const videoFacts: v.GenericSchema<unknown, VideoFacts> = v.strictObject({
  codec: text(textLimits.name),
  size: v.strictObject({ width: whole(0, ranges.side.most), height: whole(0, ranges.side.most) }),
  rotation: v.picklist([0, 90, 180, 270]),
  hasAlpha: flag,
  tickSeconds: seconds,
  frameRate: v.nullable(finite(0, 1e6)),
  decodesInPage: flag,
});
const audioFacts: v.GenericSchema<unknown, AudioFacts> = v.strictObject({
  codec: text(textLimits.name),
  sampleRate: finite(0, 1e7),
  channels: whole(0, 1_000),
  decodesInPage: flag,
});
const mediaFacts: v.GenericSchema<unknown, MediaFacts> = v.strictObject({
  source: text(textLimits.url),
  durationSeconds: seconds,
  byteLength: v.nullable(whole(0, Number.MAX_SAFE_INTEGER)),
  video: v.nullable(videoFacts),
  audio: v.nullable(audioFacts),
});
const pageMedia: v.GenericSchema<unknown, PageMedia> = v.strictObject({
  kind: v.picklist(["video", "audio"]),
  source: text(textLimits.url),
  facts: v.nullable(mediaFacts),
  fault: v.nullable(text(textLimits.words)),
  isUsed: flag,
});

const opened: v.GenericSchema<unknown, OpenedComposition> = v.strictObject({
  ready: v.literal(true),
  url: text(textLimits.documentUrl),
  duration: declared(text(100)),
  size: declared(v.strictObject({ width: anyNumber, height: anyNumber })),
  frameRate: declared(frameRate),
  contract: v.picklist(["framewright", "__hf", "hyperframes", "none"]),
  access: v.picklist(["random", "sequential"]),
  isSingleCanvas: flag,
  crossOrigin: list(text(textLimits.url), listLimits.urls),
  adapters: list(text(textLimits.name), listLimits.names),
  isSecureContext: flag,
  hasDepthScene: flag,
  drawsWebGl: flag,
  media: list(pageMedia, listLimits.media),
  sound: v.picklist(["none", "declared", "played"]),
  warnings: list(text(textLimits.warning), listLimits.warnings),
});
const unready: v.GenericSchema<unknown, UnreadyComposition> = v.strictObject({
  ready: v.literal(false),
  url: text(textLimits.documentUrl),
  waitedFor: text(textLimits.words),
  failed: v.exactOptional(text(textLimits.words)),
  fault: v.exactOptional(text(textLimits.words)),
});

const framePlace: v.GenericSchema<unknown, FramePlace> = byKey<FramePlace>({
  handle: v.strictObject({ handle: frameIndex }),
  slot: v.strictObject({ slot: whole(0, 1_000) }),
});
const frameNotice: v.GenericSchema<unknown, FrameNotice> = v.strictObject({
  index: frameIndex,
  at: v.nullable(framePlace),
});
const shellRunEnd: v.GenericSchema<unknown, ShellRunEnd> = v.variant("ended", [
  v.strictObject({ ended: v.picklist(["complete", "stopped"]) }),
  v.strictObject({ ended: v.picklist(["seek-failed", "capture-failed"]), index: frameIndex, thrown: text(textLimits.words) }),
  v.strictObject({ ended: v.literal("navigated"), index: frameIndex, url: text(textLimits.url) }),
  v.strictObject({ ended: v.literal("depth-scene"), index: frameIndex }),
]);
const shellSample: v.GenericSchema<unknown, ShellSample<Bytes>> = byKey<ShellSample<Bytes>>({
  depthScene: v.strictObject({ depthScene: v.literal(true) }),
  navigatedTo: v.strictObject({ navigatedTo: text(textLimits.url) }),
  captureFailed: v.strictObject({ captureFailed: text(textLimits.words) }),
  averages: v.strictObject({ averages: base64(textLimits.averages) }),
});

const soundClip: v.GenericSchema<unknown, SoundClip> = v.strictObject({
  source: text(textLimits.url),
  start: signedSeconds,
  duration: seconds,
  mediaStart: signedSeconds,
  // What a page may set and no mixer plays is judged by `checkedScore`, in words for its author.
  playbackRate: finite(0, Number.MAX_VALUE),
  preservesPitch: flag,
  loopFrom: v.nullable(signedSeconds),
  gain: list(v.strictObject({ seconds: signedSeconds, gain: within(ranges.gain) }), listLimits.gainPoints),
});
const heardScore: v.GenericSchema<unknown, HeardScore> = v.strictObject({
  clips: list(soundClip, ranges.clips.most),
  pieces: whole(0, ranges.soundPieces.most),
});
const heardEnd: v.GenericSchema<unknown, HeardEnd> = byKey<HeardEnd>({
  navigatedTo: v.strictObject({ navigatedTo: text(textLimits.url) }),
  heardFrames: v.strictObject({ heardFrames: frameIndex }),
  clips: heardScore,
});
const heardPiece: v.GenericSchema<unknown, HeardPiece<Bytes>> = v.pipe(
  v.strictObject({
    sampleRate: within(ranges.sampleRate),
    start: signedSeconds,
    continues: flag,
    channels: v.pipe(list(base64(charactersOf(PIECE_BYTES)), ranges.channels.most), v.minLength(1, "must have a channel")),
  }),
  v.check(({ channels }) => channels.every(({ length }) => length === channels[0]!.length), "channels must be equally long"),
);

const encodedChunk: v.GenericSchema<unknown, EncodedChunk<Bytes>> = v.strictObject({
  isKey: flag,
  data: base64(textLimits.chunk),
  description: v.exactOptional(base64(1_000_000)),
  codec: v.exactOptional(v.pipe(text(100), v.regex(/^[\w.-]+$/, "must be a codec string"))),
});
const encoderNotice: v.GenericSchema<unknown, EncoderNotice<Bytes>> = byKey<EncoderNotice<Bytes>>({
  fault: v.strictObject({ fault: text(textLimits.words) }),
  chunk: v.strictObject({ chunk: encodedChunk }),
});
const encodedSound: v.GenericSchema<unknown, EncodedSound<Bytes>> = v.strictObject({
  data: base64(textLimits.chunk),
  samples: whole(0, 10_000_000),
  description: v.exactOptional(base64(1_000_000)),
});

const askedOfHost: v.GenericSchema<unknown, AskedOfHost> = v.strictObject({
  id: text(100),
  question: v.variant("ask", [
    v.strictObject({ ask: v.literal("reader") }),
    v.strictObject({ ask: v.literal("facts"), source: text(textLimits.url) }),
    v.strictObject({ ask: v.literal("learned"), facts: mediaFacts }),
    v.strictObject({ ask: v.literal("feed"), facts: mediaFacts }),
    v.strictObject({ ask: v.literal("failed"), injector: text(100), source: text(textLimits.url), why: text(textLimits.words) }),
    v.strictObject({ ask: v.literal("injector"), injector: text(100), source: text(textLimits.url), question: v.unknown() }),
  ]),
});

const count = whole(0, Number.MAX_SAFE_INTEGER);
const cacheStatistics: v.GenericSchema<unknown, FrameCacheStatistics> = v.strictObject({
  ...{ budgetBytes: count, entries: count, bytes: count, peakBytes: count },
  ...{ hits: count, misses: count, evictions: count, rejections: count },
});

const canaryLook: v.GenericSchema<unknown, CanaryLook> = v.strictObject({
  colors: list(list(finite(0, 255), 4), 100),
  isDamaged: flag,
});

const pageMix: v.GenericSchema<unknown, PageMixAnswer<Bytes>> = byKey<PageMixAnswer<Bytes>>({
  fault: v.strictObject({ source: text(textLimits.url), fault: text(textLimits.words) }),
  // Five seconds of two channels.
  samples: v.strictObject({ samples: v.nullable(base64(charactersOf(5 * 48_000 * 2 * 4))) }),
});

/** Checks of answers to what is evaluated. */
export interface PageAnswers {
  readonly opened: ReadPageValue<OpenedComposition | UnreadyComposition>;
  readonly seekEnd: ReadPageValue<SeekEnd>;
  readonly runEnd: ReadPageValue<ShellRunEnd>;
  readonly sample: ReadPageValue<ShellSample<Bytes>>;
  /** Of a picture. */
  readonly averages: ReadPageValue<Bytes>;
  readonly heard: ReadPageValue<HeardEnd | "reload">;
  readonly piece: ReadPageValue<HeardPiece<Bytes>>;
  readonly words: ReadPageValue<string | null>;
  readonly flag: ReadPageValue<boolean>;
  readonly origin: ReadPageValue<string>;
  readonly slot: ReadPageValue<number>;
  readonly canary: ReadPageValue<CanaryLook>;
  readonly codec: ReadPageValue<string | null>;
  readonly encodedSounds: ReadPageValue<readonly EncodedSound<Bytes>[]>;
  /** Of a media file: at most as many as were asked for. */
  bytes(most: number): ReadPageValue<Bytes>;
  readonly cacheStatistics: ReadPageValue<FrameCacheStatistics | null>;
  readonly mix: ReadPageValue<PageMixAnswer<Bytes>>;
}

export const pageAnswers: PageAnswers = {
  opened: reader<OpenedComposition | UnreadyComposition>(v.variant("ready", [opened as never, unready as never])),
  seekEnd: reader<SeekEnd>(v.picklist(["done", "reload", "navigated"])),
  runEnd: reader(shellRunEnd),
  sample: reader(shellSample),
  averages: reader(base64(textLimits.averages)),
  heard: reader<HeardEnd | "reload">(v.lazy((said) => (typeof said === "string" ? v.literal("reload") : heardEnd))),
  piece: reader(heardPiece),
  words: reader(v.nullable(text(textLimits.words))),
  flag: reader(flag),
  origin: reader(text(textLimits.url)),
  slot: reader(whole(0, 1_000)),
  canary: reader(canaryLook),
  codec: reader(v.nullable(text(100))),
  encodedSounds: reader<readonly EncodedSound<Bytes>[]>(list(encodedSound, 10_000)),
  bytes: (most) => reader(base64(charactersOf(most))),
  cacheStatistics: reader(v.nullable(cacheStatistics)),
  mix: reader(pageMix),
};

/** The functions of the host that pages can call, by the names that they have there. */
export const pageBindings: {
  frame(name: string): PageBinding<FrameNotice>;
  chunk(name: string): PageBinding<EncoderNotice<Bytes>>;
  warning(name: string): PageBinding<string>;
  question(name: string): PageBinding<AskedOfHost>;
} = {
  frame: (name) => ({ name, limitCharacters: textLimits.frame, read: reader(frameNotice) }),
  chunk: (name) => ({ name, limitCharacters: textLimits.chunk + 1_500_000, read: reader(encoderNotice) }),
  warning: (name) => ({ name, limitCharacters: textLimits.warning, isText: true, read: reader(text(textLimits.warning)) }),
  question: (name) => ({ name, limitCharacters: textLimits.question, read: reader(askedOfHost) }),
};

function reader<Value>(schema: v.GenericSchema<unknown, Value>): ReadPageValue<Value> {
  return (value) => {
    const parsed = v.safeParse(schema, value, { abortEarly: true });
    if (parsed.success) return parsed.output;
    throw new TypeError(describeIssue(parsed.issues[0]));
  };
}

/** Says where a value is wrong and how, with the value cut short. */
function describeIssue(issue: v.BaseIssue<unknown>): string {
  const path: string = (v.getDotPath(issue) ?? "the value").slice(0, 100);
  const received: string = issue.received.slice(0, 80);
  const isUnknown: boolean = issue.type === "strict_object" && issue.expected === "never";
  return isUnknown ? `${path} is not expected` : `${path} is ${received}: ${issue.message.slice(0, 200)}`;
}
