import type { Scratch } from "./render.ts";
import { runFfmpeg } from "./video-frames.ts";

/** Each frame of the pictures is of one grey: black at first, and lighter by so much from frame to frame. */
export const GREY_STEP = 30;
/** Frame n of an uneven picture lasts n + 1 times as long. */
export const UNEVEN_MS = 50;
export const EVEN_MS = 100;

/** The alpha of `clear.png`. */
export const CLEAR_ALPHA = 128;

const frames = 6;

/** Writes animated pictures: `uneven.gif`, `double.gif` (twice as large), `once.gif` (not repeated), `even.webp`, `even.png`, `clear.png` (transparent), and `still.png`. */
export async function writeAnimatedPictures(folder: Scratch): Promise<void> {
  const source = (edge: number, pts: string): string =>
    `color=black:size=${edge}x${edge}:rate=100,format=gbrp,geq=r='N*${GREY_STEP}':g='N*${GREY_STEP}':b='N*${GREY_STEP}',trim=end_frame=${frames},setpts=${pts}/TB`;
  const uneven = `N*(N+1)/2*${UNEVEN_MS / 1000}`;
  const even = `N*${EVEN_MS / 1000}`;
  const write = (name: string, filter: string, ...options: string[]): Promise<unknown> =>
    runFfmpeg(["-f", "lavfi", "-i", filter, "-fps_mode", "vfr", ...options, folder.path(name)]);
  const palette = ",split[a][b];[a]palettegen[p];[b][p]paletteuse=dither=none";
  const last = ["-final_delay", String((frames * UNEVEN_MS) / 10)];
  await write("uneven.gif", source(16, uneven) + palette, "-loop", "0", ...last);
  await write("double.gif", source(32, uneven) + palette, "-loop", "0", ...last);
  await write("once.gif", source(16, uneven) + palette, "-loop", "-1", ...last);
  await write("even.webp", `${source(16, even)},format=rgb24`, "-c:v", "libwebp_anim", "-lossless", "1", "-loop", "0");
  await write("even.png", `${source(16, even)},format=rgb24`, "-f", "apng", "-plays", "0", "-final_delay", `${EVEN_MS}/1000`);
  const clear: string = source(16, even).replace("format=gbrp", "format=gbrap").replace(",trim", `:a=${CLEAR_ALPHA},trim`);
  await write("clear.png", `${clear},format=rgba`, "-f", "apng", "-plays", "0", "-final_delay", `${EVEN_MS}/1000`);
  await write("still.png", `${source(16, even)},format=rgb24`, "-frames:v", "1", "-update", "1");
}

/** Which frame of an uneven picture shows at a time; after its last one where it is not repeated. */
export function unevenFrameAt(ms: number): number {
  const index: number = Math.floor((Math.sqrt(1 + (8 * (ms + 0.001)) / UNEVEN_MS) - 1) / 2);
  return Math.min(index, frames - 1);
}

export const unevenMs: number = ((frames * (frames + 1)) / 2) * UNEVEN_MS;
export const evenMs: number = frames * EVEN_MS;
