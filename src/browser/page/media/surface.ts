import type { Size } from "../../../core/frame.ts";
import { realTime } from "../clock/real-time.ts";
import type { MediaNatives } from "../adapters/media-natives.ts";

/** Not in TypeScript's library (https://w3c.github.io/mediacapture-transform/, in the form that Chromium has for windows). */
interface StreamTrackGenerator extends MediaStreamTrack {
  readonly writable: WritableStream<VideoFrame>;
}
declare const MediaStreamTrackGenerator: new (init: { kind: "video" }) => StreamTrackGenerator;

/** Longest wait for a picture to arrive at its video, in milliseconds: a busy machine takes its time, and no other picture will do. */
const ARRIVES_MS = 15_000;
/** The same at a video that is not seen and has let one go before. */
const GIVEN_UP_MS = 100;
/** Longest wait for word of a picture that has arrived; and for what nobody depends on. */
const SHOWN_MS = 1_000;
/** The same at a video that is not seen, or that told nothing of one that was; and where none came the last time. */
const [UNTOLD_MS, SILENT_MS] = [50, 5] as const;
/** Between two looks at what a video has. */
const LOOK_MS = 1;
/** A picture that is not there within this is written again, the next time after twice as long: players that have only begun lose some. */
const [FIRST_MS, LATER_MS] = [40, 320] as const;

/**
 * What one `<video>` shows instead of its file: the pictures that are written here. The element stays the page's own, with all
 * that lays it out and paints it; to the browser it plays a stream.
 */
export class VideoSurface {
  readonly #video: HTMLVideoElement;
  readonly #natives: MediaNatives;
  readonly #track: StreamTrackGenerator = new MediaStreamTrackGenerator({ kind: "video" });
  readonly #pictures: WritableStreamDefaultWriter<VideoFrame> = this.#track.writable.getWriter();
  /** It has shown one. */
  #isPlaying = false;
  /** It tells nothing when it is not seen. */
  #isSilent = false;
  /** It is seen, and told nothing of a picture that it had. */
  #isUntold = false;
  #isGivenUp = false;
  #isClosed = false;

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

  /**
   * Resolves when the video shows the picture, which is closed then. One at a time.
   *
   * @throws where it is seen and does not take the picture
   */
  async show(picture: VideoFrame): Promise<void> {
    try {
      if (await this.#show(picture, this.#isGivenUp && !this.#isVisible ? GIVEN_UP_MS : ARRIVES_MS)) return;
      this.#isGivenUp = true;
      if (this.#isVisible) throw new Error(`the video did not take its picture within ${ARRIVES_MS} ms`);
    } finally {
      picture.close();
    }
  }

  /** Gives the video its size before there is a picture: pages are laid out by it. Where a page that loads gives no frames, that is no fault. */
  async reserve(size: Size): Promise<void> {
    const picture: VideoFrame = nothing(size);
    await this.#show(picture, SHOWN_MS).finally(() => picture.close());
    // What a page that loads did not tell, it tells once it shows its frames.
    this.#isUntold = false;
  }

  /** The video goes back to its file, or is about to get another one. */
  close(): void {
    this.#isClosed = true;
    this.#track.stop();
    this.#pictures.abort().catch(() => {});
  }

  /** Whether the video has it, or needs none any more. */
  async #show(picture: VideoFrame, limitMs: number): Promise<boolean> {
    const word: Word = this.#wordOf(picture.timestamp);
    try {
      return await this.#bring(picture, word, realTime.now() + limitMs);
    } catch (thrown) {
      if (this.#isClosed) return true;
      throw thrown;
    } finally {
      word.isAwaited = false;
    }
  }

  async #bring(picture: VideoFrame, word: Word, deadlineMs: number): Promise<boolean> {
    let patienceMs: number = this.#isPlaying ? LATER_MS : FIRST_MS;
    let writtenAtMs = Number.NEGATIVE_INFINITY;
    let thereAtMs: number | null = null;
    for (let nowMs = realTime.now(); nowMs < deadlineMs && !this.#isClosed; nowMs = realTime.now()) {
      this.#play();
      if (thereAtMs === null && nowMs - writtenAtMs >= patienceMs) {
        if (writtenAtMs > 0) patienceMs = Math.min(SHOWN_MS, 2 * patienceMs);
        writtenAtMs = nowMs;
        await this.#pictures.write(picture.clone());
      }
      // One that is seen tells soon, as a rule, and need not be looked at.
      const isTold: boolean = this.#isVisible && !this.#isUntold;
      await Promise.race([word.came, pause(isTold && thereAtMs === null ? FIRST_MS : LOOK_MS)]);
      if (word.hasCome) return this.#isThere(true);
      if (thereAtMs === null && this.#current === picture.timestamp) thereAtMs = realTime.now();
      if (thereAtMs !== null && realTime.now() - thereAtMs >= this.#wordMs) return this.#isThere(false);
    }
    return this.#isClosed;
  }

  /** How long to wait for word of a picture that is there, in milliseconds. */
  get #wordMs(): number {
    if (!this.#isVisible) return this.#isSilent ? SILENT_MS : UNTOLD_MS;
    return this.#isUntold ? UNTOLD_MS : SHOWN_MS;
  }

  #isThere(isTold: boolean): true {
    this.#isPlaying = true;
    this.#isSilent = !isTold;
    this.#isUntold = !isTold && this.#isVisible;
    this.#isGivenUp = false;
    return true;
  }

  #play(): void {
    if (!this.#natives.paused(this.#video)) return;
    // Unmuted ones may not play before somebody has touched the page; streams of pictures are silent anyway.
    this.#natives.setMuted(this.#video, true);
    this.#natives.play(this.#video).catch(() => {});
  }

  /** The video's own word of a picture, when it is painted. Its time stamp says which one it is: where two are equal, so are the pictures. */
  #wordOf(timestamp: number): Word {
    const word: Word = { isAwaited: true, hasCome: false, came: Promise.resolve() };
    word.came = new Promise((resolve) => {
      const call = (_: number, { mediaTime }: VideoFrameCallbackMetadata): void => {
        if (Math.round(mediaTime * 1_000_000) === timestamp) {
          word.hasCome = true;
          resolve();
        } else if (word.isAwaited) this.#natives.requestFrameCallback(this.#video, call);
      };
      this.#natives.requestFrameCallback(this.#video, call);
    });
    return word;
  }

  /** The time stamp of the picture that the video has; null where it has none. */
  get #current(): number | null {
    if (this.#natives.readyState(this.#video) < HTMLMediaElement.HAVE_CURRENT_DATA) return null;
    try {
      const current = new VideoFrame(this.#video);
      const { timestamp } = current;
      current.close();
      return timestamp;
    } catch {
      // Its player has just begun, or begins anew.
      return null;
    }
  }

  get #isVisible(): boolean {
    return this.#video.isConnected && this.#video.checkVisibility({ visibilityProperty: true });
  }
}

/** Word of a picture that is awaited. */
interface Word {
  isAwaited: boolean;
  hasCome: boolean;
  came: Promise<void>;
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

/** No picture of a video begins then. */
const NOTHING_US = -1;

/** A picture of which nothing is seen. */
function nothing({ width, height }: Size): VideoFrame {
  const size = { codedWidth: 2, codedHeight: 2, displayWidth: width, displayHeight: height };
  return new VideoFrame(new Uint8Array(16), { format: "RGBA", ...size, timestamp: NOTHING_US });
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
