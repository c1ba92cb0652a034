import type { Scratch } from "./render.ts";
import { runFfmpeg } from "./video-frames.ts";

/** Each frame of the videos is of one grey, lighter by so much from frame to frame. */
export const LEVEL_STEP = 4;
export const LEVEL_RATE = 30;
/** Frames of `levels.webm` and of `short-levels.webm`. */
export const LEVELS = 60;
export const SHORT_LEVELS = 15;

/** The grey of `light.webm`. */
export const LIGHT = 200;

/** Writes `levels.webm`, `short-levels.webm`, `light.webm`, and the sound `tone.webm`, which lasts half a second. */
export async function writeLevelVideos(folder: Scratch): Promise<void> {
  const grey = `N*${LEVEL_STEP}`;
  const source = (frames: number): string =>
    `color=black:size=64x64:rate=${LEVEL_RATE},format=gbrp,geq=r='${grey}':g='${grey}':b='${grey}',trim=end_frame=${frames},format=yuv420p`;
  for (const [name, frames] of [
    ["levels.webm", LEVELS],
    ["short-levels.webm", SHORT_LEVELS],
  ] as const) {
    await runFfmpeg(["-f", "lavfi", "-i", source(frames), "-c:v", "libvpx-vp9", "-lossless", "1", "-g", "12", folder.path(name)]);
  }
  const light = `color=0x${LIGHT.toString(16).repeat(3)}:size=64x64:rate=${LEVEL_RATE},trim=end_frame=30,format=yuv420p`;
  await runFfmpeg(["-f", "lavfi", "-i", light, "-c:v", "libvpx-vp9", "-lossless", "1", folder.path("light.webm")]);
  await runFfmpeg(["-f", "lavfi", "-i", "sine=duration=0.5", "-c:a", "libopus", folder.path("tone.webm")]);
}
