import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { htmlInCanvas } from "../../src/capture/html-in-canvas.ts";
import { screenshot } from "../../src/capture/screenshot.ts";
import { ringFile } from "../../src/browser/transport/ring-file.ts";
import type { Capture, PageFacts } from "../../src/core/capture.ts";
import type { SoundRecording, SoundScore } from "../../src/core/sound.ts";
import { gaugePage, gaugeSize, readHashes, openGauges, checkGauges } from "../support/gauges.ts";
import { decibels, offset, onset, pitch, rms } from "../support/heard-samples.ts";
import { openCaptures } from "../support/open-captures.ts";
import { scratch, type Scratch } from "../support/render.ts";
import { unchecked } from "../support/unchecked.ts";

let folder: Scratch;

beforeAll(async () => {
  folder = await scratch();
});
afterAll(() => folder[Symbol.asyncDispose]());

const RATE = 30;
const inCanvas: Capture = htmlInCanvas({ transports: [ringFile()] });

interface HeardPage {
  readonly score: SoundScore;
  readonly facts: PageFacts;
  readonly warnings: readonly string[];
}

async function hear(script: string, frames = 60, capture: Capture = inCanvas, rate: number = RATE): Promise<HeardPage> {
  const page: string = await folder.page(gaugePage(`<i class="g"></i><script>${script}</script>`));
  await using open = await openCaptures(page, gaugeSize, rate, [{ capture, frameFormat: capture === inCanvas ? "RGBA" : "PNG" }]);
  const [session] = open.sessions;
  const score: SoundScore = await session!.listen(frames);
  return { score, facts: session!.facts, warnings: [...session!.facts.warnings, ...open.warnings] };
}

async function recording(script: string, frames = 60): Promise<SoundRecording> {
  const { score } = await hear(script, frames);
  expect(score.clips).toEqual([]);
  expect(score.recordings).toHaveLength(1);
  return score.recordings[0]!;
}

const oscillator = (frequency: number): string => `new OscillatorNode(audio, { frequency: ${frequency} })`;

