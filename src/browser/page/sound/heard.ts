import type { MediaFacts, PageSound } from "../../../core/media.ts";
import type { SoundClip } from "../../../core/sound.ts";
import type { PageWindow } from "../clock/page-window.ts";
import type { VirtualClock } from "../clock/virtual-clock.ts";
import type { Stretch } from "../media/stretches.ts";
import { AudioContexts, type MadeSound } from "./audio-contexts.ts";
import { clipOf } from "./clips.ts";
import { declaredLevels, levelOver, type DeclaredLevels } from "./declared-levels.ts";
import type { DrivenMedia } from "./driven-media.ts";
import { ElementLevels } from "./element-levels.ts";
import { movesMedia } from "./media-tweens.ts";

export interface HeardOptions {
  readonly clock: VirtualClock;
  readonly media: DrivenMedia;
  readonly frameSeconds: number;
  /** The page's time at the beginning of the video, in milliseconds. */
  loadedMs(): number;
  warn(reason: string): void;
}

/** What a page lets be heard: its media elements and its AudioContexts. */
export class Heard {
  readonly #options: HeardOptions;
  readonly #levels: ElementLevels;
  readonly #contexts: AudioContexts;
  /** What the host was told; null before. */
  #told: PageSound | null = null;
  #toldElements: ReadonlySet<HTMLMediaElement> = new Set();
  #isListening = false;
  #unplanned: string | null = null;

  constructor(options: HeardOptions) {
    this.#options = options;
    const { clock, media, frameSeconds, warn } = options;
    const now = (): number => this.#now;
    this.#levels = new ElementLevels({
      now,
      frameSeconds,
      firstVolume: (element) => firstVolume(element, declaredLevels(element, warn)),
      onScript: (element, what) => {
        if (what === "level" ? this.#plays(element) : this.#mayBeHeard(element) && !this.#levels.isMuted(element))
          this.#notPlanned(what === "play" ? `a script plays ${nameOf(element)}` : `a script changes how loud ${nameOf(element)} is`);
      },
    });
    this.#contexts = new AudioContexts(
      clock,
      {
        get stretches() {
          return media.stretches;
        },
        urlOf: (element) => media.urlOf(element),
        levelOf: (element) => this.#levels.levelOf(element) * this.#declared(element).volume,
        pageMsAt: (videoSeconds) => this.#options.loadedMs() + videoSeconds * 1000,
      },
      warn,
    );
  }

  install(view: PageWindow): void {
    this.#levels.install(view);
    this.#contexts.install(view);
  }

  /** What the page shows may depend on what it heard, so that it cannot go back. */
  get isLookedAt(): boolean {
    return this.#contexts.areLookedAt;
  }

  /** Plays up to a time of the page, in milliseconds: before its scripts run at that time. */
  async advance(pageMs: number): Promise<void> {
    if (this.#contexts.areInUse) await this.#contexts.advance(pageMs);
  }

  /**
   * How it is found out what is heard. What is not told here must not be heard later: see `unplanned`.
   *
   * @param isSequential scripts wait for their time, and may play then what does not play yet
   */
  kind(windows: readonly Window[], isSequential: boolean): PageSound {
    const { stretches, elements } = this.#options.media;
    const heard = new Set(stretches.map(({ element }) => element).filter((element) => this.#mayBeHeard(element)));
    const isScripted: boolean =
      this.#contexts.areInUse ||
      [...heard].some((element) => this.#levels.isScripted(element) && !this.#levels.isMuted(element)) ||
      (elements.length > 0 && movesMedia(windows));
    const mayPlay: boolean = isSequential && elements.some((element) => this.#mayBeHeard(element));
    this.#toldElements = heard;
    this.#told = isScripted || (heard.size === 0 && mayPlay) ? "played" : heard.size > 0 ? "declared" : "none";
    return this.#told;
  }

  /** What was heard, or would be, besides what the host was told; null where nothing was. In words. */
  get unplanned(): string | null {
    if (this.#told === "played") return null;
    const added: Stretch | undefined = this.#options.media.stretches.find(
      ({ element }) => this.#mayBeHeard(element) && !this.#toldElements.has(element),
    );
    if (added) this.#unplanned ??= `${nameOf(added.element)} came later`;
    if (this.#contexts.areInUse) this.#unplanned ??= "a script plays sound by an AudioContext";
    return this.#unplanned;
  }

  /** It was listened to before: what has sounded does not come again. */
  get wasListenedTo(): boolean {
    return this.#isListening;
  }

  /** From now on all is kept that is heard. */
  listen(): void {
    this.#isListening = true;
    this.#contexts.listen();
  }

  /** One frame has been made. */
  look(): void {
    for (const { element } of this.#options.media.stretches) {
      if (this.#levels.follows(element)) this.#levels.look(element);
      else this.#levels.follow(element);
    }
  }

  clips(videoSeconds: number): SoundClip[] {
    const { media, warn } = this.#options;
    return media.stretches.flatMap((stretch) => {
      const { element } = stretch;
      const { facts } = stretch.file;
      if (!facts?.audio || !this.#mayBeHeard(element) || this.#contexts.carry(element)) return [];
      const declared: DeclaredLevels = this.#declared(element);
      const clip: SoundClip | null = clipOf(
        {
          stretch,
          facts,
          preservesPitch: element.preservesPitch,
          level: this.#levels.envelopeOf(element),
          levelOver: (start, end) => levelOver(declared, start, end),
        },
        videoSeconds,
        warn,
      );
      return clip ? [clip] : [];
    });
  }

  made(videoSeconds: number): Promise<MadeSound[]> {
    return this.#contexts.played(this.#options.loadedMs(), videoSeconds);
  }

  /** Seconds of the video. */
  get #now(): number {
    return Math.max(0, (this.#options.clock.nowMs - this.#options.loadedMs()) / 1000);
  }

  #declared(element: HTMLMediaElement): DeclaredLevels {
    const declared: DeclaredLevels = declaredLevels(element, this.#options.warn);
    // The property, which began there, holds no more than 1.
    return firstVolume(element, declared) === null ? declared : { ...declared, volume: Math.max(1, declared.volume) };
  }

  #plays(element: HTMLMediaElement): boolean {
    return this.#options.media.stretches.some((one) => one.element === element) && this.#mayBeHeard(element);
  }

  /** It has sound, as far as anybody knows. */
  #mayBeHeard(element: HTMLMediaElement): boolean {
    if (element.getAttribute("data-has-audio") === "false") return false;
    const facts: MediaFacts | null = this.#options.media.factsOf(element);
    return facts === null || facts.audio !== null;
  }

  #notPlanned(what: string): void {
    if (this.#told === null || this.#told === "played" || this.#isListening) return;
    this.#unplanned ??= what;
  }
}

/**
 * As HyperFrames has it, `data-volume` is where the volume of an element of a composition begins, and what scripts set takes its
 * place; null where it is a level of its own besides.
 */
function firstVolume(element: HTMLMediaElement, { volume, keyframes, automation }: DeclaredLevels): number | null {
  if (!element.hasAttribute("data-volume") || keyframes || automation) return null;
  return element.closest("[data-composition-id]") === null ? null : Math.min(1, volume);
}

function nameOf(element: HTMLMediaElement): string {
  const { localName, id, currentSrc } = element;
  return `<${localName}${id === "" ? "" : ` id="${id}"`}> (${currentSrc || element.src})`;
}
