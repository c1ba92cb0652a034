import type { CaptureSession } from "../capture.ts";
import { checkedScore } from "../checked-score.ts";
import { aborted, listeningStalled } from "../errors.ts";
import { frameTime } from "../frame-rate.ts";
import type { ParsedJob } from "../job.ts";
import type { MediaFacts } from "../media.ts";
import type { PageSound } from "../media.ts";
import type { SoundPlan } from "../policy/plan.ts";
import { SAMPLE_RATE, type AudioMixer, type MixedSound, type SoundScore } from "../sound.ts";
import type { Timeline } from "../timeline.ts";
import type { Video } from "../video.ts";
import { named } from "./candidate.ts";
import { Supervisor } from "./supervisor.ts";

export interface SoundMakerOptions {
  readonly job: ParsedJob;
  readonly mixers: readonly AudioMixer[];
  readonly video: Pick<Video, "frameCount" | "frameRate">;
  readonly timeline: Timeline;
  readonly signal: AbortSignal;
  path(source: string): Promise<string>;
  facts(source: string): MediaFacts | null;
  warn(reason: string): void;
}

/** Hears the page, and mixes what it heard: once a job, whichever plans follow one another. */
export class SoundMaker implements AsyncDisposable {
  readonly #options: SoundMakerOptions;
  #known: PageSound | null = null;
  #score: SoundScore | null = null;
  #sound: MixedSound | null = null;

  constructor(options: SoundMakerOptions) {
    this.#options = options;
  }

  /**
   * The sound of the video; null where nothing is heard.
   *
   * @param page The composition, open and at its beginning
   * @param known What is known of its sound
   * @throws RenderError `media-unreadable`, `sound-failed`, `seek-failed`, `capture-stalled`, `page-failed`, `disk-full`, `aborted`
   */
  async make({ mixer }: SoundPlan, page: CaptureSession, known: PageSound): Promise<MixedSound | null> {
    const { timeline, signal } = this.#options;
    // What was heard before is not all, where more is known now.
    if (this.#known !== known) await this.#forget();
    this.#known = known;
    this.#score ??= await timeline.span("listen", "sound", () => this.#listen(page, known));
    if (signal.aborted) throw aborted(signal.reason);
    const { clips, recordings } = this.#score;
    if (clips.length + recordings.length === 0) return null;
    this.#sound ??= await timeline.span("mix", "sound", () => this.#mix(mixer, this.#score!, page));
    return this.#sound;
  }

  /** @throws RenderError `capture-stalled` where the page makes no progress, `page-failed` for a score that cannot be mixed */
  async #listen(page: CaptureSession, known: PageSound): Promise<SoundScore> {
    const { video, job, signal } = this.#options;
    const supervisor = new Supervisor(job.captureTimeoutMs, signal);
    const listening: Promise<SoundScore> = page.listen(video.frameCount, known, { onProgress: () => supervisor.beat() });
    const score: SoundScore = await supervisor.run(listening, () => listeningStalled(job.captureTimeoutMs));
    return checkedScore(score, frameTime(video.frameCount, video.frameRate.value));
  }

  #mix(name: string, score: SoundScore, page: CaptureSession): Promise<MixedSound> {
    const { mixers, video, job, path, facts, signal, warn } = this.#options;
    const sampleCount: number = Math.round(frameTime(video.frameCount, video.frameRate.value) * SAMPLE_RATE);
    const request = { score, sampleCount, loudness: job.sound.loudness };
    const { inactivityTimeoutMs } = job;
    return named(mixers, name).mix(request, { path, facts, page: page.page, signal, inactivityTimeoutMs, warn });
  }

  async #forget(): Promise<void> {
    const sound: MixedSound | null = this.#sound;
    [this.#score, this.#sound] = [null, null];
    await sound?.[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#forget();
  }
}
