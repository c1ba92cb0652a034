import { chmod, link, readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ffmpegMix, type FfmpegMixOptions } from "../../src/audio/ffmpeg-mix.ts";
import type { MediaFacts } from "../../src/core/media.ts";
import type { MixContext, MixedSound, MixRequest, SoundClip, SoundRecording } from "../../src/core/sound.ts";
import { isRoot, mountMemory } from "../support/mounts.ts";
import { descendants } from "../support/processes.ts";
import { scratch, type Scratch } from "../support/render.ts";
import { fullBuilds, limitedBuild } from "../support/ffmpeg-builds.ts";
import {
  amplitudeOf,
  channelOf,
  chirpAt,
  chirpDelay,
  decibels,
  differences,
  frequencyOf,
  peakOf,
  samplesOf,
  tone,
  writeSound,
  type Wave,
} from "../support/tones.ts";
import { runFfmpeg } from "../support/video-frames.ts";

const RATE = 48_000;
const MILLISECOND: number = RATE / 1000;

function clip(source: string, differing: Partial<SoundClip> = {}): SoundClip {
  const plain: Omit<SoundClip, "source"> = {
    start: 0,
    duration: 1,
    mediaStart: 0,
    playbackRate: 1,
    preservesPitch: true,
    loopFrom: null,
    gain: [],
  };
  return { ...plain, source, ...differing };
}

interface Setting extends FfmpegMixOptions {
  readonly seconds?: number;
  readonly loudness?: number | null;
  readonly recordings?: readonly SoundRecording[];
  readonly context?: Partial<MixContext>;
}

interface Mix {
  readonly left: Float32Array;
  readonly right: Float32Array;
  readonly facts: MixedSound["facts"];
  readonly warnings: readonly string[];
}

/** Sources are paths. */
function open(
  clips: readonly SoundClip[],
  { seconds = 4, loudness = null, recordings = [], context = {}, ...options }: Setting,
  warn: (reason: string) => void,
): Promise<MixedSound> {
  const request: MixRequest = { score: { clips, recordings }, sampleCount: Math.round(seconds * RATE), loudness };
  const page = null as unknown as MixContext["page"];
  const { signal } = new AbortController();
  return ffmpegMix(options).mix(request, {
    path: async (source) => source,
    facts: () => null,
    page,
    signal,
    inactivityTimeoutMs: 20_000,
    warn,
    ...context,
  });
}

async function mixed(clips: readonly SoundClip[], setting: Setting = {}): Promise<Mix> {
  const warnings: string[] = [];
  await using sound = await open(clips, setting, (reason) => void warnings.push(reason));
  const samples: Float32Array = await sound.read(0, sound.sampleCount);
  expect(samples).toHaveLength(sound.sampleCount * 2);
  return { left: channelOf(samples, 0), right: channelOf(samples, 1), facts: sound.facts, warnings };
}

/** What a mix fails with, and what it leaves in its folder. */
async function failure(clips: readonly SoundClip[], setting: Setting = {}): Promise<unknown> {
  await using place = await scratch();
  const thrown: unknown = await mixed(clips, { folder: place.folder, ...setting }).then(
    () => null,
    (fault: unknown) => fault,
  );
  expect(await place.list()).toEqual([]);
  return thrown;
}

let place: Scratch;
beforeAll(async () => {
  place = await scratch();
});
afterAll(() => place[Symbol.asyncDispose]());

/** Both waves, one after the other. */
const then =
  (first: Wave, second: Wave): Wave =>
  (seconds) => {
    const [one, other] = [first(seconds), second(seconds)];
    return [one[0] + other[0], one[1] + other[1]];
  };
/** Silence, a chirp at 1 s, and a tone of 1 kHz from 2 s on. */
const song: Wave = then(chirpAt(1), (seconds) => (seconds < 2 ? [0, 0] : tone(1000)(seconds)));