describe("what a page plays by WebAudio", () => {
  it.each([inCanvas, screenshot()])("hears an oscillator that is told to begin at 0.5 s ($name)", async (capture) => {
    const { score, facts } = await hear(
      `const audio = new AudioContext(); const tone = ${oscillator(1000)}; tone.connect(audio.destination); tone.start(0.5); tone.stop(1.5);`,
      60,
      capture,
    );
    expect(facts.sound).toBe("played");
    const [heard] = score.recordings;
    expect(heard!.sampleRate).toBe(48_000);
    expect(heard!.start + heard!.channels[0]!.length / heard!.sampleRate).toBeCloseTo(2, 6);
    expect(onset(heard!)).toBeCloseTo(0.5, 3);
    expect(offset(heard!)).toBeCloseTo(1.5, 3);
    expect(decibels(rms(heard!, 0.6, 1.4) * Math.SQRT2)).toBeCloseTo(0, 1);
    expect(pitch(heard!, 0.6, 1.4)).toBeCloseTo(1000, 1);
    expect(heard!.channels[1]).toEqual(heard!.channels[0]);
  });

  it("begins what a timer or a frame begins at the time at which it does, to the sample", async () => {
    const heard = await recording(
      `const audio = new AudioContext(); const left = ${oscillator(500)}; const right = ${oscillator(700)};
      const merger = audio.createChannelMerger(2); left.connect(merger, 0, 0); right.connect(merger, 0, 1); merger.connect(audio.destination);
      setTimeout(() => left.start(), 333);
      requestAnimationFrame(function step(now) { if (now < 700) requestAnimationFrame(step); else { right.start(); setTimeout(() => right.stop(), 101); } });`,
    );
    expect(onset(heard)).toBeCloseTo(0.333, 4);
    expect(onset(heard, 1)).toBeCloseTo(0.7, 4);
    expect(offset(heard, 1)).toBeCloseTo(0.801, 4);
  });

  it("follows automation, values that are set, connections, filters and delays", async () => {
    const heard = await recording(
      `const audio = new AudioContext(); const gain = audio.createGain(); const delay = audio.createDelay(1); delay.delayTime.value = 0.25;
      ${oscillator(400)}.connect(gain); const source = new ConstantSourceNode(audio, { offset: 0.5 });
      source.connect(gain); source.start(); gain.connect(delay).connect(audio.destination);
      gain.gain.setValueAtTime(0, 0); gain.gain.linearRampToValueAtTime(1, 1);
      setTimeout(() => { gain.gain.value = 0.2; }, 1250);
      setTimeout(() => delay.disconnect(), 1600);`,
    );
    const at = (seconds: number): number => heard.channels[0]![Math.round((seconds - heard.start) * 48_000)]!;
    expect(at(0.75)).toBeCloseTo(0.25, 3);
    expect(at(1.25)).toBeCloseTo(0.5, 3);
    expect(at(1.49)).toBeCloseTo(0.5, 3);
    expect(at(1.51)).toBeCloseTo(0.1, 3);
    expect(at(1.595)).toBeCloseTo(0.1, 3);
    expect(at(1.61)).toBe(0);
  });

  it("plays buffers that are decoded, at their rate and offset, and tells of their end", async () => {
    const heard = await recording(
      `const audio = new AudioContext(); const bytes = new DataView(new ArrayBuffer(44 + 48000 * 2));
      const put = (at, text) => [...text].forEach((c, i) => bytes.setUint8(at + i, c.charCodeAt(0)));
      put(0, "RIFF"); bytes.setUint32(4, 36 + 96000, true); put(8, "WAVEfmt "); bytes.setUint32(16, 16, true); bytes.setUint16(20, 1, true);
      bytes.setUint16(22, 1, true); bytes.setUint32(24, 48000, true); bytes.setUint32(28, 96000, true); bytes.setUint16(32, 2, true);
      bytes.setUint16(34, 16, true); put(36, "data"); bytes.setUint32(40, 96000, true);
      for (let at = 0; at < 48000; at++) bytes.setInt16(44 + at * 2, 16384 * Math.sin(at * 2 * Math.PI * 300 / 48000), true);
      const url = URL.createObjectURL(new Blob([bytes], { type: "audio/wav" }));
      setTimeout(async () => {
        const buffer = await audio.decodeAudioData(await (await fetch(url)).arrayBuffer());
        const source = new AudioBufferSourceNode(audio, { buffer, playbackRate: 2 });
        source.connect(audio.destination); source.start(0, 0.5, 0.5);
        source.onended = () => { const tone = ${oscillator(1000)}; tone.connect(audio.destination); tone.start(); };
      }, 500);`,
    );
    expect(onset(heard)).toBeCloseTo(0.5, 3);
    expect(pitch(heard, 0.51, 0.74)).toBeCloseTo(600, 0);
    expect(pitch(heard, 0.76, 1.9)).toBeCloseTo(1000, 0);
    expect(decibels((rms(heard, 0.51, 0.74) * Math.SQRT2) / 0.5)).toBeCloseTo(0, 1);
  });

  it("keeps two contexts apart, each at its rate, and is silent while one is suspended", async () => {
    const { score } = await hear(
      `const play = (audio, hz) => { const tone = new OscillatorNode(audio, { frequency: hz }); tone.connect(audio.destination); tone.start(); return audio; };
      const first = play(new AudioContext(), 500); play(new AudioContext({ sampleRate: 44100 }), 800);
      setTimeout(() => first.suspend(), 500); setTimeout(() => first.resume(), 1000); setTimeout(() => first.close(), 1500);`,
    );
    expect(score.recordings.map(({ sampleRate, start }) => [sampleRate, start])).toEqual([
      [48_000, 0],
      [48_000, 1],
      [44_100, 0],
    ]);
    const [before, after, other] = score.recordings;
    expect([before, after].map((one) => one!.channels[0]!.length)).toEqual([24_000, 24_000]);
    // It goes on where it stood.
    expect(pitch({ ...before!, channels: [Float32Array.from([...before!.channels[0]!, ...after!.channels[0]!])] }, 0, 1)).toBeCloseTo(
      500,
      2,
    );
    expect(pitch(other!, 0.1, 1.9)).toBeCloseTo(800, 1);
  });

  it("gives analysers what sounds at the frame: the same in order, out of order, and while it is listened to", async () => {
    const page = await folder.page(
      gaugePage(
        `<i class="g"></i><script>
          const audio = new AudioContext(); const tone = ${oscillator(3000)}; const gain = audio.createGain();
          const analyser = new AnalyserNode(audio, { fftSize: 256, smoothingTimeConstant: 0 });
          tone.connect(gain).connect(analyser); gain.gain.value = 0; gain.gain.setValueAtTime(0.5, 0.5); tone.start();
          const samples = new Float32Array(256);
          requestAnimationFrame(function step() {
            requestAnimationFrame(step);
            analyser.getFloatTimeDomainData(samples);
            document.querySelector("i").style.transform = "scaleX(" + 200 * Math.max(...samples) + ")";
          });
        </script>`,
      ),
    );
    await checkGauges({ page, rate: RATE, frames: 40, access: "sequential", expected: (index) => [index <= 15 ? 0 : 100] });
    await using open = await openGauges(page, RATE);
    const [session] = open.sessions;
    const unheard: string[] = await readHashes(session!, 10, 30);
    await session!.listen(40);
    expect(await readHashes(session!, 10, 30)).toEqual(unheard);
  });

  it("lets the page process samples itself, in worklets and in scripts", async () => {
    const worklet = `registerProcessor("half", class extends AudioWorkletProcessor {
      process([input], [output]) { output.forEach((channel, side) => input[side] && channel.set(input[side].map((sample) => sample / 2))); return true; } })`;
    const heard = await recording(
      `const audio = new AudioContext(); const tone = ${oscillator(1000)}; tone.start(0.5); tone.stop(1.5);
      const url = URL.createObjectURL(new Blob([${JSON.stringify(worklet)}], { type: "text/javascript" }));
      const merger = audio.createChannelMerger(2); merger.connect(audio.destination);
      audio.audioWorklet.addModule(url).then(() => tone.connect(new AudioWorkletNode(audio, "half")).connect(merger, 0, 0));
      const node = audio.createScriptProcessor(256, 1, 1);
      node.onaudioprocess = ({ inputBuffer, outputBuffer }) => outputBuffer.getChannelData(0).set(inputBuffer.getChannelData(0).map((sample) => sample / 4));
      tone.connect(node).connect(merger, 0, 1);`,
    );
    expect(onset(heard)).toBeCloseTo(0.5, 3);
    expect(decibels((rms(heard, 0.6, 1.4) * Math.SQRT2) / 0.5)).toBeCloseTo(0, 1);
    // Two of its own blocks later, as in any browser.
    expect(onset(heard, 1)).toBeCloseTo(0.5 + 512 / 48_000, 3);
    expect(decibels((rms(heard, 0.6, 1.4, 1) * Math.SQRT2) / 0.25)).toBeCloseTo(0, 1);
  });

  it("names what it does not hear", async () => {
    const { score, warnings } = await hear(
      `const audio = new AudioContext(); audio.createMediaStreamSource(new MediaStream()).connect(audio.destination);
      new MediaStreamAudioDestinationNode(audio);`,
      10,
    );
    expect(score.recordings).toEqual([]);
    expect(warnings).toEqual([
      expect.stringContaining("The page plays a MediaStream through an AudioContext, which is not heard"),
      expect.stringContaining("The page sends sound into a MediaStream"),
    ]);
  });

  it("looks to the page as an AudioContext does", async () => {
    const page = await folder.page(
      gaugePage(`<i class="g"></i><script>
        const audio = new (class Own extends AudioContext {})(); const told = []; audio.onstatechange = () => told.push(audio.state);
        const tone = ${oscillator(100)}; tone.connect(audio.destination); tone.start();
        setTimeout(() => audio.suspend(), 100); setTimeout(() => audio.resume(), 200);
        window.result = () => [audio instanceof AudioContext, audio instanceof BaseAudioContext, audio.destination instanceof AudioDestinationNode,
          audio.destination.maxChannelCount, audio.constructor.name, audio.sampleRate, audio.baseLatency, typeof audio.startRendering, told.join()];
      </script>`),
    );
    await using open = await openGauges(page, RATE);
    const [session] = open.sessions;
    await session!.listen(10);
    const result = await session!.page.evaluate(`document.querySelector("iframe").contentWindow.result()`, unchecked());
    expect(result).toEqual([true, true, true, 2, "Own", 48_000, 0, "undefined", "running,suspended,running"]);
  });
});
