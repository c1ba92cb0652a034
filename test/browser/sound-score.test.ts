import { execFile } from "node:child_process";
import { copyFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mediaReaderScript } from "../../src/browser/generated/media-reader-script.ts";
import { READER_KEY } from "../../src/browser/page/media/reader.ts";
import { ringFile } from "../../src/browser/transport/ring-file.ts";
import { htmlInCanvas } from "../../src/capture/html-in-canvas.ts";
import { screenshot } from "../../src/capture/screenshot.ts";
import type { CaptureSession } from "../../src/core/capture.ts";
import type { PageSound } from "../../src/core/media.ts";
import { applyLevels } from "../../src/core/sound-levels.ts";
import { SAMPLE_RATE, type SoundClip, type SoundScore } from "../../src/core/sound.ts";
import { findFfmpeg } from "../../src/ffmpeg/find.ts";
import { gaugePage, gaugeSize, inComposition, readHashes } from "../support/gauges.ts";
import { decibels, onset, pitch, rms } from "../support/heard-samples.ts";
import { mediaLink } from "../support/media-link.ts";
import { openCaptures, type CaptureToOpen } from "../support/open-captures.ts";
import { scratch, type Scratch } from "../support/render.ts";
import { unchecked } from "../support/unchecked.ts";

let folder: Scratch;

beforeAll(async () => {
  folder = await scratch();
  const { executablePath } = await findFfmpeg();
  const make = (args: string) => promisify(execFile)(executablePath, ["-y", ...args.split(" "), ""].slice(0, -1), { cwd: folder.folder });
  await make("-f lavfi -i sine=1000:d=3:r=48000 tone.wav");
  await make("-f lavfi -i testsrc=s=32x32:r=10:d=2 -f lavfi -i sine=500:d=2:r=48000 -c:v libvpx -c:a libopus heard.webm");
  await make("-f lavfi -i testsrc=s=32x32:r=10:d=2 -c:v libvpx mute.webm");
  await copyFile(fileURLToPath(import.meta.resolve("gsap/dist/gsap.min.js")), folder.path("gsap.min.js"));
});
afterAll(() => folder[Symbol.asyncDispose]());

const RATE = 30;
const reader = `(() => {\n${mediaReaderScript}\nreturn globalThis.${READER_KEY};\n})()`;
const inCanvas: CaptureToOpen = { capture: htmlInCanvas({ transports: [ringFile()] }), frameFormat: "RGBA" };
const byScreenshot: CaptureToOpen = { capture: screenshot(), frameFormat: "PNG" };

interface Heard {
  readonly sound: PageSound;
  readonly score: SoundScore;
  readonly warnings: readonly string[];
}

/** Opens a page, does something with it, and closes it. */
async function withPage<Result>(
  body: string,
  use: (session: CaptureSession, warnings: readonly string[]) => Promise<Result>,
  capture: CaptureToOpen = inCanvas,
): Promise<Result> {
  const page: string = await folder.page(gaugePage(body));
  const link = mediaLink({ reader, feeds: {}, answer: ({ ask }) => (ask === "feed" ? { injector: null, cacheBytes: 0 } : null) });
  await using open = await openCaptures(page, gaugeSize, RATE, [capture], {}, 15_000, link.attach);
  const [session] = open.sessions;
  return await use(session!, open.warnings);
}

/** @param seconds of the video */
function hear(body: string, seconds = 3, capture: CaptureToOpen = inCanvas): Promise<Heard> {
  return withPage(
    body,
    async (session, warnings) => {
      const score: SoundScore = await session.listen(seconds * RATE);
      return { sound: session.facts.sound, score, warnings: [...session.facts.warnings, ...warnings] };
    },
    capture,
  );
}

/** The clips with the names of their files, and without what is as it is where nobody says anything. */
function plain(score: SoundScore): object[] {
  const usual: Readonly<Record<string, unknown>> = { mediaStart: 0, playbackRate: 1, preservesPitch: true, loopFrom: null };
  return score.clips.map(({ source, start, duration, gain, ...rest }) => ({
    file: new URL(source).pathname.slice(1),
    start: rounded(start),
    duration: rounded(duration),
    ...(gain.length === 0 ? {} : { gain: gain.map((point) => [rounded(point.seconds), rounded(point.gain)]) }),
    ...Object.fromEntries(
      Object.entries(rest)
        .filter(([name, value]) => value !== usual[name])
        .map(([name, value]) => [name, typeof value === "number" ? rounded(value) : value]),
    ),
  }));
}

