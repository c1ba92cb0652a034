/** As much of GSAP as is used here. */
interface Tween {
  targets?(): readonly unknown[];
  getChildren?(nested: boolean, tweens: boolean, timelines: boolean): readonly Tween[];
}

interface TweenWindow {
  readonly gsap?: { readonly globalTimeline?: Tween };
  readonly __timelines?: Readonly<Record<string, Tween | undefined>>;
}

/** Whether an animation of GSAP's is to move a property of a media element: its volume, or its time. */
export function movesMedia(windows: readonly Window[]): boolean {
  return windows.some((view) => {
    const { gsap, __timelines = {} } = view as Window & TweenWindow;
    return [gsap?.globalTimeline, ...Object.values(__timelines)].some((timeline) => targetsMedia(timeline));
  });
}

function targetsMedia(timeline: Tween | undefined): boolean {
  const tweens: readonly Tween[] = timeline?.getChildren?.(true, true, false) ?? [];
  return tweens.some((tween) => tween.targets?.().some(isMedia) === true);
}

function isMedia(target: unknown): boolean {
  return target instanceof Element && (target.localName === "audio" || target.localName === "video");
}
