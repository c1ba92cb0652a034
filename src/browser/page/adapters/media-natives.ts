import type { PageWindow } from "../clock/page-window.ts";

/** What a page asks of its media, instead of the browser. */
export interface MediaPlayer {
  /** What holds instead of the browser's own word; null where that holds. */
  answers(media: HTMLMediaElement): MediaAnswers | null;
  /** Its own time in seconds; null where the browser's holds. */
  currentTime(media: HTMLMediaElement): number | null;
  /** Whether it stands still; null where the browser's word holds. */
  isPaused(media: HTMLMediaElement): boolean | null;
  hasEnded(media: HTMLMediaElement): boolean | null;
  play(media: HTMLMediaElement): Promise<void>;
  pause(media: HTMLMediaElement): void;
  /** Whether the browser's own is left alone. */
  setTime(media: HTMLMediaElement, seconds: number): boolean;
  /** The browser's own was sought already. */
  timeWasSet(media: HTMLMediaElement, seconds: number): void;
  rateWasSet(media: HTMLMediaElement, rate: number): void;
  /** Whether the browser's own is left alone. */
  setMuted(media: HTMLMediaElement, isMuted: boolean): boolean;
  /** The page names another file, or the same one again. */
  sourceWasSet(media: HTMLMediaElement): void;
  /** The page is about to give it a stream of its own, or takes that away. */
  streamIsSet(media: HTMLMediaElement, stream: MediaProvider | null): void;
  /** Whether its file is loaded again by us: the browser's own is left alone. */
  load(media: HTMLMediaElement): boolean;
  /** The number by which the callback is called off; null where the browser calls it. */
  requestFrameCallback(video: HTMLVideoElement, callback: VideoFrameRequestCallback): number | null;
  cancelFrameCallback(video: HTMLVideoElement, id: number): void;
  /** Whether an event of the browser's own media is the page's business. */
  mayHear(media: HTMLMediaElement, type: string): boolean;
  /** A listener for the end came. */
  endIsHeard(): void;
}

/** What a media element says of itself. */
export interface MediaAnswers {
  readonly currentSrc: string;
  readonly srcObject: null;
  readonly duration: number;
  readonly readyState: number;
  readonly networkState: number;
  readonly error: MediaError | null;
  readonly seeking: boolean;
  readonly seekable: TimeRanges;
  readonly buffered: TimeRanges;
  readonly muted: boolean;
  readonly videoWidth: number;
  readonly videoHeight: number;
}

/** The browser's own ways, from before the page's were replaced. */
export interface MediaNatives {
  setTime(media: HTMLMediaElement, seconds: number): void;
  time(media: HTMLMediaElement): number;
  play(media: HTMLMediaElement): Promise<void>;
  pause(media: HTMLMediaElement): void;
  paused(media: HTMLMediaElement): boolean;
  readyState(media: HTMLMediaElement): number;
  muted(media: HTMLMediaElement): boolean;
  setMuted(media: HTMLMediaElement, isMuted: boolean): void;
  rate(media: HTMLMediaElement): number;
  setRate(media: HTMLMediaElement, rate: number): void;
  stream(media: HTMLMediaElement): MediaProvider | null;
  setStream(media: HTMLMediaElement, stream: MediaStream | null): void;
  requestFrameCallback(video: HTMLVideoElement, callback: VideoFrameRequestCallback): number;
}

/** Events of the browser's own media that tell what it plays. */
const EVENTS: readonly string[] = ["play", "playing", "pause", "ended", "timeupdate", "seeking", "seeked", "waiting"];
/** All that it tells of a file. */
const FILE_EVENTS: readonly string[] = [
  ...["abort", "canplay", "canplaythrough", "durationchange", "emptied", "error", "loadeddata", "loadedmetadata", "loadstart"],
  ...["progress", "resize", "stalled", "suspend", "volumechange"],
];

/** To be called before anything is replaced. */
export function nativesOf({ HTMLMediaElement: Media, HTMLVideoElement: Video }: PageWindow): MediaNatives {
  const { prototype } = Media;
  const own = <Value>(
    name: keyof HTMLMediaElement,
  ): { get(media: HTMLMediaElement): Value; set(media: HTMLMediaElement, value: Value): void } => {
    const { get, set } = Object.getOwnPropertyDescriptor(prototype, name)!;
    return { get: (media) => get!.call(media) as Value, set: (media, value) => set!.call(media, value) };
  };
  const { play, pause } = prototype;
  const { requestVideoFrameCallback } = Video.prototype;
  const [time, rate, muted] = [own<number>("currentTime"), own<number>("playbackRate"), own<boolean>("muted")];
  const stream = own<MediaProvider | null>("srcObject");
  return {
    setTime: time.set,
    time: time.get,
    play: (media) => play.call(media),
    pause: (media) => pause.call(media),
    paused: own<boolean>("paused").get,
    readyState: own<number>("readyState").get,
    muted: muted.get,
    setMuted: muted.set,
    rate: rate.get,
    setRate: rate.set,
    stream: stream.get,
    setStream: stream.set,
    requestFrameCallback: (video, callback) => requestVideoFrameCallback.call(video, callback),
  };
}

/** Gives the media of a window to a player. */
export function installMedia(view: PageWindow, player: MediaPlayer): void {
  installTimes(view.HTMLMediaElement.prototype, player);
  installAnswers(view, player);
  installSources(view, player);
  installFrameCallbacks(view.HTMLVideoElement.prototype, player);
  hearEvents(view, player);
}