/** To the tenth of a millisecond. */
function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}

/** The level of a clip at a time of the video. */
function levelAt({ gain }: SoundClip, seconds: number): number {
  const sample = Float32Array.of(1);
  applyLevels(sample, 1, Math.round(seconds * SAMPLE_RATE), gain);
  return sample[0]!;
}

describe("what attributes say is heard", () => {
  it("hears slots, offsets, rates and loops, as far as the video goes", async () => {
    const { sound, score } = await hear(`
      <audio src="tone.wav" data-start="0.5" data-duration="1" data-media-start="0.25"></audio>
      <audio src="tone.wav" data-start="1.75" data-playback-rate="2"></audio>
      <audio src="tone.wav" autoplay loop></audio>
      <audio src="tone.wav" data-start="2.9"></audio><audio src="tone.wav" data-start="3"></audio>
      <video src="heard.webm" data-start="1"></video>`);
    expect(sound).toBe("declared");
    expect(score.recordings).toEqual([]);
    expect(plain(score)).toEqual(
      expect.arrayContaining([
        { file: "tone.wav", start: 0.5, duration: 1, mediaStart: 0.25 },
        { file: "tone.wav", start: 1.75, duration: 1.25, playbackRate: 2 },
        { file: "tone.wav", start: 0, duration: 3, loopFrom: 0 },
        { file: "tone.wav", start: 2.9, duration: 0.1 },
        { file: "heard.webm", start: 1, duration: expect.closeTo(2, 1) as number },
      ]),
    );
    expect(score.clips).toHaveLength(5);
  });

  it("multiplies levels, fades at the ends of the clip, and lets keyframes take the place of a level", async () => {
    const { sound, score, warnings } = await hear(`
      <audio src="tone.wav" data-start="0.5" data-duration="2" data-volume="0.5" data-fade-in="0.5" data-fade-out="1"></audio>
      <audio src="tone.wav" data-start="0" data-duration="1" data-fade-in="3" data-fade-out="1"></audio>
      <audio src="tone.wav" data-start="1" data-duration="2" data-volume="0.2"
        data-volume-keyframes='[{"time":2,"volume":1},{"time":2.5,"volume":1},{"time":2.5,"volume":0.5}]'></audio>
      <audio src="tone.wav" data-start="1" data-duration="1" data-automation='{"version":1,"lanes":[{"target":"volume","points":[{"t":0,"v":0},{"t":1,"v":2}]}]}'></audio>
      <audio src="tone.wav" data-start="1" data-duration="1" data-volume="9" data-fx-chain="{}"></audio>`);
    expect(sound).toBe("declared");
    expect(plain(score).map((clip) => (clip as { gain: unknown }).gain)).toEqual([
      [
        [0.5, 0],
        [1, 0.5],
        [1.5, 0.5],
        [2.5, 0],
      ],
      [
        [0, 0],
        [0.75, 1],
        [1, 0],
      ],
      [
        [1, 0.2],
        [2, 1],
        [2.5, 1],
        [2.5, 0.5],
        [3, 0.5],
      ],
      [
        [1, 0],
        [2, 2],
      ],
      [[1, 3.9811]],
    ]);
    expect(warnings).toEqual([expect.stringContaining("data-fx-chain"), expect.stringContaining("12 dB")]);
  });

  it("hears nothing of what is muted, silent, without sound, or said to have none", async () => {
    const { sound, score } = await hear(`
      <video src="heard.webm" muted autoplay></video><video src="heard.webm" muted autoplay data-volume="1"></video>
      <video src="mute.webm" autoplay></video><video src="heard.webm" autoplay data-has-audio="false"></video>
      <audio src="tone.wav" autoplay data-volume="0"></audio><audio src="tone.wav"></audio>`);
    expect(sound).toBe("declared");
    expect(score).toEqual({ clips: [], recordings: [] });
    expect((await hear(`<video src="mute.webm" autoplay></video><p>Text</p>`)).sound).toBe("none");
  });
});

