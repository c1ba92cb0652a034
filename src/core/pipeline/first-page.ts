import type { Browser } from "../browser.ts";
import type { CaptureSession } from "../capture.ts";
import { pageFaulty } from "../errors.ts";
import type { ParsedJob } from "../job.ts";
import { videoAsked, videoOf, type Video } from "../video.ts";
import type { PageOpener } from "./page-opener.ts";

/** The page in the reference capture, and what it says that the video will be. */
export interface FirstPage {
  readonly reference: CaptureSession;
  readonly video: Video;
}

/**
 * Opens the reference and learns from the page what the video will be; opens it again where the page says another size or rate.
 *
 * @throws RenderError as `PageOpener.open` and `videoOf` do
 */
export async function openFirstPage(job: ParsedJob, opener: PageOpener, browser: Browser, url: string): Promise<FirstPage> {
  const asked: Pick<Video, "size" | "frameRate"> = videoAsked(job);
  const first: CaptureSession = await opener.openReference(browser, url, asked);
  let video: Video;
  try {
    assertWeb(url, first.facts.url);
    video = videoOf(job, first.facts);
  } catch (thrown) {
    await first.close();
    throw thrown;
  }
  const isAsAsked: boolean = isEqual(asked.size.value, video.size.value) && isEqual(asked.frameRate.value, video.frameRate.value);
  if (isAsAsked) return { reference: first, video };
  await first.close();
  return { reference: await opener.openReference(browser, first.facts.url, video), video };
}

/**
 * The host opens this address again, in other captures: it must be one that a page may go to by itself.
 *
 * @throws RenderError `page-failed`
 */
function assertWeb(asked: string, url: string): void {
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return;
  // What the browser shows in the place of a page that it could not load.
  const where: string = url.startsWith("chrome-error:")
    ? "an address that cannot be loaded, or that the job's network forbids"
    : `"${url.slice(0, 200)}", which is not an address of http or https`;
  throw pageFaulty(asked, `it went to ${where} while it loaded. Keep the page where it is`);
}

function isEqual<Value extends object>(one: Value, other: Value): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
