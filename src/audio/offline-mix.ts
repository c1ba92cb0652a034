import { mediaReaderScript } from "../browser/generated/media-reader-script.ts";
import { pageAnswers } from "../browser/boundary.ts";
import type { ClipToMix, PageMixAnswer } from "../browser/messages.ts";
import { READER_KEY } from "../browser/page/media/reader.ts";
import { PageException } from "../core/browser.ts";
import { aborted, mediaUnreadable, soundFailed } from "../core/errors.ts";
import type { MediaFacts } from "../core/media.ts";
import { Supervisor } from "../core/pipeline/supervisor.ts";
import { within } from "../core/pipeline/watchdog.ts";
import { isMuted } from "../core/sound-levels.ts";
import { SAMPLE_RATE, type AudioMixer, type MixContext, type MixedSound, type MixRequest, type SoundClip } from "../core/sound.ts";
import { finishMix } from "./finish-mix.ts";
import { MixMemory } from "./mix-memory.ts";
import { recordedSound } from "./recorded-sound.ts";

const NAME = "offline-mix";
/** Samples that the page mixes at a time: five seconds, two megabytes on their way to the host. */
const PIECE: number = 5 * SAMPLE_RATE;
/** How long the page may take to drop the mix, in milliseconds. */
const CLOSE_MS = 2_000;
/** Where the top window keeps the mix. */
const KEY = "__framewrightMix";

/**
 * Mixes inside a page: the browser decodes, and what comes of it is kept in the memory of this host, 23 MB a minute. For runtimes
 * with neither processes nor files.
 */
export function offlineMix(): AudioMixer {
  return {
    contract: 1,
    name: NAME,
    traits: { runsIn: "page" },
    probe: async () => ({ ok: true }),
    mix,
  };
}

async function mix({ score, sampleCount, loudness: target }: MixRequest, context: MixContext): Promise<MixedSound> {
  const { warn } = context;
  const clips: readonly SoundClip[] = score.clips.filter(({ gain }) => !isMuted(gain));
  const sum: MixMemory = memoryFor(sampleCount);
  for (const recording of score.recordings) {
    const { first, samples } = recordedSound(recording);
    sum.add(first, samples);
  }
  if (clips.length > 0) await addClips(sum, clips, context);
  const { loudness, peak } = await finishMix(sum, target, warn);
  return {
    sampleCount,
    path: null,
    facts: { mixer: NAME, clips: clips.length, recordings: score.recordings.length, loudness, peak },
    read: (first, end) => sum.read({ first, end }),
    async [Symbol.asyncDispose]() {},
  };
}

/** @throws RenderError `sound-failed` where this host has too little memory for it */
function memoryFor(sampleCount: number): MixMemory {
  try {
    return new MixMemory(sampleCount);
  } catch (thrown) {
    const seconds: number = Math.round(sampleCount / SAMPLE_RATE);
    throw soundFailed(NAME, null, `there is no memory for a mix of ${seconds} seconds; use a shorter video, or ffmpeg`, thrown);
  }
}

async function addClips(sum: MixMemory, clips: readonly SoundClip[], context: MixContext): Promise<void> {
  const { page, facts, signal } = context;
  const toMix: readonly ClipToMix[] = clips.map((clip) => ({ clip, loopEndSeconds: loopEnd(facts(clip.source)) }));
  await waited(
    page.run(
      `(() => {\n${mediaReaderScript}\nglobalThis.${KEY} = globalThis.${READER_KEY}.mix(${JSON.stringify(toMix)});\nreturn null;\n})()`,
    ),
    context,
  );
  try {
    for (let first = 0; first < sum.sampleCount; first += PIECE) {
      if (signal.aborted) throw aborted(signal.reason);
      const end: number = Math.min(sum.sampleCount, first + PIECE);
      const answer: PageMixAnswer<Uint8Array> = await waited(page.evaluate(`${KEY}.samples(${first}, ${end})`, pageAnswers.mix), context);
      if ("fault" in answer) throw mediaUnreadable(answer.source, answer.fault);
      if (answer.samples !== null) sum.add(first, samplesOf(answer.samples));
    }
  } finally {
    // Nothing is to be closed in a page that is gone; one that hangs is closed with its browser.
    await within(CLOSE_MS, page.run(`${KEY}.close()`), () => new Error("the page does not answer")).catch(() => {});
  }
}

/** A video begins anew when its pictures end; of a file of sound alone its samples say where it ends. */
function loopEnd(facts: MediaFacts | null): number | null {
  return facts?.video ? facts.durationSeconds : null;
}

/**
 * @throws RenderError `sound-failed` where the page says nothing for too long, or its script throws; `aborted`; `browser-closed`
 */
async function waited<Value>(work: Promise<Value>, { signal, inactivityTimeoutMs }: MixContext): Promise<Value> {
  const silence = (): Error =>
    soundFailed(NAME, null, `the page mixed nothing for ${inactivityTimeoutMs} ms; raise inactivityTimeoutMs if the machine is only slow`);
  try {
    return await new Supervisor(inactivityTimeoutMs, signal).run(work, silence);
  } catch (thrown) {
    throw thrown instanceof PageException ? soundFailed(NAME, null, thrown.message, thrown) : thrown;
  }
}

/** A copy: bytes of a pool begin anywhere, samples at multiples of four. */
function samplesOf(bytes: Uint8Array): Float32Array {
  return new Float32Array(Uint8Array.from(bytes).buffer, 0, Math.floor(bytes.byteLength / 4));
}