describe("what scripts play", () => {
  const element = `<audio id="a" src="tone.wav"></audio>`;

  it("hears play, pause, seek, rate and pitch at their times, to the tenth of a millisecond", async () => {
    const { sound, score } = await hear(`${element}<script>
      const a = document.querySelector("audio"); const at = (ms, what) => setTimeout(what, ms);
      at(137, () => a.play()); at(611, () => a.pause()); at(777, () => { a.currentTime = 2; a.play(); }); at(1203, () => { a.currentTime = 0.5; });
      at(1500, () => { a.preservesPitch = false; a.playbackRate = 1.5; }); at(1999, () => a.pause());
    </script>`);
    expect(sound).toBe("played");
    const pitched = { preservesPitch: false };
    expect(plain(score)).toEqual([
      { file: "tone.wav", start: 0.137, duration: 0.474, ...pitched },
      { file: "tone.wav", start: 0.777, duration: 0.426, mediaStart: 2, ...pitched },
      { file: "tone.wav", start: 1.203, duration: 0.297, mediaStart: 0.5, ...pitched },
      { file: "tone.wav", start: 1.5, duration: 0.499, mediaStart: 0.797, playbackRate: 1.5, ...pitched },
    ]);
  });

  it("hears what no tree holds, and several elements of one file", async () => {
    const { score } = await hear(`<script>setTimeout(() => { const one = new Audio("tone.wav"); one.volume = 0.5; one.play(); }, 500);
      const other = new Audio("tone.wav"); other.loop = true; other.play();</script>`);
    expect(plain(score)).toEqual(
      expect.arrayContaining([
        { file: "tone.wav", start: 0.5, duration: 2.5, gain: [[0.5, 0.5]] },
        { file: "tone.wav", start: 0, duration: 3, loopFrom: 0 },
      ]),
    );
  });

  it("mutes and unmutes at the time at which the page does, in one step", async () => {
    const { score } = await hear(`<audio autoplay src="tone.wav"></audio><script>
      const a = document.querySelector("audio"); a.volume = 0.8;
      setTimeout(() => { a.muted = true; }, 1003); setTimeout(() => { a.muted = false; a.volume = 0.4; }, 2001);
    </script>`);
    expect(plain(score)).toEqual([
      {
        file: "tone.wav",
        start: 0,
        duration: 3,
        gain: [
          [0, 0.8],
          [1.003, 0.8],
          [1.003, 0],
          [2.001, 0],
          [2.001, 0.4],
          [3, 0.4],
        ],
      },
    ]);
  });

  it("follows a volume that GSAP moves, frame by frame, and its jumps", async () => {
    const { sound, score } = await hear(`<audio src="tone.wav" data-start="0"></audio><script src="gsap.min.js"></script><script>
      const line = gsap.timeline(); const a = document.querySelector("audio");
      line.fromTo(a, { volume: 1 }, { volume: 0.25, duration: 1.5, ease: "power2.in" }, 0.5).set(a, { volume: 0.9 }, 2.4);
    </script>`);
    expect(sound).toBe("played");
    expect(score.clips).toHaveLength(1);
    const [clip] = score.clips;
    const eased = (seconds: number): number => 1 - 0.75 * Math.min(1, Math.max(0, (seconds - 0.5) / 1.5)) ** 3;
    for (const seconds of [0, 0.3, 0.5, 0.9, 1.2, 1.55, 1.9, 2, 2.39])
      expect(Math.abs(levelAt(clip!, seconds) - eased(seconds))).toBeLessThan(0.002);
    expect(levelAt(clip!, 2.399)).toBeCloseTo(0.25, 2);
    expect(levelAt(clip!, 2.4)).toBeCloseTo(0.9, 5);
  });

  it("takes what HyperFrames says for where the volume begins, and what scripts set for the volume itself", async () => {
    const { score } = await hear(`<div data-composition-id="main" data-width="320" data-height="180" data-duration="3" data-start="0">
      <audio id="a" src="tone.wav" data-start="0" data-duration="3" data-volume="0.5"></audio>
      <audio id="b" src="tone.wav" data-start="0" data-duration="3" data-volume="0.3"></audio></div>
      <script src="gsap.min.js"></script><script>
        const line = gsap.timeline({ paused: true }); line.to("#a", { volume: 0.2, duration: 1, ease: "none" }, 1);
        window.__timelines = { main: line };
      </script>`);
    const [moved, still] = score.clips;
    for (const [seconds, level] of [
      [0.5, 0.5],
      [1.5, 0.35],
      [2.5, 0.2],
    ] as const)
      expect(levelAt(moved!, seconds)).toBeCloseTo(level, 2);
    expect(levelAt(still!, 1)).toBeCloseTo(0.3, 6);
  });

  it("hears the same by any capture, before frames were captured and after, and leaves them as they are", async () => {
    const body = `${element}<i class="g"></i><script>
      let frames = 0; const a = document.querySelector("audio"); setTimeout(() => a.play(), 421);
      requestAnimationFrame(function step() { document.querySelector("i").style.transform = "scaleX(" + 2 * ++frames + ")"; requestAnimationFrame(step); });
    </script>`;
    const expected = [{ file: "tone.wav", start: 0.421, duration: 1.579 }];
    const unheard = await withPage(body, (session) => readHashes(session, 0, 20));
    const [hashes, score, again] = await withPage(body, async (session) => {
      const before: string[] = await readHashes(session, 0, 20);
      return [before, await session.listen(60), await readHashes(session, 0, 20)] as const;
    });
    expect(hashes).toEqual(unheard);
    expect(again).toEqual(unheard);
    expect(plain(score)).toEqual(expected);
    expect(plain((await hear(body, 2, byScreenshot)).score)).toEqual(expected);
  });

  it("says what is heard that was not told of", async () => {
    const unplanned = (body: string): Promise<string | null> =>
      withPage(body, async (session) => {
        await readHashes(session, 0, 40);
        return session.page.evaluate("__framewright.unplannedSound()", unchecked<string | null>());
      });
    expect(await unplanned(`<audio autoplay src="tone.wav"></audio>`)).toBeNull();
    expect(
      await unplanned(
        `<audio autoplay src="tone.wav"></audio><script>setTimeout(() => { document.querySelector("audio").volume = 0.5; }, 500);</script>`,
      ),
    ).toContain("a script changes how loud <audio>");
    expect(await unplanned(`<script>setTimeout(() => new Audio("tone.wav").play(), 500);</script>`)).toContain("a script plays <audio>");
    expect(await unplanned(`<script>setTimeout(() => new AudioContext(), 500);</script>`)).toContain("AudioContext");
    expect(
      await unplanned(
        `<video muted autoplay src="heard.webm"></video><script>setTimeout(() => { document.querySelector("video").muted = true; }, 500);</script>`,
      ),
    ).toBeNull();
  });
});

