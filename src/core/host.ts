import type { Browser } from "./browser.ts";
import type { Capture } from "./capture.ts";
import type { Encoder } from "./encoder.ts";
import type { RenderError } from "./errors.ts";
import type { FrameInjector } from "./injector.ts";
import type { MediaHost } from "./media-link.ts";
import type { AudioMixer } from "./sound.ts";
import type { Container } from "./formats.ts";
import type { NetworkAccess } from "./network.ts";
import type { MeasuredCosts } from "./policy/costs.ts";
import type { Policy } from "./policy/plan.ts";
import type { OutputSink } from "./sink.ts";

/** The parts that may do the job, best first. Nothing registers itself. */
export interface RenderParts {
  readonly captures: readonly Capture[];
  /** The capture that works everywhere and that others are compared with. */
  readonly reference: Capture;
  readonly encoders: readonly Encoder[];
  /** None leaves videos to the browser, which seeks them. */
  readonly injectors: readonly FrameInjector[];
  /** None renders without sound. */
  readonly mixers: readonly AudioMixer[];
  readonly policy?: Policy;
}

/** What the machine has for this process: what a container may use, not what is under it. JSON. */
export interface HostFacts {
  readonly cores: number;
  readonly memoryBytes: number;
  /** At the place of the output; null where nobody knows. */
  readonly freeDiskBytes: number | null;
  /** Such as "node 20.20.0". */
  readonly runtime: string;
  /** Such as "linux x64". */
  readonly platform: string;
}

/** What a runtime gives to a render. */
export interface RenderHost {
  /** Makes the page reachable by URL. Under `none` that URL gives the page's own files, or its one document, and nothing else. */
  openPage(page: string, network: NetworkAccess, signal?: AbortSignal): Promise<PageAddress>;
  launchBrowser(request: BrowserRequest): Promise<Browser>;
  /** Without it videos are left to the browser, and nothing is heard. */
  readonly media?: MediaHost;
  /** A folder for pictures of a sequence, a file for everything else. */
  openSink(output: string, container: Container): Promise<OutputSink>;
  facts(output: string): Promise<HostFacts>;
  /** What the parts cost, as measured; the policy's own table unless the host knows better. */
  costs?(): Promise<MeasuredCosts | null>;
}

export interface PageAddress extends AsyncDisposable {
  readonly url: string;
  /**
   * The real path of the file that a URL of the page's own origin gives; null where it lies outside of what the page may load.
   * Rejects where there is none. Left out where the page lies on no server of ours.
   */
  fileOf?(url: URL): Promise<string | null>;
  /**
   * Paths of the files that the page consists of: its document, the files that the document names, and all that it has loaded
   * so far. Omitted where the page lies on no server of ours.
   */
  ownFiles?(): Promise<readonly string[]>;
  /** Why the page is not the user's own local file, in words, such as "its file belongs to another user"; null where it is. */
  readonly foreign?: string | null;
}

export interface BrowserRequest {
  readonly flags: readonly string[];
  /** Origin of the composition. */
  readonly origin: string;
  readonly crossOrigin: "paint" | "omit";
  /** What the browser's pages may reach, by `networkRule`. Transports add theirs with `Browser.admit`. */
  readonly network: NetworkAccess;
  /** IANA name. */
  readonly timeZone: string;
  /** BCP 47 name. */
  readonly locale: string;
  /** Hears what a page asked for and was refused: once for each reason. */
  warn(reason: string): void;
  /** Ends the render: pages exceeded a limit of the browser. The browser is closed where there is none. */
  fail?(fault: RenderError): void;
  readonly signal: AbortSignal;
}
