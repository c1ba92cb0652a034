import { open, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { aborted } from "../core/errors.ts";
import { CHANNELS } from "../core/sound.ts";
import type { SampleRange } from "../core/sample-times.ts";
import { WAV_FRAME_BYTES, WAV_HEADER_BYTES, wavHeader } from "../core/wav.ts";
import { readFloats, writeFloats } from "./float-file.ts";

/** Samples of each channel that are in memory at a time. */
const PIECE = 131_072;

/** A WAV file of silence to which sounds are added. Whoever makes it closes it. */
export class MixFile {
  readonly path: string;
  readonly sampleCount: number;
  readonly #file: FileHandle;
  readonly #signal: AbortSignal;

  private constructor(path: string, sampleCount: number, file: FileHandle, signal: AbortSignal) {
    this.path = path;
    this.sampleCount = sampleCount;
    this.#file = file;
    this.#signal = signal;
  }

  static async make(folder: string, sampleCount: number, signal: AbortSignal): Promise<MixFile> {
    const path: string = join(folder, "mix.wav");
    const file: FileHandle = await open(path, "w+");
    const mix = new MixFile(path, sampleCount, file, signal);
    try {
      await file.write(wavHeader(sampleCount));
      await file.truncate(WAV_HEADER_BYTES + sampleCount * WAV_FRAME_BYTES);
    } catch (thrown) {
      await mix.close();
      throw thrown;
    }
    return mix;
  }

  /** The pieces in which a range is best read and written, as far as it lies in the file. */
  pieces({ first, end }: SampleRange = { first: 0, end: this.sampleCount }): SampleRange[] {
    const pieces: SampleRange[] = [];
    const last: number = Math.min(end, this.sampleCount);
    for (let at = Math.max(0, first); at < last; at += PIECE) pieces.push({ first: at, end: Math.min(last, at + PIECE) });
    return pieces;
  }

  /** Samples `[first, end)`, left and right in turn. @throws RenderError `aborted` */
  async read({ first, end }: SampleRange): Promise<Float32Array> {
    if (this.#signal.aborted) throw aborted(this.#signal.reason);
    return readFloats(this.#file, WAV_HEADER_BYTES, first * CHANNELS, end * CHANNELS);
  }

  write(first: number, samples: Float32Array): Promise<void> {
    return writeFloats(this.#file, WAV_HEADER_BYTES, first * CHANNELS, samples);
  }

  /** Adds samples to those that are there. */
  async add(first: number, samples: Float32Array): Promise<void> {
    const sum: Float32Array = await this.read({ first, end: first + samples.length / CHANNELS });
    for (let at = 0; at < sum.length; at++) {
      // Files of floats, and pages, may hold what is no number: it would silence all that is added to it.
      if (Number.isFinite(samples[at])) sum[at]! += samples[at]!;
    }
    await this.write(first, sum);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
