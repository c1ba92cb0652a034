import type { MediaFacts } from "../core/media.ts";
import { samplesAt, type SampleRange } from "../core/sample-times.ts";
import type { MixContext, SoundClip } from "../core/sound.ts";
import { decodeSound, type DecodedSound, type SoundWindow } from "./decode-sound.ts";
import type { TaskContext } from "./ffmpeg-task.ts";
import { pcmFrom, type Pcm } from "./pcm-file.ts";

/** The decoded files of clips: each is decoded once, as far as its clips need it, and goes when the last of them has been heard. */
export interface ClipSources {
  /**
   * What a clip plays, at the rate of its file, from its first sample on.
   *
   * @throws RenderError `media-unreadable`, `sound-failed`, `disk-full`, `aborted`
   */
  soundOf(clip: SoundClip): Promise<Pcm>;
  /** A clip has been heard. */
  release(clip: SoundClip): Promise<void>;
}

/** Seconds by which the length that headers say may be off. */
const LENGTH_ERROR_SECONDS = 1;

export function clipSources(
  clips: readonly SoundClip[],
  task: TaskContext,
  context: Pick<MixContext, "path" | "facts" | "warn">,
): ClipSources {
  const bySource: ReadonlyMap<string, readonly SoundClip[]> = clipsBySource(clips);
  const clipsOf = (source: string): readonly SoundClip[] => bySource.get(source) ?? [];
  /** How many clips have yet to be heard, by source. */
  const left = new Map<string, number>();
  const decoded = new Map<string, Promise<DecodedSound>>();
  const decode = async (source: string): Promise<DecodedSound> => {
    const window: SoundWindow = windowOf(clipsOf(source), context.facts(source));
    const sound: DecodedSound = await decodeSound(task, source, await context.path(source), window);
    if (sound.damage !== null) context.warn(`"${source}" is damaged, and may sound wrong: ${sound.damage}`);
    return sound;
  };
  return {
    async soundOf(clip) {
      const sound: Promise<DecodedSound> = decoded.get(clip.source) ?? decode(clip.source);
      decoded.set(clip.source, sound);
      const { pcm } = await sound;
      return pcmFrom(pcm, samplesAt(clip.mediaStart), loopOf(clip, context.facts(clip.source), pcm.end));
    },
    async release({ source }) {
      const others: number = (left.get(source) ?? clipsOf(source).length) - 1;
      left.set(source, others);
      if (others === 0) await (await decoded.get(source))?.pcm.remove();
    },
  };
}

/** In the order in which sources come first. A page may name a hundred thousand of them. */
export function clipsBySource(clips: readonly SoundClip[]): Map<string, SoundClip[]> {
  const bySource = new Map<string, SoundClip[]>();
  for (const clip of clips) {
    const others: SoundClip[] | undefined = bySource.get(clip.source);
    if (others) others.push(clip);
    else bySource.set(clip.source, [clip]);
  }
  return bySource;
}

/** Whether a clip comes to the end of its file and begins anew. */
function isLooped({ loopFrom, mediaStart, duration, playbackRate }: SoundClip, facts: MediaFacts | null): boolean {
  if (loopFrom === null) return false;
  return facts === null || mediaStart + duration * playbackRate > facts.durationSeconds - LENGTH_ERROR_SECONDS;
}

function windowOf(clips: readonly SoundClip[], facts: MediaFacts | null): SoundWindow {
  const looped: readonly SoundClip[] = clips.filter((clip) => isLooped(clip, facts));
  const most: number = clips.reduce((latest, clip) => Math.max(latest, clip.mediaStart + clip.duration * clip.playbackRate), 0);
  const from: number = [...clips.map(({ mediaStart }) => mediaStart), ...looped.map(({ loopFrom }) => loopFrom!)].reduce((least, one) =>
    Math.min(least, one),
  );
  return { from, to: looped.length > 0 ? null : most, most };
}

/** A video begins anew when its pictures end; of a file of sound alone, what encoders add at its end is no part of the loop. */
function loopOf(clip: SoundClip, facts: MediaFacts | null, end: number): SampleRange | null {
  if (!isLooped(clip, facts)) return null;
  const told: number = facts === null ? end : samplesAt(facts.durationSeconds);
  return { first: samplesAt(clip.loopFrom!), end: facts === null || facts.video === null ? Math.min(end, told) : told };
}