describe("a clip at its own rate", () => {
  it("is the file's samples, in their place, with silence around them", async () => {
    const wave: Wave = (seconds) => [Math.sin(seconds * 3_000), Math.cos(seconds * 2_000) / 2];
    const source: string = await writeSound(place.path("plain.wav"), wave, 3);
    const { left, right, facts, warnings } = await mixed([clip(source, { start: 0.5, mediaStart: 1.25, duration: 1.5 })], {
      seconds: 3.001,
    });
    const samples: Float32Array = samplesOf(wave, 3);
    for (const [heard, channel] of [
      [left, 0],
      [right, 1],
    ] as const) {
      const wanted = new Float32Array(144_048);
      wanted.set(channelOf(samples, channel).subarray(60_000, 132_000), 24_000);
      expect(differences(heard, wanted)).toBe(0);
    }
    expect(warnings).toEqual([]);
    expect(facts).toMatchObject({ mixer: "ffmpeg-mix", clips: 1, recordings: 0 });
    expect(facts.peak).toBeCloseTo(1, 3);
  });

  it("may begin before the video and end after it, and is silent past the end of its file", async () => {
    const source: string = await writeSound(place.path("short.wav"), tone(1000), 2);
    const wanted: Float32Array = channelOf(samplesOf(tone(1000), 2), 0);
    const around = await mixed([clip(source, { start: -0.5, duration: 10 })], { seconds: 1 });
    expect(differences(around.left, wanted.subarray(24_000, 72_000))).toBe(0);
    const past = await mixed([clip(source, { duration: 3 })], { seconds: 3 });
    expect(differences(past.left.subarray(0, 96_000), wanted)).toBe(0);
    expect(peakOf(past.left, 2, 3)).toBe(0);
    expect(past.warnings).toEqual([]);
  });

  it("adds up with others, and with what is a stretch of the same file", async () => {
    const source: string = await writeSound(place.path("sum.wav"), tone(1000, 0.25), 2);
    const { left } = await mixed([clip(source), clip(source, { start: 0.5 }), clip(source, { mediaStart: 1 })], { seconds: 2 });
    const levels: readonly number[] = [0.1, 0.6, 1.1, 1.6].map((from) => amplitudeOf(left, 1000, from, from + 0.3));
    for (const [at, wanted] of [0.5, 0.75, 0.25, 0].entries()) expect(levels[at]).toBeCloseTo(wanted, 3);
  });

  it("is heard on both sides at full level where it has one channel, and of five as browsers mix them", async () => {
    const mono: string = await writeSound(place.path("mono.wav"), tone(1000), 1, ["-af", "pan=mono|c0=c0", "-ar", "44100"]);
    const one: Mix = await mixed([clip(mono)], { seconds: 1 });
    expect(differences(one.left, one.right)).toBe(0);
    expect(decibels(amplitudeOf(one.left, 1000, 0.1, 0.9) / 0.5)).toBeCloseTo(0, 1);
    const five: string = place.path("five.wav");
    // The centre plays 500 Hz, the right back 700 Hz, the bass 90 Hz.
    const parts = "0|0|0.5*sin(2*PI*500*t)|0.5*sin(2*PI*90*t)|0|0.5*sin(2*PI*700*t)";
    await runFfmpeg(["-f", "lavfi", "-i", `aevalsrc=${parts}:c=5.1:d=1:s=48000`, five]);
    const { left, right } = await mixed([clip(five)], { seconds: 1 });
    const level = (channel: Float32Array, frequency: number): number => amplitudeOf(channel, frequency, 0.1, 0.9) / 0.5;
    expect(decibels(level(left, 500))).toBeCloseTo(-3, 1);
    expect(decibels(level(right, 500))).toBeCloseTo(-3, 1);
    expect(decibels(level(right, 700))).toBeCloseTo(-3, 1);
    expect([level(left, 700), level(left, 90), level(right, 90)].every((one) => one < 0.001)).toBe(true);
  });
});

/** Files as they are met, each with the arguments that make it. */
const formats: readonly (readonly [name: string, args: readonly string[]])[] = [
  ["stereo.wav", []],
  ["cd.wav", ["-ar", "44100", "-c:a", "pcm_s16le"]],
  ["mono.mp3", ["-af", "pan=mono|c0=c0", "-ar", "44100", "-c:a", "libmp3lame", "-b:a", "96k"]],
  ["variable.mp3", ["-c:a", "libmp3lame", "-q:a", "2"]],
  ["aac.m4a", ["-ar", "44100", "-c:a", "aac", "-b:a", "160k"]],
  ["opus.webm", ["-c:a", "libopus", "-b:a", "128k"]],
  ["opus.ogg", ["-c:a", "libopus", "-b:a", "128k"]],
  ["vorbis.ogg", ["-c:a", "libvorbis", "-q:a", "5"]],
  ["flac.flac", ["-ar", "44100", "-c:a", "flac"]],
];

