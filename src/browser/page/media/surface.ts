import type { Size } from "../../../core/frame.ts";
import { realTime } from "../clock/real-time.ts";
import type { MediaNatives } from "../adapters/media-natives.ts";

/** Not in TypeScript's library (https://w3c.github.io/mediacapture-transform/, in the form that Chromium has for windows). */
interface StreamTrackGenerator extends MediaStreamTrack {
  readonly writable: WritableStream<VideoFrame>;
}
declare const MediaStreamTrackGenerator: new (init: { kind: "video" }) => StreamTrackGenerator;

/** Longest wait for a picture to be shown, in milliseconds. */
const SHOWN_MS = 1_000;
/** The same of one that needed longer once. */
const GIVEN_UP_MS = 100;
/** Between two looks whether a picture is shown. */
const LOOK_MS = 1;
/** Longest wait for word of a picture that has arrived at a video which is not seen; and where none came the last time. */
const [UNTOLD_MS, SILENT_MS] = [50, 5] as const;
/** A first picture that is not there within this is written again. */
const FIRST_MS = 40;
/** No picture is on its way for longer. */
const UNDER_WAY_MS = 15;

/**
 * What one `<video>` shows instead of its file: the pictures that are written here. The element stays the page's own, with all
 * that lays it out and paints it; to the browser it plays a stream.
 */
export class VideoSurface {
  readonly #video: HTMLVideoElement;
  readonly #natives: MediaNatives;
  readonly #track: StreamTrackGenerator = new MediaStreamTrackGenerator({ kind: "video" });
  readonly #pictures: WritableStreamDefaultWriter<VideoFrame> = this.#track.writable.getWriter();
  /** Pictures that never arrived at the video; null until it plays. */
  #lost: number | null = null;
  #written = 0;
  /** It tells nothing when it is not seen. */
  #isSilent = false;
  #isGivenUp = false;