describe("media elements in an AudioContext", () => {
  it("hears them through its nodes, as they play, and not besides", async () => {
    const { score } = await hear(`<audio src="tone.wav"></audio><script>
      const audio = new AudioContext(); const a = document.querySelector("audio");
      const gain = new GainNode(audio, { gain: 0.5 }); audio.createMediaElementSource(a).connect(gain).connect(audio.destination);
      setTimeout(() => a.play(), 500); setTimeout(() => { a.volume = 0.5; }, 1500); setTimeout(() => a.pause(), 2500);
    </script>`);
    expect(score.clips).toEqual([]);
    const [heard] = score.recordings;
    // ffmpeg's tone is at 1/8.
    expect(onset(heard!)).toBeCloseTo(0.5, 3);
    expect(pitch(heard!, 0.6, 2.4)).toBeCloseTo(1000, 0);
    expect(decibels((rms(heard!, 0.6, 1.4) * Math.SQRT2) / 0.0625)).toBeCloseTo(0, 1);
    expect(decibels((rms(heard!, 1.6, 2.4) * Math.SQRT2) / 0.03125)).toBeCloseTo(0, 1);
    expect(rms(heard!, 2.51, 3)).toBe(0);
  });

  it("shows analysers what they play, the same whether it is listened to or not", async () => {
    const body = `<i class="g"></i><audio autoplay src="tone.wav"></audio><script>
      const audio = new AudioContext(); const analyser = new AnalyserNode(audio, { fftSize: 1024, smoothingTimeConstant: 0 });
      audio.createMediaElementSource(document.querySelector("audio")).connect(analyser).connect(audio.destination);
      const bins = new Uint8Array(analyser.frequencyBinCount); let loudest = 0;
      requestAnimationFrame(function step() {
        analyser.getByteFrequencyData(bins); loudest = bins.indexOf(Math.max(...bins));
        document.querySelector("i").style.transform = "scaleX(" + (loudest + bins[loudest]) + ")"; requestAnimationFrame(step);
      });
    </script>`;
    const unheard: string[] = await withPage(body, (session) => readHashes(session, 0, 30));
    expect(new Set(unheard).size).toBeGreaterThan(1);
    const [score, heard, bin] = await withPage(
      body,
      async (session) =>
        [await session.listen(60), await readHashes(session, 0, 30), await inComposition<number>(session, "loudest")] as const,
    );
    expect(heard).toEqual(unheard);
    expect(bin).toBe(Math.round((1000 * 1024) / SAMPLE_RATE));
    expect(pitch(score.recordings[0]!, 0.1, 1.9)).toBeCloseTo(1000, 0);
  });
});
