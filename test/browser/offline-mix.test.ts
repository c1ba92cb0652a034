import { execFile } from "node:child_process";
import { stat, truncate } from "node:fs/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { offlineMix } from "../../src/audio/offline-mix.ts";
import { htmlInCanvas } from "../../src/capture/html-in-canvas.ts";
import { screenshot } from "../../src/capture/screenshot.ts";
import { ringFile } from "../../src/browser/transport/ring-file.ts";
import type { Capture } from "../../src/core/capture.ts";
import type { MediaFacts } from "../../src/core/media.ts";
import { CHANNELS, SAMPLE_RATE, type MixContext, type MixedSound, type SoundClip, type SoundRecording } from "../../src/core/sound.ts";
import { findFfmpeg } from "../../src/ffmpeg/find.ts";
import { gaugePage, gaugeSize } from "../support/gauges.ts";
import { decibels, offset, onset, pitch, rms } from "../support/heard-samples.ts";
import { openCaptures, type OpenCaptures } from "../support/open-captures.ts";
import { scratch, type Scratch } from "../support/render.ts";

/** A second of silence and two of a tone at -6 dB, as each kind of file has it. */
const files = {
  "tone.wav": ["-c:a", "pcm_s16le"],
  "tone-44100.flac": ["-ar", "44100", "-c:a", "flac"],
  "tone.mp3": ["-c:a", "libmp3lame", "-b:a", "192k"],
  "tone.m4a": ["-c:a", "aac", "-b:a", "192k"],
  "tone.webm": ["-c:a", "libopus", "-b:a", "160k"],
  "tone-5.1.flac": ["-ac", "6", "-c:a", "flac"],
} as const;

const TONE = "aevalsrc=0.5*sin(2*PI*1000*t)*gte(t\\,1):s=48000:d=3";

let folder: Scratch;
let open: OpenCaptures;
let base: string;

