import type { InjectorCost } from "./costs.ts";

/**
 * What the built-in injectors cost where the host has no figures of its own. By hand, on the machine of measured.ts: single pictures of H.264 in
 * 1080p, from asking for one until the page shows it (decoding by ffmpeg alone takes 9.3 ms of those of `base64` and `url`).
 * `npm run bench -- media` tells whether the order holds for a page full of videos. Of memory it is what a video has ready at most:
 * `webcodecs` three pictures in I420, the others four in RGBA and their files.
 */
export const measuredInjectors: readonly InjectorCost[] = [
  { injector: "webcodecs", codec: "any", msPerMegapixel: 4.6, memoryBytes: 10e6 },
  { injector: "base64", codec: "any", msPerMegapixel: 12.4, memoryBytes: 36e6 },
  { injector: "url", codec: "any", msPerMegapixel: 12.5, memoryBytes: 36e6 },
];
