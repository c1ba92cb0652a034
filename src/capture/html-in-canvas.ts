import type { BrowserPage } from "../core/browser.ts";
import type { Capture, CaptureProbeContext, CaptureRequest } from "../core/capture.ts";
import { messageOf } from "../core/errors.ts";
import type { Support } from "../core/support.ts";
import type { PixelTransport } from "../core/transport.ts";
import { pageAnswers } from "../browser/boundary.ts";
import { RESERVED_PATH, type CanaryLook } from "../browser/messages.ts";
import { CANARY_SIZE, canaryFaults, canaryPage, canaryPoints, canaryRequest } from "./canary.ts";
import { openShell } from "./shell.ts";
import { openShellSession } from "./shell-session.ts";
import { TransportChoice } from "./transport-choice.ts";

export interface HtmlInCanvasOptions {
  /** Ways to carry pixels to the host, best first; the first that works is used. Without any, frames stay in the page. */
  readonly transports: readonly PixelTransport[];
}

const NAME = "html-in-canvas";

/**
 * Paints the page into a canvas from its paint records (WICG HTML-in-Canvas), without the compositor: a third of a
 * screenshot's time, and a millisecond where nothing changed. Needs a browser that paints an iframe so: the canary tells.
 */
export function htmlInCanvas({ transports }: HtmlInCanvasOptions): Capture {
  const choice = new TransportChoice(transports);
  return {
    contract: 1,
    name: NAME,
    traits: {
      gives: transports.length > 0 ? ["I420", "RGBA", "page"] : ["page"],
      // Software raster is faster than SwiftShader here; without a limit on the frame rate an update takes 1 ms, not 17.
      browserFlags: ["--disable-gpu", "--enable-blink-features=CanvasDrawElement", "--disable-frame-rate-limit", "--disable-gpu-vsync"],
      browser: "shared",
      needsSingleCanvas: false,
      sortsDepth: false,
      paintsCrossOrigin: false,
      needsCheck: true,
    },
    probe: (context) => probe(context, choice),
    open: (request, context) => openShellSession(request, context, { capture: NAME, pictureOf: "page", transports: choice }),
  };
}

async function probe({ browser, origin }: CaptureProbeContext, choice: TransportChoice): Promise<Support> {
  try {
    await using page = await browser.newPage(CANARY_SIZE);
    const request: CaptureRequest = canaryRequest(`${origin}${RESERVED_PATH}canary.html`);
    await openShell(page, request, "page", null, { "canary.html": canaryPage });
    await page.run(`__framewright.load("${request.url}", ${request.readinessTimeoutMs})`);
    const faults: readonly string[] = await canaryFaults((index) => look(page, index));
    return faults.length > 0 ? { ok: false, reasons: faults } : await choice.support(browser, page);
  } catch (thrown) {
    return { ok: false, reasons: [`the canary page failed: ${messageOf(thrown)}`] };
  }
}

function look(page: BrowserPage, index: number): Promise<CanaryLook> {
  return page.evaluate(`__framewright.canary(${JSON.stringify(canaryPoints.map(({ at }) => at))}, ${index})`, pageAnswers.canary);
}