  /** The load event of the document waits for the video, as it would for the file: until `reserve` or `rest`. */
  constructor(video: HTMLVideoElement, natives: MediaNatives) {
    this.#video = video;
    this.#natives = natives;
    natives.setStream(video, new MediaStream([this.#track]));
  }

  /** Shows nothing, or its poster, until there is a picture. */
  rest(): Promise<void> {
    return rest(this.#pictures, this.#video, this.#natives);
  }

  /** Whether the video still shows what was written last: one that was taken out of its document stands still. */
  get isFresh(): boolean {
    return !this.#natives.paused(this.#video);
  }

  /** Resolves when the video shows the picture, which is closed then. One at a time. */
  async show(picture: VideoFrame): Promise<void> {
    try {
      await this.#show(picture);
    } finally {
      picture.close();
    }
  }

  /** Gives the video its size before there is a picture: pages are laid out by it. */
  async reserve(size: Size): Promise<void> {
    await this.show(nothing(size));
    // Where a page that loads gives no frames, that is no reason not to wait for pictures.
    this.#isGivenUp = false;
  }

  /** The video goes back to its file, or is about to get another one. */
  close(): void {
    this.#track.stop();
    this.#pictures.abort().catch(() => {});
  }

  async #show(picture: VideoFrame): Promise<void> {
    const deadlineMs: number = realTime.now() + (this.#isGivenUp ? GIVEN_UP_MS : SHOWN_MS);
    const isPlaying: boolean = this.#play() && this.#lost !== null;
    const isShown: boolean = isPlaying ? await this.#showNext(picture, deadlineMs) : await this.#showFirst(picture, deadlineMs);
    if (isShown) return;
    this.#isGivenUp = true;
    this.#lost = null;
  }

  /** Players that have only begun lose pictures, or show others for them: one is written until it is there. */
  async #showFirst(picture: VideoFrame, deadlineMs: number): Promise<boolean> {
    let isShown = false;
    while (!isShown && realTime.now() < deadlineMs) {
      const isPlaying: boolean = this.#play();
      const untilMs: number = Math.min(deadlineMs, realTime.now() + FIRST_MS);
      isShown = (await this.#write(picture, this.#arrivals + 1, untilMs)) && isPlaying;
    }
    // What was written before may still be on its way.
    for (let arrivals = -1; arrivals !== this.#arrivals; await pause(UNDER_WAY_MS)) arrivals = this.#arrivals;
    this.#lost = this.#written - this.#arrivals;
    return isShown;
  }

  #showNext(picture: VideoFrame, deadlineMs: number): Promise<boolean> {
    return this.#write(picture, this.#written + 1 - this.#lost!, deadlineMs);
  }

  /** Whether it plays already. */
  #play(): boolean {
    if (this.#natives.paused(this.#video)) {
      // Unmuted ones may not play before somebody has touched the page; streams of pictures are silent anyway.
      this.#natives.setMuted(this.#video, true);
      this.#natives.play(this.#video).catch(() => {});
      return false;
    }
    return this.#natives.readyState(this.#video) >= HTMLMediaElement.HAVE_FUTURE_DATA;
  }

  /**
   * Whether the picture came through.
   *
   * @param expected how many have arrived at the video when it is there
   */
  async #write(picture: VideoFrame, expected: number, deadlineMs: number): Promise<boolean> {
    let [isOver, isPainted] = [false, false];
    const painted = new Promise<true>((resolve) => {
      const call = (): void => {
        // One before it may be told of only now.
        isPainted = true;
        if (this.#arrivals >= expected) resolve(true);
        else if (!isOver) this.#natives.requestFrameCallback(this.#video, call);
      };
      this.#natives.requestFrameCallback(this.#video, call);
    });
    this.#written++;
    await this.#pictures.write(picture.clone());
    // What is not painted may never tell so.
    const isTold: boolean = this.#isVisible && !this.#isGivenUp;
    const there: Promise<boolean> = isTold ? painted : Promise.race([painted, this.#counted(expected, deadlineMs)]);
    const isThere: boolean = await before(deadlineMs, there);
    isOver = true;
    this.#isSilent = !isPainted;
    return isThere;
  }

  /** A picture that has arrived is the video's a moment later. */
  async #counted(expected: number, deadlineMs: number): Promise<boolean> {
    while (this.#arrivals < expected && realTime.now() < deadlineMs) await pause(LOOK_MS);
    await pause(this.#isSilent ? SILENT_MS : UNTOLD_MS);
    return this.#arrivals >= expected;
  }

  get #arrivals(): number {
    return this.#video.getVideoPlaybackQuality().totalVideoFrames;
  }

  get #isVisible(): boolean {
    return this.#video.isConnected && this.#video.checkVisibility({ visibilityProperty: true });
  }
}

/** A media element with a picture that it does not play keeps nothing waiting: it shows its poster, or nothing. */
async function rest(pictures: WritableStreamDefaultWriter<VideoFrame>, media: HTMLMediaElement, natives: MediaNatives): Promise<void> {
  const deadlineMs: number = realTime.now() + SHOWN_MS;
  while (natives.readyState(media) < HTMLMediaElement.HAVE_CURRENT_DATA && realTime.now() < deadlineMs) {
    await pictures.write(nothing(UNKNOWN_SIZE));
    await pause(LOOK_MS);
  }
}

/** Of what a browser has no size of. */
const UNKNOWN_SIZE: Size = { width: 300, height: 150 };

/** A picture of which nothing is seen. */
function nothing({ width, height }: Size): VideoFrame {
  const size = { codedWidth: 2, codedHeight: 2, displayWidth: width, displayHeight: height };
  return new VideoFrame(new Uint8Array(16), { format: "RGBA", ...size, timestamp: 0 });
}

/** Whether it came by then. */
async function before(deadlineMs: number, work: Promise<boolean>): Promise<boolean> {
  let timer = 0;
  const late = new Promise<false>((resolve) => {
    timer = realTime.setTimeout(() => resolve(false), deadlineMs - realTime.now());
  });
  return Promise.race([work, late]).finally(() => realTime.clearTimeout(timer));
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => void realTime.setTimeout(resolve, delayMs));
}

/** An element without pictures that loads nothing, and keeps nothing waiting. */
export async function restSilent(audio: HTMLAudioElement, natives: MediaNatives): Promise<void> {
  const track = new MediaStreamTrackGenerator({ kind: "video" });
  natives.setStream(audio, new MediaStream([track]));
  await rest(track.writable.getWriter(), audio, natives);
}
