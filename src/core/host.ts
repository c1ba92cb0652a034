import type { Browser } from "./browser.ts";
import type { Capture } from "./capture.ts";
import type { Encoder } from "./encoder.ts";
import type { Policy } from "./policy/plan.ts";
import type { OutputSink } from "./sink.ts";

/** The parts that may do the job, best first. Nothing registers itself. */
export interface RenderParts {
  readonly captures: readonly Capture[];
  /** The capture that works everywhere and that others are compared with. */
  readonly reference: Capture;
  readonly encoders: readonly Encoder[];
  readonly policy?: Policy;
}

/** What a runtime gives to a render. */
export interface RenderHost {
  /** Makes the page reachable by URL. */
  openPage(page: string): Promise<PageAddress>;
  launchBrowser(request: BrowserRequest): Promise<Browser>;
  openSink(output: string): Promise<OutputSink>;
}

export interface PageAddress extends AsyncDisposable {
  readonly url: string;
}

export interface BrowserRequest {
  readonly flags: readonly string[];
  /** Origin of the composition. */
  readonly origin: string;
  readonly crossOrigin: "paint" | "omit";
  readonly signal: AbortSignal;
}