describe("a clip of a file", () => {
  it.each(formats)("%s: comes within a millisecond, at its level, with each ffmpeg", async (name, args) => {
    const source: string = await writeSound(place.path(name), song, 4, args);
    for (const { executablePath } of await fullBuilds()) {
      const { left, right, warnings } = await mixed([clip(source, { start: 0.5, mediaStart: 0.25, duration: 3.5 })], { executablePath });
      for (const channel of [left, right]) {
        expect(Math.abs(chirpDelay(channel, 1.25))).toBeLessThanOrEqual(MILLISECOND);
        expect(Math.abs(decibels(amplitudeOf(channel, 1000, 2.5, 3.5) / 0.5))).toBeLessThan(0.5);
        expect(peakOf(channel, 0, 0.5)).toBe(0);
      }
      expect(warnings).toEqual([]);
    }
  });

  it("with pictures plays its sound, also where that begins later than they do, and ends before them", async () => {
    const source: string = place.path("video.mp4");
    const wav: string = await writeSound(place.path("of-video.wav"), song, 3);
    const pictures = ["-f", "lavfi", "-i", "testsrc=d=5:s=64x64:r=25"];
    await runFfmpeg([...pictures, "-itsoffset", "0.7", "-i", wav, "-c:v", "libx264", "-c:a", "aac", "-y", source]);
    for (const { executablePath } of await fullBuilds()) {
      const { left, warnings } = await mixed([clip(source, { duration: 5 })], { executablePath, seconds: 5 });
      expect(Math.abs(chirpDelay(left, 1.7))).toBeLessThanOrEqual(MILLISECOND);
      expect(Math.abs(decibels(amplitudeOf(left, 1000, 2.8, 3.6) / 0.5))).toBeLessThan(0.5);
      expect(peakOf(left, 3.8, 5)).toBe(0);
      expect(warnings).toEqual([]);
    }
  });

  it.each(formats.filter(([name]) => name !== "stereo.wav"))("%s: is as exact far inside", async (name, args) => {
    const source: string = await writeSound(place.path(`long-${name}`), chirpAt(40), 42, args);
    const { left } = await mixed([clip(source, { start: 0.25, mediaStart: 39.5 })], { seconds: 2 });
    expect(Math.abs(chirpDelay(left, 0.75))).toBeLessThanOrEqual(MILLISECOND);
  });

  it.each(["a b.wav", 'it\'s "loud".wav', "100%d %20.wav", "音乐 🎵.wav", "-y.wav", "a:b,c;d[e].wav", "new\nline.wav"])(
    "is found under the name %j",
    async (name) => {
      const source: string = await writeSound(place.path(name), tone(1000), 1);
      const { left } = await mixed([clip(source)], { seconds: 1 });
      expect(amplitudeOf(left, 1000, 0, 1)).toBeCloseTo(0.5, 3);
    },
  );
});

describe("a clip at another rate", () => {
  it.each([0.1, 0.5, 0.8, 1.25, 2, 5])("%d: keeps its pitch, begins and ends in its place, at its level", async (playbackRate) => {
    const source: string = await writeSound(place.path(`pitch-${playbackRate}.wav`), tone(1000), 12);
    const { left } = await mixed([clip(source, { start: 0.5, duration: 2, mediaStart: 0.5, playbackRate })], { seconds: 3 });
    expect(frequencyOf(left, 0.7, 2.4) / 1000).toBeCloseTo(1, 2);
    expect(Math.abs(decibels(amplitudeOf(left, frequencyOf(left, 1, 1.1), 1, 1.1) / 0.5))).toBeLessThan(0.5);
    expect(peakOf(left, 0, 0.5)).toBe(0);
    expect(peakOf(left, 0.5, 0.501)).toBeGreaterThan(0.45);
    expect(peakOf(left, 2.499, 2.5)).toBeGreaterThan(0.45);
    expect(peakOf(left, 2.5, 3)).toBe(0);
  });

  it.each([0.1, 0.5, 1.1, 2, 5])("%d: plays as high as it is fast where it shall", async (playbackRate) => {
    const source: string = await writeSound(place.path(`free-${playbackRate}.wav`), then(tone(1000), chirpAt(5)), 12);
    const { left } = await mixed([clip(source, { start: 0.5, duration: 2, playbackRate, preservesPitch: false })], { seconds: 3 });
    const [from, to] = [0.6, Math.min(2.4, 0.5 + 4.9 / playbackRate)];
    expect(frequencyOf(left, from, to) / (1000 * playbackRate)).toBeCloseTo(1, 3);
    expect(Math.abs(decibels(amplitudeOf(left, 1000 * playbackRate, from, from + 0.2) / 0.5))).toBeLessThan(0.5);
    expect([peakOf(left, 0, 0.5), peakOf(left, 2.5, 3)]).toEqual([0, 0]);
  });
});

