import type { PageWindow } from "./page-window.ts";

/**
 * Skips view transitions: the browser takes their pictures in frames of its own, for which a render does not wait, and breaks
 * down where the page is painted into a canvas. What the page changes in one is shown at once.
 */
export function installViewTransitions(view: PageWindow, warn: (reason: string) => void): void {
  const { prototype } = view.Document;
  const { startViewTransition } = prototype;
  if (!startViewTransition) return;
  prototype.startViewTransition = function (given) {
    warn("The page started a view transition, which is skipped: what it changes is shown at once");
    const update: ViewTransitionUpdateCallback | null | undefined = typeof given === "function" ? given : given?.update;
    // Its own turn for the callback would be some frame of the browser's.
    const updated: Promise<unknown> = Promise.resolve().then(() => update?.());
    const transition: ViewTransition = startViewTransition.call(this, () => updated);
    transition.ready.catch(() => {});
    transition.skipTransition();
    return transition;
  };
}
