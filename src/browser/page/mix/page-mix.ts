import { toBase64 } from "../../../core/base64.ts";
import { rangeOf, type SampleRange } from "../../../core/sample-times.ts";
import { applyLevels } from "../../../core/sound-levels.ts";
import { CHANNELS, type SoundClip } from "../../../core/sound.ts";
import type { ClipToMix, PageMixAnswer } from "../../messages.ts";
import { once, openedSource } from "../media/opened-files.ts";
import { clipSound, type ClipSound } from "./clip-sound.ts";
import { openDecodedSound, type DecodedSound } from "./decoded-sound.ts";

/** The sum of clips, from the beginning of the video on. Clips that do not sound yet, or no longer, hold nothing open. */
export class PageMix {
  readonly #clips: readonly ClipToMix[];
  readonly #sounds = new Map<string, Promise<DecodedSound>>();
  readonly #playing = new Map<SoundClip, ClipSound>();

  constructor(clips: readonly ClipToMix[]) {
    this.#clips = clips;
  }

  /** Samples `[first, end)`, left and right in turn, as base64 of 32-bit floats; null of silence. They are asked for in order. */
  async samples(first: number, end: number): Promise<PageMixAnswer> {
    const sum = new Float32Array((end - first) * CHANNELS);
    let isHeard = false;
    for (const one of this.#clips) {
      const range: SampleRange = rangeOf(one.clip);
      if (range.end <= first || range.first >= end) continue;
      isHeard = true;
      try {
        await this.#add(one, { first: Math.max(first, range.first), end: Math.min(end, range.end) }, sum, first);
        if (range.end <= end) await this.#end(one.clip);
      } catch (thrown) {
        return { source: one.clip.source, fault: thrown instanceof Error ? thrown.message : String(thrown) };
      }
    }
    return { samples: isHeard ? toBase64(new Uint8Array(sum.buffer)) : null };
  }

  async close(): Promise<void> {
    for (const sound of this.#playing.values()) await sound.close();
    this.#playing.clear();
  }

  async #add(one: ClipToMix, { first, end }: SampleRange, sum: Float32Array, sumFirst: number): Promise<void> {
    const sound: ClipSound = this.#playing.get(one.clip) ?? (await this.#open(one));
    const [left, right] = await sound.next(end - first);
    const samples = new Float32Array((end - first) * CHANNELS);
    for (let at = 0; at < end - first; at++) {
      samples[at * CHANNELS] = left[at]!;
      samples[at * CHANNELS + 1] = right[at]!;
    }
    applyLevels(samples, CHANNELS, first, one.clip.gain);
    const offset: number = (first - sumFirst) * CHANNELS;
    // Files of floats may hold what is no number: it would silence all that is added to it.
    for (let at = 0; at < samples.length; at++) if (Number.isFinite(samples[at])) sum[offset + at]! += samples[at]!;
  }

  async #open({ clip, loopEndSeconds }: ClipToMix): Promise<ClipSound> {
    const { source } = clip;
    const sound: DecodedSound = await once(this.#sounds, source, async () => openDecodedSound(await openedSource(source)));
    const opened: ClipSound = clipSound(clip, sound, loopEndSeconds);
    this.#playing.set(clip, opened);
    return opened;
  }

  async #end(clip: SoundClip): Promise<void> {
    await this.#playing.get(clip)?.close();
    this.#playing.delete(clip);
  }
}