describe("a loop", () => {
  /** 480 Hz goes through 480 periods in a second: a seam that is off by a sample shows. */
  const hum: Wave = tone(480);

  it.each([
    ["loop.wav", ["-c:a", "pcm_f32le"], 1e-6],
    ["loop.flac", ["-ar", "44100", "-c:a", "flac"], 0.02],
    ["loop.mp3", ["-c:a", "libmp3lame", "-b:a", "192k"], 0.05],
    ["loop.webm", ["-c:a", "libopus", "-b:a", "160k"], 0.05],
  ] as const)("of %s has no seam", async (name, args, tolerance) => {
    const source: string = await writeSound(place.path(name), hum, 1, args);
    const { left } = await mixed([clip(source, { start: 0.5, duration: 3.25, loopFrom: 0 })]);
    const wanted: Float32Array = channelOf(samplesOf(hum, 3.25), 0);
    const errors: Float32Array = wanted.map((sample, at) => Math.abs(sample - left[24_000 + at]!));
    // Codecs take a moment from silence to sound: that is at the first beginning.
    expect(peakOf(errors, 0.1, 3.25)).toBeLessThan(tolerance);
    expect(peakOf(left, 3.75, 4)).toBe(0);
  });

  it("begins anew where it shall, after another beginning", async () => {
    const source: string = await writeSound(place.path("part.wav"), (seconds) => [seconds / 2, -seconds / 2], 1);
    const { left } = await mixed([clip(source, { mediaStart: 0.25, duration: 2, loopFrom: 0.5 })], { seconds: 2 });
    const mediaSeconds = (at: number): number => (at < 0.75 ? at + 0.25 : 0.5 + ((at - 0.75) % 0.5));
    for (const at of [0, 0.3, 0.74, 0.76, 1.2, 1.26, 1.9]) expect(left[Math.round(at * RATE)]).toBeCloseTo(mediaSeconds(at) / 2, 4);
  });

  it("goes on at another rate", async () => {
    const source: string = await writeSound(place.path("fast.wav"), hum, 1);
    const { left } = await mixed([clip(source, { duration: 3, playbackRate: 2, preservesPitch: false, loopFrom: 0 })], { seconds: 3 });
    expect(frequencyOf(left, 0.1, 2.9)).toBeCloseTo(960, 1);
    const fit: readonly number[] = [0.1, 0.45, 0.95, 1.45].map((from) => amplitudeOf(left, 960, from, from + 0.1));
    for (const level of fit) expect(level).toBeCloseTo(0.5, 2);
  });

  it("of a video lasts as long as its pictures", async () => {
    const source: string = place.path("looped.mp4");
    const wav: string = await writeSound(place.path("of-loop.wav"), chirpAt(0.25), 0.75);
    await runFfmpeg(["-f", "lavfi", "-i", "testsrc=d=1.2:s=64x64:r=25", "-i", wav, "-c:v", "libx264", "-c:a", "aac", "-y", source]);
    const video = {
      codec: "avc1",
      size: { width: 64, height: 64 },
      rotation: 0,
      hasAlpha: false,
      tickSeconds: 1 / 12_800,
      frameRate: 25,
      decodesInPage: true,
    } as const;
    const facts: MediaFacts = { source, durationSeconds: 1.2, byteLength: null, video, audio: null };
    const { left } = await mixed([clip(source, { duration: 4, loopFrom: 0 })], { context: { facts: () => facts } });
    for (const start of [0.25, 1.45, 2.65]) expect(Math.abs(chirpDelay(left, start))).toBeLessThanOrEqual(MILLISECOND);
  });
});

describe("levels", () => {
  it("follow fades and keyframes, step where they step, and are silence where they are 0", async () => {
    const source: string = await writeSound(place.path("even.wav"), () => [0.5, -0.5], 4);
    const gain = [
      { seconds: 0.5, gain: 0 },
      { seconds: 1.5, gain: 1 },
      { seconds: 2, gain: 1 },
      { seconds: 2, gain: 0.25 },
      { seconds: 3, gain: 0.75 },
      { seconds: 3, gain: 0 },
    ];
    const { left, right } = await mixed([clip(source, { start: 0.25, duration: 3.5, gain })]);
    for (const [seconds, level] of [
      [0.4, 0],
      [0.75, 0.25],
      [1, 0.5],
      [1.25, 0.75],
      [1.75, 1],
      [2.2, 0.35],
      [2.5, 0.5],
    ] as const)
      expect(left[Math.round(seconds * RATE)]).toBeCloseTo(level / 2, 5);
    expect([left[95_999], left[96_000], left[143_999]].map((one) => Math.round(one! * 1000))).toEqual([500, 125, 375]);
    expect([peakOf(left, 0, 0.5), peakOf(left, 3, 4)]).toEqual([0, 0]);
    expect(
      differences(
        right,
        left.map((one) => -one),
      ),
    ).toBe(0);
  });

  it("of a muted clip are exact silence, and its file is not looked for", async () => {
    const { left, right, facts } = await mixed([clip("/nowhere.mp3", { gain: [{ seconds: 0, gain: 0 }] })], { seconds: 1 });
    expect([peakOf(left, 0, 1), peakOf(right, 0, 1)]).toEqual([0, 0]);
    expect(facts).toEqual({ mixer: "ffmpeg-mix", clips: 0, recordings: 0, loudness: null, peak: 0 });
  });

  it("above full scale are cut off, with one warning that says by how much", async () => {
    const source: string = await writeSound(place.path("loud.wav"), tone(1000, 0.9), 1);
    const { left, facts, warnings } = await mixed([clip(source, { gain: [{ seconds: 0, gain: 2 }] })], { seconds: 1 });
    expect(facts.peak).toBeCloseTo(1.8, 3);
    expect(peakOf(left, 0, 1)).toBe(1);
    expect(warnings).toEqual([expect.stringContaining("5.1 dB above full scale")]);
  });

  it("survive samples that are no numbers", async () => {
    const source: string = await writeSound(place.path("sound.wav"), tone(1000, 0.25), 1);
    const broken: string = place.path("nan.wav");
    const bytes: Buffer = await readFile(source);
    bytes.fill(0xff, bytes.length - 4_000);
    await writeFile(broken, bytes);
    const { left } = await mixed([clip(source), clip(broken)], { seconds: 1 });
    expect(left.every((one) => Number.isFinite(one))).toBe(true);
    expect(amplitudeOf(left, 1000, 0, 0.9)).toBeCloseTo(0.5, 3);
  });
});

