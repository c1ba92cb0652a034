import type { PageWindow } from "../clock/page-window.ts";
import { product, type Envelope } from "./envelope.ts";
import { LevelTrack } from "./level-track.ts";

/** Frames rarely come to the very moment: changes within so many of them are one movement. */
const JOINED_FRAMES = 1.01;

/** What scripts do to the sound of an element. */
export type ScriptedSound = "play" | "level";

export interface ElementLevelsOptions {
  /** Seconds of the video. */
  now(): number;
  readonly frameSeconds: number;
  /** Where the volume of an element begins; null where it is as the browser has it. */
  firstVolume(element: HTMLMediaElement): number | null;
  /** A script lets an element play, or gives it another level than it had. */
  onScript(element: HTMLMediaElement, what: ScriptedSound): void;
}

interface Tracks {
  readonly volume: LevelTrack;
  readonly muted: LevelTrack;
}

/** How loud media elements are by their properties: `volume`, `muted` and the attribute of that name. */
export class ElementLevels {
  readonly #options: ElementLevelsOptions;
  readonly #tracks = new Map<HTMLMediaElement, Tracks>();
  /** Those whose muting a script decided: the attribute no longer counts. */
  readonly #decided = new WeakSet<HTMLMediaElement>();
  readonly #played = new WeakSet<HTMLMediaElement>();
  /** Those whose volume somebody has looked at: it is there from then on. */
  readonly #begun = new WeakSet<HTMLMediaElement>();
  /** The browser's own. */
  #volume!: PropertyDescriptor;
  readonly #levelled = new WeakSet<HTMLMediaElement>();

  constructor(options: ElementLevelsOptions) {
    this.#options = options;
  }

  install(view: PageWindow): void {
    const { prototype } = view.HTMLMediaElement;
    this.#volume ??= Object.getOwnPropertyDescriptor(prototype, "volume")!;
    const changed = (media: HTMLMediaElement, wasLevel: number): void => this.#changed(media, wasLevel);
    const decide = (media: HTMLMediaElement): void => void this.#decided.add(media);
    const play = (media: HTMLMediaElement): void => {
      this.#played.add(media);
      this.#options.onScript(media, "play");
    };
    const level = (media: HTMLMediaElement): number => this.levelOf(media);
    const volume = (media: HTMLMediaElement): number => this.#volumeOf(media);
    for (const name of ["volume", "muted"] as const) {
      const own: PropertyDescriptor = Object.getOwnPropertyDescriptor(prototype, name)!;
      Object.defineProperty(prototype, name, {
        ...own,
        ...(name === "volume" && {
          get(this: HTMLMediaElement) {
            return volume(this);
          },
        }),
        set(this: HTMLMediaElement, value: unknown) {
          const was: number = level(this);
          own.set!.call(this, value);
          if (name === "muted") decide(this);
          changed(this, was);
        },
      });
    }
    const { play: realPlay } = prototype;
    prototype.play = function () {
      play(this);
      return realPlay.call(this);
    };
  }

  /** Whether a script let it play, or changed its level. */
  isScripted(media: HTMLMediaElement): boolean {
    return this.#played.has(media) || this.#levelled.has(media);
  }

  isMuted(media: HTMLMediaElement): boolean {
    return media.muted || (media.defaultMuted && !this.#decided.has(media));
  }

  levelOf(media: HTMLMediaElement): number {
    return this.isMuted(media) ? 0 : this.#volumeOf(media);
  }

  /** Forgets what was, and follows an element from its level now on. */
  follow(media: HTMLMediaElement): void {
    this.#tracks.set(media, {
      volume: new LevelTrack(this.#volumeOf(media), this.#options.frameSeconds * JOINED_FRAMES),
      muted: new LevelTrack(this.isMuted(media) ? 0 : 1, 0),
    });
  }

  follows(media: HTMLMediaElement): boolean {
    return this.#tracks.has(media);
  }

  /** What changed without a property being set: attributes. */
  look(media: HTMLMediaElement): void {
    const tracks: Tracks | undefined = this.#tracks.get(media);
    const now: number = this.#options.now();
    tracks?.volume.set(this.#volumeOf(media), now);
    tracks?.muted.set(this.isMuted(media) ? 0 : 1, now);
  }

  /** What was followed; where nothing was, the level now. */
  envelopeOf(media: HTMLMediaElement): Envelope {
    const tracks: Tracks | undefined = this.#tracks.get(media);
    if (!tracks) return [{ seconds: 0, gain: this.levelOf(media) }];
    return product(tracks.volume.envelope, tracks.muted.envelope);
  }

  #volumeOf(media: HTMLMediaElement): number {
    if (!this.#begun.has(media)) {
      this.#begun.add(media);
      const first: number | null = this.#options.firstVolume(media);
      if (first !== null) this.#volume.set!.call(media, first);
    }
    return this.#volume.get!.call(media) as number;
  }

  #changed(media: HTMLMediaElement, wasLevel: number): void {
    if (this.levelOf(media) === wasLevel) return;
    this.#levelled.add(media);
    this.look(media);
    this.#options.onScript(media, "level");
  }
}
