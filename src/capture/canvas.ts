import type { BrowserPage } from "../core/browser.ts";
import type { Capture, CaptureProbeContext, CaptureRequest } from "../core/capture.ts";
import { messageOf } from "../core/errors.ts";
import type { Support } from "../core/support.ts";
import type { PixelTransport } from "../core/transport.ts";
import { pageAnswers } from "../browser/boundary.ts";
import { RESERVED_PATH } from "../browser/messages.ts";
import { CANARY_SIZE, canaryRequest, canvasCanaryPage, canvasCanaryPoints, colorFaults } from "./canary.ts";
import { openShell } from "./shell.ts";
import { openShellSession } from "./shell-session.ts";
import { TransportChoice } from "./transport-choice.ts";

export interface CanvasOptions {
  /** Ways to carry pixels to the host, best first; the first that works is used. Without any, frames stay in the page. */
  readonly transports: readonly PixelTransport[];
}

const NAME = "canvas";

/**
 * Reads the one canvas that a page consists of, 2D or WebGL, right after it was drawn: nothing is laid out or painted.
 * Works in every Chromium.
 */
export function canvas({ transports }: CanvasOptions): Capture {
  const choice = new TransportChoice(transports);
  return {
    contract: 1,
    name: NAME,
    traits: {
      gives: transports.length > 0 ? ["I420", "RGBA", "page"] : ["page"],
      browserFlags: ["--disable-gpu"],
      browser: "shared",
      needsSingleCanvas: true,
      sortsDepth: true,
      paintsCrossOrigin: false,
      needsCheck: true,
    },
    probe: (context) => probe(context, choice),
    open: (request, context) => openShellSession(request, context, { capture: NAME, pictureOf: "canvas", transports: choice }),
  };
}

async function probe({ browser, origin }: CaptureProbeContext, choice: TransportChoice): Promise<Support> {
  try {
    await using page = await browser.newPage(CANARY_SIZE);
    const request: CaptureRequest = canaryRequest(`${origin}${RESERVED_PATH}canary.html`);
    await openShell(page, request, "canvas", null, { "canary.html": canvasCanaryPage });
    await page.run(`__framewright.load("${request.url}", ${request.readinessTimeoutMs})`);
    const faults: readonly string[] = await drawnFaults(page);
    return faults.length > 0 ? { ok: false, reasons: faults } : await choice.support(browser, page);
  } catch (thrown) {
    return { ok: false, reasons: [`the canary page failed: ${messageOf(thrown)}`] };
  }
}

async function drawnFaults(page: BrowserPage): Promise<string[]> {
  const points: string = JSON.stringify(canvasCanaryPoints.map(({ at }) => at));
  const look = (index: number) => page.evaluate(`__framewright.canary(${points}, ${index})`, pageAnswers.canary);
  await look(0);
  const { colors } = await look(1);
  return colorFaults(canvasCanaryPoints, colors);
}
