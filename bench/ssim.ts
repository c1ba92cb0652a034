import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { findFfmpeg } from "../src/ffmpeg/find.ts";

/** Both as BT.709 of limited range with halved colour, as the videos are: ffmpeg would take BT.601 for RGB. */
const AS_VIDEO = "scale=out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_inp+full_chroma_int,format=yuv420p";

/** Frames are paired by their times, and WebM and Matroska round those to milliseconds: each would meet its neighbour. */
const NUMBERED = "settb=1/30,setpts=N";

/** How alike a video is to one without loss, over the frames that both have: 1 is equal. */
export async function ssimOf(video: string, lossless: string): Promise<number> {
  const { executablePath } = await findFfmpeg();
  const graph = `[0:v]format=yuv420p,${NUMBERED}[video];[1:v]${AS_VIDEO},${NUMBERED}[lossless];[video][lossless]ssim=shortest=1`;
  const args: readonly string[] = ["-hide_banner", "-i", video, "-i", lossless, "-filter_complex", graph, "-f", "null", "-"];
  const { stderr } = await promisify(execFile)(executablePath, args, { maxBuffer: 1e8 });
  const found: string | undefined = /SSIM .*All:([\d.]+)/.exec(stderr)?.[1];
  if (found === undefined) throw new Error(`ffmpeg compared "${video}" with "${lossless}" and named no SSIM`);
  return Number(found);
}
