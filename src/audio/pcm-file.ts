import { open, rm, stat, type FileHandle } from "node:fs/promises";
import { loopedRanges, type SampleRange } from "../core/sample-times.ts";
import { CHANNELS } from "../core/sound.ts";
import { readFloats } from "./float-file.ts";

/** Sound that is ready to be mixed: 48,000 samples a second. Numbers of samples count from the beginning of what it is the sound of. */
export interface Pcm {
  /** Samples `[first, end)`, left and right in turn; silence where there is none. */
  read(range: SampleRange): Promise<Float32Array>;
}

/** A file of raw samples. Nothing holds it open; whoever made it removes it. */
export interface PcmFile extends Pcm {
  /** The sample behind its last. */
  readonly end: number;
  remove(): Promise<void>;
}

export interface PcmFileOptions {
  /** One is heard on both sides. */
  readonly channels: 1 | 2;
  /** Number of its first sample. */
  readonly first: number;
}

export async function pcmFile(path: string, { channels, first }: PcmFileOptions): Promise<PcmFile> {
  const { size } = await stat(path);
  const end: number = first + Math.floor(size / Float32Array.BYTES_PER_ELEMENT / channels);
  return {
    end,
    async read(range) {
      const floats = new Float32Array((range.end - range.first) * CHANNELS);
      const from: number = Math.max(range.first, first);
      const to: number = Math.min(range.end, end);
      if (from >= to) return floats;
      const held: Float32Array = await heldIn(path, (from - first) * channels, (to - first) * channels);
      floats.set(channels === CHANNELS ? held : onBothSides(held), (from - range.first) * CHANNELS);
      return floats;
    },
    remove: () => rm(path, { force: true }),
  };
}

async function heldIn(path: string, start: number, end: number): Promise<Float32Array> {
  const file: FileHandle = await open(path, "r");
  try {
    return await readFloats(file, 0, start, end);
  } finally {
    await file.close();
  }
}

function onBothSides(mono: Float32Array): Float32Array {
  const stereo = new Float32Array(mono.length * CHANNELS);
  for (let at = 0; at < stereo.length; at++) stereo[at] = mono[Math.floor(at / CHANNELS)]!;
  return stereo;
}

/** Samples in memory, one array a channel; of more than two the first two are heard. */
export function pcmOf(channels: readonly Float32Array[]): Pcm {
  const [left, right = left] = channels;
  return {
    async read({ first, end }) {
      const floats = new Float32Array((end - first) * CHANNELS);
      for (let at = Math.max(first, 0); at < Math.min(end, left!.length); at++) {
        floats[(at - first) * CHANNELS] = left![at]!;
        floats[(at - first) * CHANNELS + 1] = right![at]!;
      }
      return floats;
    },
  };
}

/** Loops up to this length, in samples, are read once and repeated in memory: one of a single sample would be read 48,000 times a second. */
const SHORT_LOOP = 65_536;

/** A sound from one of its samples on, which may begin anew at the end of a loop. */
export function pcmFrom(sound: Pcm, from: number, loop: SampleRange | null): Pcm {
  if (loop !== null && loop.end > loop.first && loop.end - loop.first <= SHORT_LOOP) return shortLoop(sound, from, loop);
  return {
    async read({ first, end }) {
      const floats = new Float32Array((end - first) * CHANNELS);
      let at = 0;
      for (const piece of loopedRanges({ first: from + first, end: from + end }, loop)) {
        floats.set(await sound.read(piece), at);
        at += (piece.end - piece.first) * CHANNELS;
      }
      return floats;
    },
  };
}

function shortLoop(sound: Pcm, from: number, loop: SampleRange): Pcm {
  const length: number = loop.end - loop.first;
  let looped: Promise<Float32Array> | null = null;
  return {
    async read(range) {
      const [first, end]: [number, number] = [from + range.first, from + range.end];
      const floats = new Float32Array((end - first) * CHANNELS);
      // Up to the end of the loop it is played as it is.
      const straight: number = Math.max(0, Math.min(end, loop.end) - first);
      if (straight > 0) floats.set(await sound.read({ first, end: first + straight }));
      if (first + straight === end) return floats;
      const samples: Float32Array = await (looped ??= sound.read(loop));
      for (let at = straight; at < end - first; at++) {
        const source: number = ((first + at - loop.end) % length) * CHANNELS;
        floats[at * CHANNELS] = samples[source]!;
        floats[at * CHANNELS + 1] = samples[source + 1]!;
      }
      return floats;
    },
  };
}
