import { launchBrowser } from "../../src/browser/launch.ts";
import type { Browser } from "../../src/core/browser.ts";
import type { Capture, CaptureSession } from "../../src/core/capture.ts";
import type { FrameFormat, Size } from "../../src/core/frame.ts";
import { parseFrameRate, type FrameRateInput } from "../../src/core/frame-rate.ts";
import type { PageAddress } from "../../src/core/host.ts";
import { openPageAddress } from "../../src/node/file-server.ts";

export interface CaptureToOpen {
  readonly capture: Capture;
  readonly frameFormat: FrameFormat;
}

/** Captures of one page, open side by side in a browser of their own. */
export interface OpenCaptures extends AsyncDisposable {
  readonly sessions: readonly CaptureSession[];
}

/** Opens captures without a render around them. */
export async function openCaptures(
  page: string,
  size: Size,
  frameRate: FrameRateInput,
  captures: readonly CaptureToOpen[],
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
    const flags: string[] = captures.flatMap(({ capture }) => capture.traits.browserFlags);
    const browser: Browser = own(await launchBrowser({ flags: [...new Set(flags)], treatAsSecure: new URL(address.url).origin }));
    const context = { browser, signal: new AbortController().signal, warn: () => {} };
    const sessions: CaptureSession[] = [];
    for (const { capture, frameFormat } of captures) {
      const request = { url: address.url, size, frameRate: parseFrameRate(frameRate), frameFormat, readinessTimeoutMs: 15_000 };
      sessions.push(own(await capture.open(request, context)));
    }
    return { sessions, [Symbol.asyncDispose]: disposeAll };
  } catch (thrown) {
    await disposeAll();
    throw thrown;
  }
}
