import type { Browser } from "./browser.ts";
import type { Capture } from "./capture.ts";
import type { Encoder } from "./encoder.ts";
import type { NetworkAccess } from "./network.ts";
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
  /** Makes the page reachable by URL. Under `none` that URL gives the page's own files, or its one document, and nothing else. */
  openPage(page: string, network: NetworkAccess): Promise<PageAddress>;
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
  /** What the browser's pages may reach: `reachable` tells the addresses. Transports add theirs with `Browser.admit`. */
  readonly network: NetworkAccess;
  /** IANA name. */
  readonly timeZone: string;
  /** BCP 47 name. */
  readonly locale: string;
  /** Hears what a page asked for and was refused: once for each reason. */
  warn(reason: string): void;
  readonly signal: AbortSignal;
}