beforeAll(async () => {
  folder = await scratch();
  const { executablePath } = await findFfmpeg();
  const make = (source: string, args: readonly string[], name: string) =>
    promisify(execFile)(executablePath, ["-y", "-f", "lavfi", "-i", source, ...args, folder.path(name)]);
  for (const [name, args] of Object.entries(files)) await make(TONE, args, name);
  await make("sine=300:d=1:r=48000,volume=2", [], "short.wav");
  await make(TONE, ["-c:a", "aac", "-movflags", "+faststart"], "cut.m4a");
  await truncate(folder.path("cut.m4a"), Math.round((await stat(folder.path("cut.m4a"))).size / 2));
  open = await openCaptures(await folder.page(gaugePage("")), gaugeSize, 30, [
    { capture: htmlInCanvas({ transports: [ringFile()] }), frameFormat: "RGBA" },
    { capture: screenshot() as Capture, frameFormat: "PNG" },
  ]);
  base = new URL(".", open.sessions[0]!.facts.url).href;
});
afterAll(async () => {
  await open[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

function clip(name: string, rest: Partial<SoundClip> = {}): SoundClip {
  return {
    source: `${base}${name}`,
    start: 0,
    duration: 3,
    mediaStart: 0,
    playbackRate: 1,
    preservesPitch: true,
    loopFrom: null,
    gain: [],
    ...rest,
  };
}

interface Mixed extends SoundRecording {
  readonly sound: MixedSound;
  readonly warnings: readonly string[];
}

interface ToMix {
  readonly seconds?: number;
  readonly recordings?: readonly SoundRecording[];
  readonly loudness?: number | null;
  readonly session?: number;
  readonly facts?: MediaFacts | null;
  readonly signal?: AbortSignal;
}

async function mixed(clips: readonly SoundClip[], options: ToMix = {}): Promise<Mixed> {
  const { seconds = 4, recordings = [], loudness = null, session = 0, facts = null, signal = new AbortController().signal } = options;
  const warnings: string[] = [];
  const context: MixContext = {
    page: open.sessions[session]!.page,
    signal,
    inactivityTimeoutMs: 20_000,
    facts: () => facts,
    path: () => Promise.reject(new Error("this mixer needs no file")),
    warn: (reason) => void warnings.push(reason),
  };
  const sound = await offlineMix().mix({ score: { clips, recordings }, sampleCount: Math.round(seconds * SAMPLE_RATE), loudness }, context);
  const samples: Float32Array = await sound.read(0, sound.sampleCount);
  const channels = [0, 1].map((side) => samples.filter((_, at) => at % CHANNELS === side));
  return { sound, warnings, sampleRate: SAMPLE_RATE, start: 0, channels };
}

describe("the mixer that runs in a page", () => {
  it.each(Object.keys(files))("hears %s at its time and level", async (name) => {
    const heard = await mixed([clip(name, { start: 0.5 })]);
    // Codecs ring a little before a tone begins.
    const begins: number = onset({
      ...heard,
      channels: heard.channels.map((one) => one.map((sample) => (Math.abs(sample) < 0.05 ? 0 : sample))),
    });
    expect(begins).toBeGreaterThan(1.499);
    expect(begins).toBeLessThan(1.501);
    expect(decibels((rms(heard, 1.6, 3.3) * Math.SQRT2) / 0.5)).toBeCloseTo(name === "tone-5.1.flac" ? -3 : 0, 0);
    expect(pitch(heard, 1.6, 3.3)).toBeCloseTo(1000, 0);
    expect(heard.channels[1]).toEqual(heard.channels[0]);
    expect(heard.sound.sampleCount).toBe(192_000);
    expect(heard.sound.path).toBeNull();
  });

  it("begins and ends a clip to the sample, in the file and in the video, also in the page that is captured itself", async () => {
    for (const session of [0, 1]) {
      const heard = await mixed([clip("tone.wav", { start: 1.2, mediaStart: 1.25, duration: 0.7 })], { session });
      expect(onset(heard)).toBeCloseTo(1.2, 4);
      expect(offset(heard)).toBeCloseTo(1.9, 4);
      expect(rms(heard, 1.9, 4)).toBe(0);
    }
  });

  it("follows levels, and is silent to the bit where a clip is muted", async () => {
    const gain = [
      { seconds: 1, gain: 1 },
      { seconds: 2, gain: 0.5 },
      { seconds: 2.5, gain: 0.5 },
      { seconds: 2.5, gain: 0 },
    ];
    const heard = await mixed([clip("tone.wav", { gain }), clip("short.wav", { gain: [{ seconds: 0, gain: 0 }] })]);
    expect(decibels((rms(heard, 1.495, 1.505) * Math.SQRT2) / 0.375)).toBeCloseTo(0, 1);
    expect(decibels((rms(heard, 2.1, 2.4) * Math.SQRT2) / 0.25)).toBeCloseTo(0, 2);
    expect(rms(heard, 2.5, 3)).toBe(0);
    expect(heard.sound.facts).toMatchObject({ mixer: "offline-mix", clips: 1, recordings: 0 });
    const silent = await mixed([clip("tone.wav", { gain: [{ seconds: 0, gain: 0 }] })]);
    expect(rms(silent, 0, 4)).toBe(0);
    expect(silent.sound.facts).toMatchObject({ clips: 0, peak: 0, loudness: null });
  });

  it.each([0.5, 2, 3.7])("plays at a rate of %s, as high as it was or not", async (playbackRate) => {
    const seconds: number = Math.min(4, 3 / playbackRate);
    const kept = await mixed([clip("tone.wav", { playbackRate, duration: seconds })]);
    const raised = await mixed([clip("tone.wav", { playbackRate, duration: seconds, preservesPitch: false })]);
    for (const [heard, hertz] of [
      [kept, 1000],
      [raised, 1000 * playbackRate],
    ] as const) {
      const [from, to] = [1 / playbackRate + 0.05, seconds - 0.05];
      expect(Math.abs(pitch(heard, from, to) / hertz - 1)).toBeLessThan(0.003);
      expect(decibels((rms(heard, from, to) * Math.SQRT2) / 0.5)).toBeCloseTo(0, 0);
      // Pieces of kept pitch overlap, and lie where they fit.
      expect(Math.abs(onset(heard) - 1 / playbackRate)).toBeLessThan(heard === kept ? 0.025 : 0.001);
      expect(Math.abs(offset(heard) - seconds)).toBeLessThan(heard === kept ? 0.03 : 0.001);
    }
  });

  it("begins anew at the end of the file, from where the loop says", async () => {
    const heard = await mixed([clip("tone.wav", { start: 0, duration: 8, loopFrom: 0 })], { seconds: 8 });
    const tones = [
      [1, 3],
      [4, 6],
      [7, 8],
    ] as const;
    for (const [from, to] of tones) expect(decibels((rms(heard, from + 0.01, to - 0.01) * Math.SQRT2) / 0.5)).toBeCloseTo(0, 2);
    for (const [from, to] of [
      [0, 1],
      [3, 4],
      [6, 7],
    ] as const)
      expect(rms(heard, from, to)).toBe(0);
    const shown: MediaFacts = {
      source: "",
      durationSeconds: 1.5,
      byteLength: null,
      video: {
        codec: "",
        size: { width: 2, height: 2 },
        rotation: 0,
        hasAlpha: false,
        tickSeconds: 0.001,
        frameRate: 30,
        decodesInPage: true,
      },
      audio: null,
    };
    // A video's sound that is shorter than its pictures waits for them.
    const short = await mixed([clip("short.wav", { duration: 4, loopFrom: 0 })], { facts: shown });
    expect(rms(short, 1.01, 1.49)).toBe(0);
    expect(rms(short, 1.51, 2.4)).toBeGreaterThan(0.1);
  });

  it("adds recordings of the page at their rate, and what is heard at the same time", async () => {
    const samples = Float32Array.from({ length: 44_100 }, (_, at) => 0.25 * Math.sin((2 * Math.PI * 500 * at) / 44_100));
    const recordings: SoundRecording[] = [{ sampleRate: 44_100, start: 0.5, channels: [samples] }];
    const alone = await mixed([], { recordings });
    expect(onset(alone)).toBeCloseTo(0.5, 3);
    expect(offset(alone)).toBeCloseTo(1.5, 3);
    expect(pitch(alone, 0.6, 1.4)).toBeCloseTo(500, 1);
    expect(decibels((rms(alone, 0.6, 1.4) * Math.SQRT2) / 0.25)).toBeCloseTo(0, 1);
    const both = await mixed([clip("tone.wav", { start: -0.5 + 0.5 })], { recordings });
    expect(rms(both, 1.1, 1.4) ** 2).toBeCloseTo(0.25 ** 2 / 2 + 0.5 ** 2 / 2, 3);
  });

  it("comes to a loudness, and says what it came to", async () => {
    const heard = await mixed([clip("tone.wav", { mediaStart: 1, duration: 2 })], { seconds: 2, loudness: -23 });
    expect(heard.sound.facts.loudness).toBeCloseTo(-23, 1);
    expect(heard.warnings).toEqual([]);
  });

  it("names the file that is missing, or that breaks off", async () => {
    await expect(mixed([clip("gone.wav")])).rejects.toMatchObject({ code: "media-unreadable", details: { source: `${base}gone.wav` } });
    await expect(mixed([clip("page.html")])).rejects.toMatchObject({ code: "media-unreadable", details: { source: `${base}page.html` } });
    await expect(mixed([clip("tone.wav"), clip("cut.m4a")])).rejects.toMatchObject({
      code: "media-unreadable",
      details: { source: `${base}cut.m4a` },
    });
  });

  it("stops when it is told to", async () => {
    await expect(mixed([clip("tone.wav")], { signal: AbortSignal.abort(new Error("enough")) })).rejects.toMatchObject({ code: "aborted" });
  });
});
