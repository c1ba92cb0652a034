import { makeFiles } from "../make-with-ffmpeg.mjs";

const SECONDS = 8;
const h264 = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p", "-an"];
const vp9 = ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-crf", "30", "-b:v", "0", "-pix_fmt", "yuv420p", "-an"];

/** A generator of ffmpeg at a size and rate of its own, and what is made of it. */
const clip = (generator, { size = "960x540", rate = "30", filter = "null", seconds = SECONDS }, codec) => [
  ...["-f", "lavfi", "-i", `${generator}${generator.includes("=") ? ":" : "="}size=${size}:rate=${rate}`],
  ...["-t", `${seconds}`, "-vf", `${filter},format=yuv420p`, ...codec],
];

/** Twelve films, of several codecs, rates and sizes. */
export function makeMedia() {
  return makeFiles(new URL("media/", import.meta.url), {
    "mandelbrot.mp4": clip("mandelbrot=end_scale=0.02:maxiter=400", { filter: "hue=h=200:s=1.2" }, h264),
    "gradients.webm": clip("gradients=n=4:speed=0.02:seed=4", { filter: "hue=s=1.4" }, vp9),
    "life.mp4": clip(
      "life=ratio=0.22:mold=12:seed=7:life_color=#7cffcb:death_color=#101d42:mold_color=#24305e",
      { size: "240x136", filter: "scale=960:544:flags=neighbor" },
      h264,
    ),
    "sierpinski.mp4": clip("sierpinski=seed=3:type=carpet", { rate: "24000/1001", filter: "hue=h=30:s=1.3" }, h264),
    "plasma.webm": clip("gradients=n=8:speed=0.05:type=spiral:seed=9", { rate: "25", filter: "hue=h=120:s=1.1" }, vp9),
    "counter.mp4": clip("testsrc2", { rate: "60" }, h264),
    "cells.mp4": clip(
      "cellauto=rule=110:seed=11",
      { size: "240x136", filter: "scale=960:544:flags=neighbor,colorchannelmixer=rr=.98:gg=.55:bb=.36" },
      h264,
    ),
    "rings.mp4": clip(
      "color=c=black",
      { size: "480x270", filter: "geq=lum='128+100*sin(hypot(X-240\\,Y-135)/9-T*6)':cb='128+60*sin(T+X/90)':cr='128+60*cos(T*0.7+Y/60)'" },
      h264,
    ),
    "waves.webm": clip(
      "color=c=black",
      { size: "480x270", filter: "geq=lum='130+90*sin(X/26+T*2.4)*cos(Y/21-T*1.7)':cb='150+40*sin(T*0.8)':cr='110+50*cos(X/120+T)'" },
      vp9,
    ),
    "spectrum.mp4": clip("gradients=n=6:speed=0.03:type=circular:seed=21", { rate: "50" }, h264),
    "deep.mp4": clip("mandelbrot=start_x=-0.7436:start_y=0.1318:end_scale=0.0006:maxiter=500", { filter: "hue=h=320:s=1.1" }, h264),
    "bars.mp4": clip("testsrc", { rate: "30000/1001", filter: "hue=s=.8" }, h264),
  });
}
