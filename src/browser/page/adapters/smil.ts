import type { Adapter } from "./adapter.ts";
import { NewElements } from "./new-elements.ts";

const ANIMATIONS = "animate, animateTransform, animateMotion, set";

/**
 * Animations inside SVG (`<animate>` and its kin). They follow the `<svg>` around them, an inner one too (by the standard the
 * outermost, but not in Chromium), whose time counts from when it came.
 */
export function smilAdapter(): Adapter {
  const elements = new NewElements<SVGElement>(ANIMATIONS);
  const startSeconds = new Map<SVGSVGElement, number>();
  return {
    name: "smil",
    runs: "before-frames",
    discover(page) {
      for (const element of elements.take(page)) {
        const picture: SVGSVGElement | null = element.ownerSVGElement;
        if (picture === null || startSeconds.has(picture)) continue;
        startSeconds.set(picture, page.now.seconds);
        picture.pauseAnimations();
      }
      return startSeconds.size > 0;
    },
    seek({ seconds }) {
      for (const [picture, start] of startSeconds) {
        // One that is put back later goes on in its own time.
        if (picture.isConnected) picture.setCurrentTime(Math.max(0, seconds - start));
      }
    },
    duration() {
      const ends: number[] = [...startSeconds].flatMap(([picture, start]) => animationsOf(picture).map((one) => start + endOf(one)));
      const finite: number[] = ends.filter(Number.isFinite);
      return finite.length === 0 ? null : Math.max(...finite);
    },
  };
}

function animationsOf(picture: SVGSVGElement): SVGAnimationElement[] {
  return [...picture.querySelectorAll<SVGAnimationElement>(ANIMATIONS)];
}

/** In seconds of its picture; infinite where it never ends, where nothing has started it, and where `repeatDur` cuts it. */
function endOf(animation: SVGAnimationElement): number {
  const repeats: string | null = animation.getAttribute("repeatCount");
  if (repeats === "indefinite" || animation.hasAttribute("repeatDur")) return Infinity;
  try {
    return animation.getStartTime() + animation.getSimpleDuration() * Number(repeats ?? 1);
  } catch {
    return Infinity;
  }
}
