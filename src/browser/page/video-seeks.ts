import { paintedRoots } from "./painted-roots.ts";

/** Waits until videos show what they were sought to. */
export interface VideoSeeks {
  /** Resolves when each video that was sought since the last call shows the picture of its new time. */
  shown(): Promise<void>;
}

/** Longest wait for a video, in milliseconds. One that needed longer is not waited for again: it may not be shown at all. */
const LONGEST_WAIT_MS = 500;

const known = new WeakMap<Document, VideoSeeks>();

/** `seeked` comes before the picture is there: painted at once, a video shows the one before, in one seek of a hundred. */
export function videoSeeks(view: Window): VideoSeeks {
  const seeks: VideoSeeks = known.get(view.document) ?? listen(view);
  known.set(view.document, seeks);
  return seeks;
}

function listen(view: Window): VideoSeeks {
  const pending = new Map<HTMLVideoElement, Promise<boolean>>();
  const shownTimes = new WeakMap<HTMLVideoElement, number>();
  const givenUp = new WeakSet<HTMLVideoElement>();
  const onSeeking = ({ target }: Event): void => {
    const video = target as HTMLVideoElement;
    // A seek to the time that is shown brings no new picture.
    if (video.localName !== "video" || givenUp.has(video) || shownTimes.get(video) === video.currentTime) return;
    shownTimes.set(video, video.currentTime);
    pending.set(
      video,
      new Promise((resolve) => {
        video.requestVideoFrameCallback(() => resolve(true));
        setTimeout(() => resolve(false), LONGEST_WAIT_MS);
      }),
    );
  };
  // Media events do not bubble, nor do they leave a shadow tree.
  for (const root of paintedRoots(view)) root.addEventListener("seeking", onSeeking, true);
  return {
    async shown() {
      for (const [video, picture] of pending) if (!(await picture)) givenUp.add(video);
      pending.clear();
    },
  };
}
