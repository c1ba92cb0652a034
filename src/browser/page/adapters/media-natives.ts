import type { PageWindow } from "../clock/page-window.ts";

/** What a page asks of its media, instead of the browser. */
export interface MediaPlayer {
  /** Its own time in seconds; null where the browser's holds. */
  currentTime(media: HTMLMediaElement): number | null;
  /** Whether it stands still; null where the browser's word holds. */
  isPaused(media: HTMLMediaElement): boolean | null;
  hasEnded(media: HTMLMediaElement): boolean | null;
  play(media: HTMLMediaElement): Promise<void>;
  pause(media: HTMLMediaElement): void;
  /** The browser's own was sought already. */
  timeWasSet(media: HTMLMediaElement, seconds: number): void;
  rateWasSet(media: HTMLMediaElement, rate: number): void;
  /** Whether an event of the browser's own media is the page's business. */
  mayHear(media: HTMLMediaElement, type: string): boolean;
  /** A listener for the end came. */
  endIsHeard(): void;
}

/** The browser's own ways, from before the page's were replaced. */
export interface MediaNatives {
  setTime(media: HTMLMediaElement, seconds: number): void;
  time(media: HTMLMediaElement): number;
  play(media: HTMLMediaElement): Promise<void>;
  pause(media: HTMLMediaElement): void;
}

const EVENTS: readonly string[] = ["play", "playing", "pause", "ended", "timeupdate", "seeking", "seeked", "waiting"];

/** Gives the media of a window to a player. */
export function installMedia(view: PageWindow, player: MediaPlayer): MediaNatives {
  const { prototype } = view.HTMLMediaElement;
  const own = (name: string): PropertyDescriptor => Object.getOwnPropertyDescriptor(prototype, name)!;
  const [time, paused, ended, rate] = ["currentTime", "paused", "ended", "playbackRate"].map(own) as [
    PropertyDescriptor,
    PropertyDescriptor,
    PropertyDescriptor,
    PropertyDescriptor,
  ];
  const { play, pause } = prototype;
  const natives: MediaNatives = {
    setTime: (media, seconds) => time.set!.call(media, seconds),
    time: (media) => time.get!.call(media) as number,
    play: (media) => play.call(media),
    pause: (media) => pause.call(media),
  };
  const define = (
    name: string,
    descriptor: PropertyDescriptor,
    get: (media: HTMLMediaElement) => unknown,
    set?: (media: HTMLMediaElement, value: number) => void,
  ): void => {
    Object.defineProperty(prototype, name, {
      ...descriptor,
      get(this: HTMLMediaElement): unknown {
        return get(this) ?? descriptor.get!.call(this);
      },
      ...(set && {
        set(this: HTMLMediaElement, value: number) {
          descriptor.set!.call(this, value);
          set(this, Number(value));
        },
      }),
    });
  };
  define(
    "currentTime",
    time,
    (media) => player.currentTime(media),
    (media, seconds) => player.timeWasSet(media, seconds),
  );
  define(
    "playbackRate",
    rate,
    () => null,
    (media, value) => player.rateWasSet(media, value),
  );
  define("paused", paused, (media) => player.isPaused(media));
  define("ended", ended, (media) => player.hasEnded(media));
  Object.assign(prototype, {
    play(this: HTMLMediaElement): Promise<void> {
      return player.play(this);
    },
    pause(this: HTMLMediaElement): void {
      player.pause(this);
    },
    fastSeek(this: HTMLMediaElement, seconds: number): void {
      this.currentTime = seconds;
    },
  });
  hearEvents(view, player);
  return natives;
}

function hearEvents(view: PageWindow, player: MediaPlayer): void {
  const { HTMLMediaElement: Media, EventTarget } = view;
  const filter = (event: Event): void => {
    if (event.isTrusted && event.target instanceof Media && !player.mayHear(event.target, event.type)) event.stopImmediatePropagation();
  };
  // In front of every listener of the page.
  for (const type of EVENTS) view.addEventListener(type, filter, true);
  const { addEventListener } = EventTarget.prototype;
  Media.prototype.addEventListener = function (this: HTMLMediaElement, type: string, ...rest: [never, never]) {
    if (type === "ended") player.endIsHeard();
    return addEventListener.call(this, type, ...rest);
  };
  const onended: PropertyDescriptor = Object.getOwnPropertyDescriptor(view.HTMLElement.prototype, "onended")!;
  Object.defineProperty(Media.prototype, "onended", {
    ...onended,
    set(this: HTMLMediaElement, listener: unknown) {
      player.endIsHeard();
      onended.set!.call(this, listener);
    },
  });
}