describe("recordings", () => {
  it("at the rate of the mix are taken as they are", async () => {
    const wave: Wave = (seconds) => [Math.sin(seconds * 2_000) / 2, Math.sin(seconds * 3_000) / 2];
    const samples: Float32Array = samplesOf(wave, 1);
    const channels: readonly Float32Array[] = [channelOf(samples, 0), channelOf(samples, 1)];
    const { left, right, facts } = await mixed([], { seconds: 2, recordings: [{ sampleRate: RATE, channels, start: 0.5 }] });
    expect(differences(left.subarray(24_000, 72_000), channels[0]!) + differences(right.subarray(24_000, 72_000), channels[1]!)).toBe(0);
    expect([peakOf(left, 0, 0.5), peakOf(left, 1.5, 2)]).toEqual([0, 0]);
    expect(facts).toMatchObject({ clips: 0, recordings: 1 });
  });

  it.each([8_000, 44_100, 96_000])("at %d samples a second are brought to it", async (sampleRate) => {
    const mono: Float32Array = channelOf(
      samplesOf(
        then(chirpAt(0.5), (seconds) => (seconds < 1 ? [0, 0] : tone(1000)(seconds))),
        2,
        sampleRate,
      ),
      0,
    );
    const { left, right } = await mixed([], { seconds: 3, recordings: [{ sampleRate, channels: [mono], start: 0.25 }] });
    expect(differences(left, right)).toBe(0);
    expect(Math.abs(chirpDelay(left, 0.75))).toBeLessThanOrEqual(2);
    expect(Math.abs(decibels(amplitudeOf(left, 1000, 1.5, 2) / 0.5))).toBeLessThan(0.1);
    expect(peakOf(left, 2.25, 3)).toBe(0);
  });
});

/** What ffmpeg's own meter says of a file. */
async function measured(path: string): Promise<{ readonly lufs: number; readonly peakDb: number }> {
  const filters = "ebur128=metadata=1:peak=true:framelog=verbose,ametadata=print:file=-";
  const text: string = Buffer.from(await runFfmpeg(["-i", `file:${path}`, "-af", filters, "-f", "null", "-"])).toString();
  const last = (key: RegExp): number[] => [...text.matchAll(key)].map(([, value]) => Number(value));
  return { lufs: last(/r128\.I=(.*)/g).at(-1)!, peakDb: decibels(Math.max(...last(/true_peaks_ch\d=(.*)/g))) };
}