type Answer = (media: HTMLMediaElement) => unknown;
/** Whether the browser's own is left alone. */
type Replace = (media: HTMLMediaElement, value: never) => boolean;

function replaceProperty(prototype: object, name: string, answer: Answer | null, replace?: Replace): void {
  const own: PropertyDescriptor = Object.getOwnPropertyDescriptor(prototype, name)!;
  Object.defineProperty(prototype, name, {
    ...own,
    ...(answer && {
      get(this: HTMLMediaElement): unknown {
        const said: unknown = answer(this);
        return said === undefined ? own.get!.call(this) : said;
      },
    }),
    ...(replace && {
      set(this: HTMLMediaElement, value: never) {
        if (!replace(this, value)) own.set!.call(this, value);
      },
    }),
  });
}

/** Tells of a value that the browser's own was given. */
function hearProperty(prototype: object, name: string, hear: (media: HTMLMediaElement, value: never) => void): void {
  const own: PropertyDescriptor = Object.getOwnPropertyDescriptor(prototype, name)!;
  Object.defineProperty(prototype, name, {
    ...own,
    set(this: HTMLMediaElement, value: never) {
      own.set!.call(this, value);
      hear(this, value);
    },
  });
}

function installTimes(prototype: HTMLMediaElement, player: MediaPlayer): void {
  hearProperty(prototype, "currentTime", (media, seconds) => player.timeWasSet(media, Number(seconds)));
  replaceProperty(
    prototype,
    "currentTime",
    (media) => player.currentTime(media) ?? undefined,
    (media, seconds) => player.setTime(media, Number(seconds)),
  );
  hearProperty(prototype, "playbackRate", (media, rate) => player.rateWasSet(media, Number(rate)));
  replaceProperty(prototype, "paused", (media) => player.isPaused(media) ?? undefined);
  replaceProperty(prototype, "ended", (media) => player.hasEnded(media) ?? undefined);
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
}

const MEDIA_ANSWERS = ["currentSrc", "duration", "readyState", "networkState", "error", "seeking", "seekable", "buffered"] as const;

function installAnswers({ HTMLMediaElement: Media, HTMLVideoElement: Video }: PageWindow, player: MediaPlayer): void {
  const answer =
    (name: keyof MediaAnswers): Answer =>
    (media) =>
      player.answers(media)?.[name];
  for (const name of MEDIA_ANSWERS) replaceProperty(Media.prototype, name, answer(name));
  for (const name of ["videoWidth", "videoHeight"] as const) replaceProperty(Video.prototype, name, answer(name));
  replaceProperty(Media.prototype, "muted", answer("muted"), (media, value) => player.setMuted(media, Boolean(value)));
  replaceProperty(Media.prototype, "srcObject", answer("srcObject"), (media, stream) => {
    player.streamIsSet(media, stream);
    return false;
  });
}

/** Whatever gives an element its file is heard of at once: the browser would begin to load it in its next task. */
function installSources(view: PageWindow, player: MediaPlayer): void {
  const { HTMLMediaElement: Media, Element, Audio } = view;
  hearProperty(Media.prototype, "src", (media) => player.sourceWasSet(media));
  const { load } = Media.prototype;
  const { setAttribute } = Element.prototype;
  Object.assign(Media.prototype, {
    load(this: HTMLMediaElement): void {
      if (!player.load(this)) load.call(this);
    },
    setAttribute(this: HTMLMediaElement, name: string, value: string): void {
      setAttribute.call(this, name, value);
      if (String(name).toLowerCase() === "src") player.sourceWasSet(this);
    },
  });
  view.Audio = new Proxy(Audio, {
    construct(target, given: [], newTarget): HTMLAudioElement {
      const audio = Reflect.construct(target, given, newTarget) as HTMLAudioElement;
      if (audio.hasAttribute("src")) player.sourceWasSet(audio);
      return audio;
    },
  });
}

function installFrameCallbacks(prototype: HTMLVideoElement, player: MediaPlayer): void {
  const { requestVideoFrameCallback, cancelVideoFrameCallback } = prototype;
  Object.assign(prototype, {
    requestVideoFrameCallback(this: HTMLVideoElement, callback: VideoFrameRequestCallback): number {
      return player.requestFrameCallback(this, callback) ?? requestVideoFrameCallback.call(this, callback);
    },
    cancelVideoFrameCallback(this: HTMLVideoElement, id: number): void {
      player.cancelFrameCallback(this, id);
      cancelVideoFrameCallback.call(this, id);
    },
  });
}

function hearEvents(view: PageWindow, player: MediaPlayer): void {
  const { HTMLMediaElement: Media, EventTarget } = view;
  const filter = (event: Event): void => {
    if (event.isTrusted && event.target instanceof Media && !player.mayHear(event.target, event.type)) event.stopImmediatePropagation();
  };
  // In front of every listener of the page.
  for (const type of [...EVENTS, ...FILE_EVENTS]) view.addEventListener(type, filter, true);
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

/** Keeps the events of what the browser plays for us from the page, where the window does not hear them: outside of documents, and in shadow trees. */
export function hideEvents(media: HTMLMediaElement, isHidden: () => boolean): void {
  const { addEventListener } = EventTarget.prototype;
  const filter = (event: Event): void => {
    if (event.isTrusted && isHidden()) event.stopImmediatePropagation();
  };
  for (const type of [...EVENTS, ...FILE_EVENTS]) addEventListener.call(media, type, filter, true);
}
