import { launchBrowser } from "../../src/browser/launch.ts";
import type { Browser } from "../../src/core/browser.ts";
import {
  defaultComposition,
  type Capture,
  type CaptureContext,
  type CaptureSession,
  type CompositionSettings,
} from "../../src/core/capture.ts";
import type { FrameFormat, Size } from "../../src/core/frame.ts";
import { parseFrameRate, type FrameRateInput } from "../../src/core/frame-rate.ts";
import type { PageAddress } from "../../src/core/host.ts";
import { Browsers } from "../../src/core/pipeline/browsers.ts";
import { openPageAddress } from "../../src/node/file-server.ts";

export interface CaptureToOpen {
  readonly capture: Capture;
  readonly frameFormat: FrameFormat;
  /** Whether what the page does not paint stays transparent; unless said it is white. */
  readonly alpha?: boolean;
}

/** Captures of one page, open side by side in a browser of their own. */
export interface OpenCaptures extends AsyncDisposable {
  readonly sessions: readonly CaptureSession[];
  /** What was warned of since they were open. */
  readonly warnings: readonly string[];
}

/** Opens captures without a render around them. */
export async function openCaptures(
  page: string,
  size: Size,
  frameRate: FrameRateInput,
  captures: readonly CaptureToOpen[],
  settings: Partial<CompositionSettings> = {},
  readinessTimeoutMs = 15_000,
  attachMedia: CaptureContext["attachMedia"] = null,
): Promise<OpenCaptures> {
  const owned: AsyncDisposable[] = [];
  const own = <Owned extends AsyncDisposable>(one: Owned): Owned => {
    owned.unshift(one);
    return one;
  };
  const disposeAll = async (): Promise<void> => {
    for (const one of owned) await one[Symbol.asyncDispose]();
  };
  try {
    const address: PageAddress = own(await openPageAddress(page));
    const launch = (flags: readonly string[]): Promise<Browser> => launchBrowser({ flags, treatAsSecure: new URL(address.url).origin });
    const parts: readonly Capture[] = captures.map(({ capture }) => capture);
    const browsers: Browsers = own(new Browsers(parts, launch));
    const sessions: CaptureSession[] = [];
    const warnings: string[] = [];
    for (const { capture, frameFormat, alpha = false } of captures) {
      const request = {
        url: address.url,
        size,
        frameRate: parseFrameRate(frameRate),
        frameFormat,
        alpha,
        composition: { ...defaultComposition, awaitsDuration: false, ...settings },
        readinessTimeoutMs,
      };
      const context = {
        browser: await browsers.of(capture),
        signal: new AbortController().signal,
        warn: (reason: string) => void warnings.push(reason),
        attachMedia,
      };
      sessions.push(own(await capture.open(request, context)));
    }
    return { sessions, warnings, [Symbol.asyncDispose]: disposeAll };
  } catch (thrown) {
    await disposeAll();
    throw thrown;
  }
}
