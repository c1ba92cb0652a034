import type { FrameRate } from "../../../core/frame-rate.ts";
import type { PageMedia } from "../media/page-media.ts";
import type { Adapter } from "./adapter.ts";
import { animationsAdapter } from "./animations.ts";
import { animatedImagesAdapter } from "./animated-images.ts";
import { animeAdapter } from "./animejs.ts";
import { gsapAdapter } from "./gsap.ts";
import { lottieAdapter } from "./lottie.ts";
import { mediaAdapter } from "./media.ts";
import { smilAdapter } from "./smil.ts";

/**
 * Those that every composition has, fresh ones for each load. Three.js, D3 and Motion need none: they take their time from
 * `performance.now()` and animation frames alone, or leave it to Web Animations.
 */
export function builtInAdapters(media: PageMedia, frameRate: FrameRate): Adapter[] {
  return [
    animationsAdapter(),
    smilAdapter(),
    gsapAdapter(),
    animeAdapter(),
    lottieAdapter(),
    animatedImagesAdapter(),
    mediaAdapter(media, frameRate),
  ];
}