describe("a loudness", () => {
  /** Loud and quiet by turns, over several frequencies. */
  const music: Wave = (seconds) => {
    const level: number = (seconds % 2 < 1 ? 0.2 : 0.05) * (Math.sin(2000 * seconds) + Math.sin(700 * seconds) + Math.sin(9000 * seconds));
    return [level, level / 2];
  };

  it.each([-14, -23, -36])("of %d LUFS is come to by one gain, as ffmpeg measures it", async (loudness) => {
    const source: string = await writeSound(place.path(`music${loudness}.wav`), music, 6);
    const before: Mix = await mixed([clip(source, { duration: 6 })], { seconds: 6 });
    await using sound = await open([clip(source, { duration: 6 })], { seconds: 6, loudness }, (reason) => expect.fail(reason));
    const { lufs, peakDb } = await measured(sound.path!);
    expect(Math.abs(lufs - loudness)).toBeLessThan(0.1);
    expect(sound.facts.loudness).toBeCloseTo(lufs, 1);
    expect(peakDb).toBeLessThan(-1);
    const after: Float32Array = channelOf(await sound.read(0, sound.sampleCount), 0);
    const gain: number = after[10_000]! / before.left[10_000]!;
    expect(after.every((one, at) => Math.abs(one - before.left[at]! * gain) < 1e-6)).toBe(true);
  });

  it("is measured, and nothing changed, where none is asked for", async () => {
    const source: string = await writeSound(place.path("music.wav"), music, 6);
    await using sound = await open([clip(source, { duration: 6 })], { seconds: 6 }, (reason) => expect.fail(reason));
    expect(sound.facts.loudness).toBeCloseTo((await measured(sound.path!)).lufs, 1);
    expect(differences(await sound.read(0, sound.sampleCount), samplesOf(music, 6))).toBe(0);
  });

  it("that peaks do not allow is come near to, and a warning says how near", async () => {
    // Swells, for a sound that begins at once has peaks of the filter that looks for them.
    const swells: Wave = (seconds) => tone(11_025, 0.9 * Math.sin(Math.PI * seconds) ** 200 + 0.01)(seconds);
    const source: string = await writeSound(place.path("peaks.wav"), swells, 4);
    const warn = vi.fn<(reason: string) => void>();
    await using sound = await open([clip(source, { duration: 4 })], { loudness: -6 }, warn);
    const { lufs, peakDb } = await measured(sound.path!);
    expect(Math.abs(peakDb + 1)).toBeLessThan(0.3);
    expect(warn.mock.calls).toEqual([[expect.stringContaining(`came to ${sound.facts.loudness!.toFixed(1)} LUFS, not to -6`)]]);
    expect(sound.facts.loudness).toBeCloseTo(lufs, 1);
  });

  it("cannot be had of silence, which a warning says", async () => {
    const { facts, warnings } = await mixed([], { loudness: -16 });
    expect(facts.loudness).toBeNull();
    expect(warnings).toEqual([expect.stringContaining("could not be brought to -16 LUFS")]);
  });
});

describe("the finished mix", () => {
  it("is a WAV file that ffmpeg reads, as long as was asked to the sample, and goes with its folder", async () => {
    await using folder = await scratch();
    const source: string = await writeSound(place.path("file.wav"), tone(1000), 2);
    {
      await using sound = await open([clip(source)], { seconds: 1 + 1 / RATE, folder: folder.folder }, (reason) => expect.fail(reason));
      const bytes: Uint8Array = await runFfmpeg(["-i", sound.path!, "-f", "f32le", "-c:a", "pcm_f32le", "pipe:1"]);
      expect(bytes).toHaveLength((RATE + 1) * 8);
      expect(differences(new Float32Array(Uint8Array.from(bytes).buffer), await sound.read(0, RATE + 1))).toBe(0);
      expect(await sound.read(500, 510)).toEqual(samplesOf(tone(1000), 1).subarray(1000, 1020));
      // What went into it is gone already.
      expect((await readdir(`${folder.folder}/${(await folder.list())[0]}`)).toSorted()).toEqual([".framewright-owner.json", "mix.wav"]);
    }
    expect(await folder.list()).toEqual([]);
  });

  it("is the same, bit for bit, however many run at the same time", async () => {
    const sources: string[] = [];
    for (const [name, frequency] of [
      ["one.mp3", 333],
      ["two.mp3", 777],
      ["three.mp3", 1234],
    ] as const)
      sources.push(await writeSound(place.path(name), tone(frequency, 0.3), 2, ["-c:a", "libmp3lame"]));
    const clips: readonly SoundClip[] = sources.flatMap((source, at) => [
      clip(source, { start: at / 3, duration: 2 }),
      clip(source, { playbackRate: 1.5 }),
    ]);
    const [alone, together]: readonly Mix[] = [await mixed(clips, { processes: 1 }), await mixed(clips, { processes: 6 })];
    expect(differences(together!.left, alone!.left)).toBe(0);
  });
});

