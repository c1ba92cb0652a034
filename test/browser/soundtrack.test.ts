import { copyFile, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { offlineMix } from "../../src/audio/offline-mix.ts";
import type { RenderResult } from "../../src/core/result.ts";
import { webcodecs } from "../../src/encoders/webcodecs.ts";
import { render } from "../../src/node/render.ts";
import { decodeSound } from "../support/decoded-sound.ts";
import { scratch, type Scratch } from "../support/render.ts";
import { amplitudeOf, channelOf, chirpAt, chirpDelay, decibels, peakOf, samplesOf, tone, writeSound } from "../support/tones.ts";

/** What is heard in finished files, through the whole render. */

const SECONDS = 3;
const RATE = 48_000;
let folder: Scratch;

beforeAll(async () => {
  folder = await scratch();
  await writeSound(folder.path("chirp.wav"), chirpAt(0.25), 1);
  await writeSound(folder.path("tone.flac"), tone(440, 0.4), 4, ["-c:a", "flac"]);
  await writeSound(folder.path("high.m4a"), tone(1760, 0.3), 4, ["-c:a", "aac", "-b:a", "192k"]);
});
afterAll(() => folder[Symbol.asyncDispose]());

function html(body: string): string {
  return `<!doctype html><meta charset="utf-8"><style>body { background: #456 }</style><h1>Sound</h1>${body}`;
}

async function rendered(name: string, body: string, more: object = {}, options: Parameters<typeof render>[1] = {}): Promise<RenderResult> {
  const page: string = await folder.page(html(body), `${name}.html`);
  const output: string = folder.path(`${name}.mp4`);
  return render({ page, output, width: 160, height: 90, frameRate: 30, duration: SECONDS, ...more }, options);
}

async function leftOf(path: string): Promise<Float32Array> {
  return channelOf(await decodeSound(path), 0);
}

const declared = `
  <audio src="chirp.wav" data-start="0.6"></audio>
  <audio src="tone.flac" data-start="1.5" data-duration="1" data-media-start="0.5" data-volume="0.5"></audio>
  <audio src="high.m4a" data-start="0" data-duration="3" muted></audio>`;

/** The chirp begins at 0.85 s and the tone at 1.5 s, at half its level; the muted one is not heard. */
async function expectDeclared(result: RenderResult, withinSamples: number): Promise<void> {
  const left: Float32Array = await leftOf(result.output);
  expect(Math.abs(chirpDelay(left, 0.85))).toBeLessThanOrEqual(withinSamples);
  expect(Math.abs(decibels(amplitudeOf(left, 440, 1.6, 2.4) / 0.2))).toBeLessThan(0.5);
  expect(amplitudeOf(left, 1760, 1.6, 2.4)).toBeLessThan(0.001);
  expect(peakOf(left, 0.1, 0.5)).toBeLessThan(0.002);
  expect(peakOf(left, 2.6, 2.95)).toBeLessThan(0.002);
  expect(result.sound).toMatchObject({ clips: 2, recordings: 0, sampleCount: SECONDS * RATE, file: null });
  const { audio, durationSeconds } = result.facts;
  expect(Math.abs(audio!.durationSeconds - durationSeconds)).toBeLessThanOrEqual(1024 / RATE);
}

describe("what attributes declare", () => {
  it("is in the file at its time and level, and what is muted is not: ffmpeg", async () => {
    const result = await rendered("declared", declared);
    expect(result).toMatchObject({ plan: { encoder: "ffmpeg-pipe", sound: { mixer: "ffmpeg-mix" } }, facts: { audio: { codec: "aac" } } });
    await expectDeclared(result, 48);
  });

  it("is so without any ffmpeg: mixed and encoded in pages, in WebM and MP4", async () => {
    const parts = { encoders: [webcodecs()], mixers: [offlineMix()], injectors: [] };
    for (const extension of ["webm", "mp4"]) {
      const result = await rendered(`in-page-${extension}`, declared, { output: folder.path(`in-page.${extension}`) }, { parts });
      expect(result.plan).toMatchObject({ encoder: "webcodecs", sound: { mixer: "offline-mix" } });
      await expectDeclared(result, 48);
    }
  });

  it("is silence where all of it is muted, and no sound at all where the job wants none", async () => {
    const muted = await rendered("muted", `<audio src="tone.flac" data-start="0" muted></audio>`);
    expect([muted.sound, muted.facts.audio]).toEqual([null, null]);
    const without = await rendered("without", declared, { sound: { enabled: false } });
    expect([without.sound, without.facts.audio]).toEqual([null, null]);
  });

  it("fades, follows its keyframes, and loops", async () => {
    const result = await rendered(
      "levels",
      `<audio src="tone.flac" data-start="0" data-duration="3" data-fade-in="1" data-fade-out="1"></audio>
       <audio src="chirp.wav" data-start="0" data-duration="3" loop data-volume-keyframes='[{"time":0,"volume":1},{"time":1.5,"volume":1},{"time":1.5,"volume":0}]'></audio>`,
      { output: folder.path("levels.mkv"), sound: { codec: "flac" } },
    );
    const left: Float32Array = await leftOf(result.output);
    for (const [seconds, level] of [
      [0.5, 0.2],
      [1.8, 0.4],
      [2.5, 0.2],
    ] as const)
      expect(Math.abs(decibels(amplitudeOf(left, 440, seconds - 0.05, seconds + 0.05) / level))).toBeLessThan(0.5);
    expect([chirpDelay(left, 0.25), chirpDelay(left, 1.25)]).toEqual([0, 0]);
    expect(samplesOf(tone(1), SECONDS).length / 2).toBe(left.length);
  });

  it("comes to the loudness that the job asks for", async () => {
    const result = await rendered("loud", `<audio src="tone.flac" data-start="0"></audio>`, { sound: { loudness: -23 } });
    expect(Math.abs(result.sound!.loudness! + 23)).toBeLessThan(0.5);
  });
});

describe("what scripts play", () => {
  it("is heard when and as long as it plays, to the millisecond", async () => {
    const result = await rendered(
      "played",
      `<script>
        const sound = new Audio("tone.flac");
        setTimeout(() => sound.play(), 1003);
        setTimeout(() => { sound.volume = 0.5; }, 1600);
        setTimeout(() => sound.pause(), 2101);
      </script>`,
      { output: folder.path("played.mkv"), sound: { codec: "pcm" } },
    );
    expect(result.plan.sound).not.toBeNull();
    const left: Float32Array = await leftOf(result.output);
    const [first, last] = [left.findIndex((one) => Math.abs(one) > 0.001), left.findLastIndex((one) => Math.abs(one) > 0.001)];
    expect(Math.abs(first / RATE - 1.003)).toBeLessThan(0.001);
    expect(Math.abs(last / RATE - 2.101)).toBeLessThan(0.001);
    expect(Math.abs(decibels(amplitudeOf(left, 440, 1.1, 1.5) / 0.4))).toBeLessThan(0.5);
    expect(Math.abs(decibels(amplitudeOf(left, 440, 1.7, 2) / 0.2))).toBeLessThan(0.5);
  });

  it("is not lost where the page said nothing of it: it is heard through, and rendered anew", async () => {
    const result = await rendered(
      "late",
      `<audio src="chirp.wav" data-start="0"></audio>
       <script>
        window.framewright = { duration: 3, seek(t) {
          if (t < 1 || document.querySelector("#late")) return;
          document.body.insertAdjacentHTML("beforeend", '<audio id="late" src="tone.flac" data-start="1" data-duration="1"></audio>');
        } };
      </script>`,
    );
    expect(result.warnings).toEqual([expect.stringContaining("heard from its beginning again")]);
    const left: Float32Array = await leftOf(result.output);
    expect(Math.abs(decibels(amplitudeOf(left, 440, 1.2, 1.8) / 0.4))).toBeLessThan(0.5);
    expect(Math.abs(chirpDelay(left, 0.25))).toBeLessThanOrEqual(48);
  });

  it("may be WebAudio", async () => {
    const result = await rendered(
      "webaudio",
      `<script>
        const context = new AudioContext();
        const tone = context.createOscillator(), level = context.createGain();
        tone.frequency.value = 660; level.gain.value = 0.25;
        tone.connect(level).connect(context.destination);
        tone.start(0.5); tone.stop(1.5);
      </script>`,
    );
    expect(result.sound).toMatchObject({ clips: 0, recordings: 1 });
    const left: Float32Array = await leftOf(result.output);
    expect(Math.abs(decibels(amplitudeOf(left, 660, 0.6, 1.4) / 0.25))).toBeLessThan(0.5);
    expect(peakOf(left, 0, 0.45)).toBeLessThan(0.002);
  });
});

describe("where sound goes", () => {
  it("finds files of any name", async () => {
    const name = "Ünï 100% \"quoted\" 'it' 音乐 🎵 #1?.flac";
    await copyFile(folder.path("tone.flac"), join(folder.folder, name));
    const result = await rendered("names", `<audio src="${encodeURIComponent(name)}" data-start="0"></audio>`);
    expect(Math.abs(decibels(amplitudeOf(await leftOf(result.output), 440, 0.5, 2.5) / 0.4))).toBeLessThan(0.5);
  });

  it("lies in a WAV file beside pictures that hold none", async () => {
    const gif = await rendered("moving", declared, { output: folder.path("moving.gif") });
    expect(gif.sound!.file).toBe(folder.path("moving.gif.wav"));
    const sequence = await rendered("pictures", declared, { output: folder.path("pictures/%04d.png") });
    expect(sequence.sound!.file).toBe(folder.path("pictures/sound.wav"));
    for (const { sound } of [gif, sequence]) {
      const left: Float32Array = await leftOf(sound!.file!);
      expect([chirpDelay(left, 0.85), left.length]).toEqual([0, SECONDS * RATE]);
    }
  });

  it("mixes two hundred tracks", async () => {
    const tracks: string[] = Array.from({ length: 200 }, (_, at) => {
      const start: number = (at % 20) / 10;
      return `<audio src="tone.flac" data-start="${start}" data-duration="0.5" data-volume="0.005"></audio>`;
    });
    const result = await rendered("many", tracks.join(""));
    expect(result.sound).toMatchObject({ clips: 200 });
    // Fifty of them at a time: half a second of ten that begin each tenth, and all in one phase.
    expect(Math.abs(decibels(amplitudeOf(await leftOf(result.output), 440, 0.6, 1.9) / (50 * 0.005 * 0.4)))).toBeLessThan(0.5);
  });
});

describe("a track that cannot be played", () => {
  it.each([
    ["that is missing", "gone.mp3", null, "404"],
    ["that is empty", "empty.mp3", "", "0 bytes|empty"],
    ["that is no sound", "words.mp3", "these are words, and no sound at all\n".repeat(40), "no media|format|contain"],
  ])("%s is an error that names it", async (_, name, content, why) => {
    if (content !== null) await writeFile(folder.path(name), content);
    const failed: Promise<RenderResult> = rendered(`bad-${name}`, `<audio src="${name}" data-start="0"></audio>`);
    await expect(failed).rejects.toMatchObject({ code: "media-unreadable", message: expect.stringContaining(name) });
    await expect(failed).rejects.toMatchObject({ message: expect.stringMatching(new RegExp(why, "i")) });
    await expect(stat(folder.path(`bad-${name}.mp4`))).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("that breaks off is an error, though it begins well", async () => {
    const whole: Buffer = await readFile(folder.path("tone.flac"));
    await writeFile(folder.path("cut.flac"), whole.subarray(0, Math.round(whole.length * 0.3)));
    await expect(rendered("cut", `<audio src="cut.flac" data-start="0"></audio>`)).rejects.toMatchObject({
      code: "media-unreadable",
      message: expect.stringContaining("cut.flac"),
    });
  });
});
