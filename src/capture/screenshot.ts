import type { BrowserPage } from "../core/browser.ts";
import type { Capture, CaptureContext, CaptureProbeContext, CaptureRequest, CaptureSession, PageFacts } from "../core/capture.ts";
import { captureFailed, isRenderError, messageOf } from "../core/errors.ts";
import type { Support } from "../core/support.ts";
import { assertKeepsAlpha } from "./kept-alpha.ts";
import { pictureParams, PictureSession, type PictureOptions, type PictureParams } from "./picture-session.ts";
import { TopPage } from "./top-page.ts";

const NAME = "screenshot";

/** Takes pictures with `Page.captureScreenshot`: works in every Chromium, and shows the page as the browser does. */
export function screenshot(options: PictureOptions = {}): Capture {
  const params: PictureParams = pictureParams(options);
  return {
    contract: 1,
    name: NAME,
    traits: {
      gives: [options.format ?? "PNG"],
      browserFlags: ["--disable-gpu"],
      browser: "shared",
      needsSingleCanvas: false,
      sortsDepth: true,
      paintsCrossOrigin: true,
      needsCheck: false,
    },
    probe,
    open: (request, context) => open(request, context, params),
  };
}

async function probe({ browser }: CaptureProbeContext): Promise<Support> {
  try {
    await using page = await browser.newPage({ width: 32, height: 32 });
    await takePicture(page, pictureParams({}));
    return { ok: true };
  } catch (thrown) {
    return { ok: false, reasons: [messageOf(thrown)] };
  }
}

async function open(
  request: CaptureRequest,
  { browser, warn, attachMedia }: CaptureContext,
  params: PictureParams,
): Promise<CaptureSession> {
  assertKeepsAlpha(request);
  const page: BrowserPage = await browser.newPage(request.size);
  try {
    const top = new TopPage(page, request, { capture: NAME, warn, attachMedia });
    const facts: PageFacts = await top.open();
    return new PictureSession(request, { capture: NAME, facts, top, params, take: () => takePicture(page, params) });
  } catch (thrown) {
    await page.close();
    throw isRenderError(thrown) ? thrown : captureFailed(NAME, 0, thrown);
  }
}

/** A picture as base64. */
async function takePicture(page: BrowserPage, params: PictureParams): Promise<string> {
  const take = async (): Promise<string> => (await page.send<{ data: string }>("Page.captureScreenshot", params)).data;
  try {
    return await take();
  } catch (thrown) {
    if (isRenderError(thrown)) throw thrown;
    // The first screenshot of a fresh browser now and then answers "Unable to capture screenshot"; the second does not.
    return take();
  }
}