describe("a file that cannot be heard", () => {
  const unreadable = (source: string, why: RegExp | string): unknown =>
    expect.objectContaining({ code: "media-unreadable", details: { source, why: expect.stringMatching(why) as string } });

  it.each([
    ["missing.mp3", null, /^there is no such file$/],
    ["zero.mp3", "", /^it is empty$/],
    ["text.mp4", "This is no video at all, but some text.\n".repeat(50), /^ffmpeg says: /],
    ["text.wav", "This is no sound at all, but some text.\n".repeat(50), /^ffmpeg says: /],
    ["list.mp3", "ffconcat version 1.0\nfile other.mp3\n", /^ffmpeg says: .*whitelist/],
  ] as const)("is refused: %s", async (name, text, why) => {
    const source: string = place.path(name);
    if (text !== null) await writeFile(source, text);
    for (const { executablePath } of await fullBuilds())
      expect(await failure([clip(source)], { executablePath })).toEqual(unreadable(source, why));
  });

  it("is refused where it is a folder, and a video without sound", async () => {
    expect(await failure([clip(place.folder)])).toEqual(unreadable(place.folder, /^it is no file$/));
    const source: string = place.path("silent.mp4");
    await runFfmpeg(["-f", "lavfi", "-i", "testsrc=d=1:s=64x64:r=25", "-c:v", "libx264", "-y", source]);
    for (const { executablePath } of await fullBuilds())
      expect(await failure([clip(source)], { executablePath })).toEqual(unreadable(source, /^it has no sound$/));
  });

  /** Noise, which no codec makes small: half of the bytes are half of the sound. */
  const noise: Wave = () => [Math.random() - 0.5, Math.random() - 0.5];

  it.each([
    ["cut.wav", ["-c:a", "pcm_s16le"]],
    ["cut.mp3", ["-c:a", "libmp3lame"]],
    ["cut.m4a", ["-c:a", "aac", "-movflags", "+faststart"]],
    ["cut.webm", ["-c:a", "libopus"]],
    ["cut.flac", ["-c:a", "flac"]],
  ] as const)("is refused where its end is missing: %s", async (name, args) => {
    const source: string = await writeSound(place.path(name), noise, 4, args);
    const { length } = await readFile(source);
    await truncate(source, Math.round(length * 0.6) + 1);
    for (const { executablePath } of await fullBuilds())
      expect(await failure([clip(source, { duration: 4 })], { executablePath })).toEqual(
        unreadable(source, /^its sound breaks off after 2\.\d+/),
      );
    // What is needed of it is there.
    const { left } = await mixed([clip(source, { duration: 1 })], { seconds: 1 });
    expect(peakOf(left, 0.8, 1)).toBeGreaterThan(0.3);
  });

  it("is refused where its headers are missing with its end", async () => {
    const source: string = await writeSound(place.path("headless.m4a"), noise, 2, ["-c:a", "aac"]);
    await truncate(source, 10_000);
    expect(await failure([clip(source)])).toEqual(unreadable(source, /moov atom not found/));
  });

  it("is heard with a warning where a part of it is damaged", async () => {
    const source: string = await writeSound(place.path("hurt.flac"), song, 4, ["-c:a", "flac"]);
    const bytes: Buffer = await readFile(source);
    const middle: number = Math.round(bytes.length / 2);
    bytes.fill(0x55, middle, middle + 200);
    await writeFile(source, bytes);
    const { left, warnings } = await mixed([clip(source, { duration: 4 }), clip(source, { duration: 4 })]);
    expect(Math.abs(decibels(amplitudeOf(left, 1000, 3.5, 4)))).toBeLessThan(0.5);
    expect(warnings).toEqual([expect.stringContaining(`"${source}" is damaged, and may sound wrong: ffmpeg says: `)]);
  });

  it("ends the mix at once, and is named whoever else is on the way", async () => {
    const source: string = await writeSound(place.path("fine.wav"), tone(1000), 1);
    const clips: readonly SoundClip[] = Array.from({ length: 9 }, (_, at) =>
      clip(at === 5 ? place.path("absent.mp3") : source, { playbackRate: 1 + at / 10 }),
    );
    expect(await failure(clips, { processes: 4 })).toEqual(unreadable(place.path("absent.mp3"), /no such file/));
  });
});

