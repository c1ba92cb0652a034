import { fromBase64 } from "../core/base64.ts";
import { blockAverages, type BlockAverages } from "../core/blocks.ts";
import { PageException, type BrowserPage } from "../core/browser.ts";
import type {
  Capture,
  CaptureContext,
  CaptureProbeContext,
  CaptureRequest,
  CaptureSession,
  PageFacts,
  ReadOptions,
} from "../core/capture.ts";
import { aborted, captureFailed, isRenderError, messageOf, seekFailed } from "../core/errors.ts";
import type { Frame } from "../core/frame.ts";
import { makeFrame } from "./frames.ts";
import { frameTime, type FrameRange } from "../core/frame-rate.ts";
import type { Support } from "../core/support.ts";
import { topPageScript } from "../browser/generated/top-page-script.ts";
import { hearExceptions, navigate, whenReady } from "../browser/load-page.ts";

export interface ScreenshotOptions {
  /** `PNG` is lossless; `JPEG` takes two thirds of the time. `PNG` unless said. */
  readonly format?: "PNG" | "JPEG";
  /** JPEG quality, 0 to 100; 80 unless said. */
  readonly quality?: number;
}

/** Takes pictures with `Page.captureScreenshot`: works in every Chromium, and shows the page as the browser does. */
export function screenshot(options: ScreenshotOptions = {}): Capture {
  const { format = "PNG", quality = 80 } = options;
  return {
    contract: 1,
    name: "screenshot",
    traits: { gives: [format], browserFlags: ["--disable-gpu"], sortsDepth: true, needsCheck: false },
    probe,
    open: (request, context) =>
      openScreenshots(request, context, format === "PNG" ? { format: "png", optimizeForSpeed: true } : { format: "jpeg", quality }),
  };
}

async function probe({ browser }: CaptureProbeContext): Promise<Support> {
  try {
    await using page = await browser.newPage({ width: 32, height: 32 });
    await takePicture(page, { format: "png" });
    return { ok: true };
  } catch (thrown) {
    return { ok: false, reasons: [messageOf(thrown)] };
  }
}

type PictureParams =
  | { readonly format: "png"; readonly optimizeForSpeed?: boolean }
  | { readonly format: "jpeg"; readonly quality: number };

async function openScreenshots(request: CaptureRequest, { browser }: CaptureContext, params: PictureParams): Promise<CaptureSession> {
  const page: BrowserPage = await browser.newPage(request.size);
  const exceptions = hearExceptions(page);
  try {
    await navigate(page, request.url);
    await page.evaluate(topPageScript);
    const facts: PageFacts = await whenReady(page, exceptions, `__framewright.open(${request.readinessTimeoutMs})`, request);
    return new ScreenshotSession(page, facts, request, params);
  } catch (thrown) {
    await page.close();
    throw thrown;
  } finally {
    exceptions.stop();
  }
}

class ScreenshotSession implements CaptureSession {
  readonly transport: null = null;
  readonly page: BrowserPage;
  readonly facts: PageFacts;
  readonly #request: CaptureRequest;
  readonly #params: PictureParams;

  constructor(page: BrowserPage, facts: PageFacts, request: CaptureRequest, params: PictureParams) {
    this.page = page;
    this.facts = facts;
    this.#request = request;
    this.#params = params;
  }

  async *read(range: FrameRange, { signal, sampleAt = [], onSample }: ReadOptions): AsyncGenerator<Frame> {
    const { size, frameRate } = this.#request;
    const samples = new Set(sampleAt);
    let previous = "";
    for (let index = range.start; index < range.end; index++) {
      if (signal?.aborted === true) throw aborted(signal.reason);
      const picture: string = await this.#capture(index);
      if (samples.has(index)) onSample?.(index, await this.#averages(picture));
      // Equal pixels give equal files: the encoder of the browser is deterministic.
      const repeats: boolean = picture === previous;
      previous = picture;
      yield makeFrame(
        index,
        repeats ? null : { format: this.#request.frameFormat as "PNG" | "JPEG", data: fromBase64(picture) },
        size,
        frameRate,
        () => {},
      );
    }
  }

  async sample(index: number): Promise<BlockAverages> {
    return this.#averages(await this.#capture(index));
  }

  async #capture(index: number): Promise<string> {
    const time: number = frameTime(index, this.#request.frameRate);
    try {
      await this.page.evaluate(`__framewright.seek(${time})`);
    } catch (thrown) {
      throw thrown instanceof PageException ? seekFailed(index, time, thrown) : thrown;
    }
    try {
      return await takePicture(this.page, this.#params);
    } catch (thrown) {
      throw isRenderError(thrown) ? thrown : captureFailed("screenshot", index, thrown);
    }
  }

  async #averages(picture: string): Promise<BlockAverages> {
    const rgb: string = await this.page.evaluate<string>(`__framewright.averages("${picture}", "image/${this.#params.format}")`);
    return blockAverages(this.#request.size, fromBase64(rgb));
  }

  close(): Promise<void> {
    return this.page.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
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
