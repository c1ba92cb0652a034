import { Resampler } from "../../../core/resampler.ts";
import { SAMPLE_RATE, type SoundClip } from "../../../core/sound.ts";
import { TimeStretch } from "../../../core/time-stretch.ts";
import type { DecodedSound, SoundChunk } from "./decoded-sound.ts";

type Stereo = readonly [Float32Array, Float32Array];

/** What a clip sounds like, from its first sample on: 48,000 a second, without its levels. */
export interface ClipSound {
  /** The next so many samples of both channels; silence past the end of the file. */
  next(count: number): Promise<Stereo>;
  close(): Promise<void>;
}

/** @param loopEndSeconds where the file ends for those that begin anew; null where its samples say it */
export function clipSound(clip: SoundClip, sound: DecodedSound, loopEndSeconds: number | null): ClipSound {
  const { playbackRate, preservesPitch } = clip;
  const file = new FileReader48(clip, sound, loopEndSeconds, playbackRate === 1 || preservesPitch ? 1 : playbackRate);
  if (playbackRate === 1 || !preservesPitch) return file;
  const stretch = new TimeStretch(playbackRate);
  let left: Stereo = [new Float32Array(0), new Float32Array(0)];
  return {
    async next(count) {
      while (left[0].length < count) {
        stretch.push(await file.next(stretch.needed));
        left = joined(left, stretch.pull());
      }
      const [now, later] = [cut(left, 0, count), cut(left, count)];
      left = later;
      return now;
    },
    close: () => file.close(),
  };
}

/** The samples of a file from where the clip begins, looped, and brought to the rate of the mix. */
class FileReader48 implements ClipSound {
  readonly #sound: DecodedSound;
  readonly #resamplers: readonly [Resampler, Resampler];
  /** Null where it ends at its end. */
  readonly #loop: { readonly first: number; readonly end: number | null } | null;
  #chunks: AsyncGenerator<SoundChunk, void>;
  #left: Stereo = [new Float32Array(0), new Float32Array(0)];
  #at: number;
  #hasEnded = false;

  constructor({ mediaStart, loopFrom }: SoundClip, sound: DecodedSound, loopEndSeconds: number | null, speed: number) {
    const at = (seconds: number): number => Math.round(seconds * sound.sampleRate);
    this.#sound = sound;
    this.#at = at(mediaStart);
    this.#chunks = sound.from(this.#at);
    this.#loop = loopFrom === null ? null : { first: at(loopFrom), end: loopEndSeconds === null ? null : at(loopEndSeconds) };
    const step: number = (sound.sampleRate / SAMPLE_RATE) * speed;
    this.#resamplers = [new Resampler(step), new Resampler(step)];
  }

  async next(count: number): Promise<Stereo> {
    const [left, right] = this.#resamplers;
    const input: Stereo = await this.#take(left.needed(count));
    left.push(input[0]);
    right.push(input[1]);
    return [left.pull(count), right.pull(count)];
  }

  async close(): Promise<void> {
    await this.#chunks.return();
  }

  async #take(count: number): Promise<Stereo> {
    const parts: Stereo[] = [];
    for (let missing = count; missing > 0;) {
      if (this.#left[0].length === 0) this.#left = await this.#more(missing);
      const part: Stereo = cut(this.#left, 0, missing);
      this.#left = cut(this.#left, missing);
      parts.push(part);
      missing -= part[0].length;
    }
    return joined(...parts);
  }

  /** What follows, whatever it is: at least one sample. */
  async #more(missing: number): Promise<Stereo> {
    const end: number = this.#loop?.end ?? Infinity;
    for (;;) {
      const room: number = end - this.#at;
      const chunk: SoundChunk | null = this.#hasEnded || room <= 0 ? null : ((await this.#chunks.next()).value ?? null);
      if (chunk) {
        const channels: Stereo = cut(chunk.channels, 0, room);
        this.#at += channels[0].length;
        if (channels[0].length > 0) return channels;
        continue;
      }
      this.#hasEnded = true;
      // A sound that ends before its file does is followed by silence.
      const silence: number = this.#loop === null ? missing : Math.min(missing, end === Infinity ? 0 : room);
      if (silence > 0) {
        this.#at += silence;
        return [new Float32Array(silence), new Float32Array(silence)];
      }
      await this.#beginAnew();
    }
  }

  async #beginAnew(): Promise<void> {
    const { first } = this.#loop!;
    // A file without a sample between would be looked for one for ever.
    if (this.#at <= first) throw new Error(`it has no sound between ${first / this.#sound.sampleRate} s and its end, where it begins anew`);
    await this.#chunks.return();
    this.#chunks = this.#sound.from(first);
    this.#at = first;
    this.#hasEnded = false;
  }
}

function cut(channels: Stereo, from: number, to?: number): Stereo {
  return [channels[0].subarray(from, to), channels[1].subarray(from, to)];
}

function joined(...parts: readonly Stereo[]): Stereo {
  if (parts.length === 1) return parts[0]!;
  const length: number = parts.reduce((sum, [left]) => sum + left.length, 0);
  const whole = [new Float32Array(length), new Float32Array(length)] as const;
  let at = 0;
  for (const [left, right] of parts) {
    whole[0].set(left, at);
    whole[1].set(right, at);
    at += left.length;
  }
  return whole;
}
