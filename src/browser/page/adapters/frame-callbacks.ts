import type { FedElement } from "../media/fed-element.ts";

/** Told from those that the browser counts. */
const FIRST_ID = 0x4000_0000;

/** What pages asked to be called for when videos show another picture: `requestVideoFrameCallback`. */
export class FrameCallbacks {
  readonly #waiting = new WeakMap<HTMLMediaElement, Map<number, VideoFrameRequestCallback>>();
  #lastId = FIRST_ID;

  request(video: HTMLVideoElement, callback: VideoFrameRequestCallback): number {
    const waiting: Map<number, VideoFrameRequestCallback> = this.#waiting.get(video) ?? new Map();
    this.#waiting.set(video, waiting.set(++this.#lastId, callback));
    return this.#lastId;
  }

  cancel(video: HTMLVideoElement, id: number): void {
    this.#waiting.get(video)?.delete(id);
  }

  /** Those of a video whose picture is another one now; what they ask for belongs to the next. */
  run({ element, videoWidth, videoHeight, presentedFrames, shownSeconds }: FedElement, nowMs: number): void {
    const waiting: Map<number, VideoFrameRequestCallback> | undefined = this.#waiting.get(element);
    this.#waiting.delete(element);
    const metadata: VideoFrameCallbackMetadata = {
      presentationTime: nowMs,
      expectedDisplayTime: nowMs,
      width: videoWidth,
      height: videoHeight,
      mediaTime: shownSeconds,
      presentedFrames,
    };
    for (const callback of waiting?.values() ?? []) {
      try {
        callback(nowMs, metadata);
      } catch (thrown) {
        reportError(thrown);
      }
    }
  }
}
