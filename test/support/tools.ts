import { findBrowser } from "../../src/browser/find.ts";
import { findFfmpeg } from "../../src/ffmpeg/find.ts";

/** Says which browser and ffmpeg the tests use; both must be there: no test is skipped for the lack of one. */
export async function setup(): Promise<void> {
  const browser = await findBrowser();
  const ffmpeg = await findFfmpeg();
  console.log(
    `browser: ${browser.executablePath} (${browser.foundIn}); ffmpeg: ${ffmpeg.executablePath} ${ffmpeg.version} (${ffmpeg.foundIn})`,
  );
}
