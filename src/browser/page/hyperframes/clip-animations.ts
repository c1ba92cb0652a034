import type { ClipTimes } from "./clip-times.ts";

/** CSS animations of a clip begin with the clip; those of anything else, parts of clips too, with the page. */
export function startAnimationsWithClips(root: HTMLElement, times: ClipTimes): void {
  for (const clip of root.querySelectorAll<HTMLElement>("[data-start]")) {
    const start: number = times.startOf(clip);
    // A live view.
    const computed: CSSStyleDeclaration = getComputedStyle(clip);
    if (start === 0 || computed.animationName === "none") continue;
    const delays: string[] = computed.animationDelay.split(",").map((delay) => `${Number.parseFloat(delay) + start}s`);
    const { animationName } = clip.style;
    // One that runs already would keep what was read of its times.
    clip.style.animationName = "none";
    void computed.animationName;
    Object.assign(clip.style, { animationName, animationDelay: delays.join(", ") });
  }
}