describe("a mix that does not come to its end", () => {
  /** An ffmpeg that says who it is, and then does nothing. */
  async function hangingFfmpeg(): Promise<string> {
    const path: string = place.path("hanging-ffmpeg");
    await writeFile(path, '#!/bin/sh\n[ "$2" = -version ] && echo "ffmpeg version 5.1" && exit\nexec sleep 600\n');
    await chmod(path, 0o755);
    return path;
  }
  const sleepers = (): number => descendants().filter(({ commandLine }) => commandLine.includes("sleep 600")).length;

  it("is ended where ffmpeg falls silent, and names the file", async () => {
    const source: string = await writeSound(place.path("slow.wav"), tone(1000), 1);
    const setting: Setting = { executablePath: await hangingFfmpeg(), context: { inactivityTimeoutMs: 300 } };
    expect(await failure([clip(source)], setting)).toMatchObject({
      code: "sound-failed",
      details: { source, why: "ffmpeg did nothing for 300 ms" },
    });
    expect(sleepers()).toBe(0);
  });

  it("is stopped while ffmpeg runs", async () => {
    const source: string = await writeSound(place.path("stopped.wav"), tone(1000), 1);
    const stop = new AbortController();
    const going: Promise<unknown> = failure([clip(source), clip(place.path("slow.wav"))], {
      executablePath: await hangingFfmpeg(),
      processes: 2,
      context: { signal: stop.signal },
    });
    await vi.waitUntil(() => sleepers() === 2, { timeout: 10_000, interval: 5 });
    stop.abort("enough");
    expect(await going).toMatchObject({ code: "aborted" });
    expect(sleepers()).toBe(0);
  });

  it.each(["before it begins", "while a file is fetched", "while samples are added", "once all is decoded"])(
    "is stopped %s",
    async (when) => {
      const source: string = await writeSound(place.path("stop.wav"), tone(1000), 1);
      const stop = new AbortController();
      if (when === "before it begins") stop.abort();
      const path = async (): Promise<string> => {
        if (when !== "while a file is fetched") return source;
        stop.abort();
        return new Promise(() => {});
      };
      const facts = (): null => {
        // Asked for the second time when the file is decoded.
        if (when === "while samples are added" && asked++ === 1) stop.abort();
        return null;
      };
      let asked = 0;
      const recordings: readonly SoundRecording[] = [{ sampleRate: RATE, start: 0, channels: [new Float32Array(9_000_000)] }];
      const setting: Setting = {
        seconds: 120,
        recordings: when === "once all is decoded" ? recordings : [],
        context: { signal: stop.signal, path, facts },
      };
      const going: Promise<unknown> = failure(when === "once all is decoded" ? [] : [clip(source)], setting);
      if (when === "once all is decoded") setImmediate(() => stop.abort());
      expect(await going).toMatchObject({ code: "aborted" });
    },
  );

  it.runIf(isRoot)("is ended by a disk that is full: of what is decoded, and of the mix", async () => {
    await using disk = await mountMemory(place.path("disk"), "size=600k");
    const source: string = await writeSound(place.path("large.wav"), tone(1000), 4);
    expect(await failure([clip(source, { duration: 4 })], { folder: disk.folder })).toMatchObject({ code: "disk-full" });
    const channels: readonly Float32Array[] = [channelOf(samplesOf(tone(1000), 4), 0)];
    expect(await failure([], { folder: disk.folder, recordings: [{ sampleRate: RATE, channels, start: 0 }] })).toMatchObject({
      code: "disk-full",
    });
    expect(await readdir(disk.folder)).toEqual([]);
  });

  it("does not begin without a folder", async () => {
    expect(await failure([], { folder: place.path("no-such-folder") })).toMatchObject({ code: "sound-failed" });
  });
});

describe("two hundred tracks", () => {
  it("are all heard, with few processes at once", async () => {
    const first: string = await writeSound(place.path("track-0.mp3"), tone(1000, 0.002), 2, ["-c:a", "libmp3lame", "-b:a", "128k"]);
    const sources: readonly string[] = Array.from({ length: 200 }, (_, at) => place.path(`track-${at}.mp3`));
    for (const source of sources.slice(1)) await link(first, source);
    let most = 0;
    const timer: ReturnType<typeof setInterval> = setInterval(() => {
      most = Math.max(most, descendants().filter(({ commandLine }) => commandLine.includes("track-")).length);
    }, 100);
    await using folder = await scratch();
    const { left, facts } = await mixed(
      sources.map((source) => clip(source, { duration: 2 })),
      { seconds: 2, folder: folder.folder },
    );
    clearInterval(timer);
    expect(decibels(amplitudeOf(left, 1000, 0.5, 1.5) / 0.4)).toBeCloseTo(0, 0);
    expect(facts.clips).toBe(200);
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(Math.min(4, availableParallelism()));
  }, 400_000);
});

describe("the mixer", () => {
  it("says that it can with a full ffmpeg, and what a small one lacks", async () => {
    for (const { executablePath } of await fullBuilds())
      expect(await ffmpegMix({ executablePath }).probe({})).toMatchObject({ ok: true, details: { executablePath } });
    const { executablePath } = await limitedBuild();
    expect(await ffmpegMix({ executablePath }).probe({})).toMatchObject({
      ok: false,
      reasons: [expect.stringContaining("built without the output f32le")],
    });
  });

  it("says so where there is no ffmpeg", async () => {
    const executablePath: string = place.path("no-ffmpeg");
    expect(await ffmpegMix({ executablePath }).probe({})).toMatchObject({ ok: false, error: { code: "ffmpeg-missing" } });
    expect(await failure([], { executablePath })).toMatchObject({ code: "ffmpeg-missing" });
  });
});
