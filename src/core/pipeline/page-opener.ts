import type { Browser, BrowserPage } from "../browser.ts";
import type { Capture, CaptureContext, CaptureSession } from "../capture.ts";
import { aborted, pageNotReady } from "../errors.ts";
import type { FrameFormat } from "../frame.ts";
import type { ParsedJob } from "../job.ts";
import type { Timeline } from "../timeline.ts";
import type { Video } from "../video.ts";
import { within } from "./watchdog.ts";

/** A page knows its own limit, unless its server or its scripts hang; then it is given up this much later, in milliseconds. */
const OPEN_GRACE_MS = 2_000;

export interface PageToOpen {
  readonly capture: Capture;
  readonly browser: Browser;
  readonly url: string;
  readonly frameFormat: FrameFormat;
  readonly video: Pick<Video, "size" | "frameRate">;
  /** Where its opening is shown in a trace. */
  readonly track: string;
}

export interface PageOpenerOptions extends Pick<CaptureContext, "signal" | "warn"> {
  readonly attachMedia: ((page: BrowserPage, browser: Browser) => Promise<void>) | null;
  readonly job: ParsedJob;
  readonly reference: Capture;
  readonly timeline: Timeline;
}

/** Opens the job's page in one capture after another. */
export class PageOpener {
  readonly #job: ParsedJob;
  readonly #reference: Capture;
  readonly #signal: AbortSignal;
  readonly #timeline: Timeline;
  readonly #warn: (reason: string) => void;
  readonly #attachMedia: PageOpenerOptions["attachMedia"];

  constructor({ job, reference, signal, timeline, warn, attachMedia }: PageOpenerOptions) {
    this.#job = job;
    this.#reference = reference;
    this.#signal = signal;
    this.#timeline = timeline;
    this.#warn = warn;
    this.#attachMedia = attachMedia;
  }

  /** @throws RenderError `page-not-ready`, `aborted`, and what the capture's `open` throws */
  open({ capture, browser, url, frameFormat, video, track }: PageToOpen): Promise<CaptureSession> {
    if (this.#signal.aborted) throw aborted(this.#signal.reason);
    const { composition, readinessTimeoutMs } = this.#job;
    // The reference is held against what the capture shows, so that both keep what is transparent, or neither does.
    const { alpha } = this.#job;
    const request = { url, size: video.size.value, frameRate: video.frameRate.value, frameFormat, alpha, composition, readinessTimeoutMs };
    const attachMedia = this.#attachMedia && ((page: BrowserPage) => this.#attachMedia!(page, browser));
    const context: CaptureContext = { browser, signal: this.#signal, warn: this.#warn, attachMedia };
    return this.#timeline.span("open", track, async () => {
      const opening: Promise<CaptureSession> = capture.open(request, context);
      try {
        return await within(readinessTimeoutMs + OPEN_GRACE_MS, opening, () =>
          pageNotReady(url, "its server to answer and its scripts to end", readinessTimeoutMs),
        );
      } catch (thrown) {
        // One that opens after all has nobody who would close it.
        opening.then((session) => session.close()).catch(() => {});
        throw thrown;
      }
    });
  }

  /** The capture that others are compared with. @throws as `open` does */
  openReference(browser: Browser, url: string, video: PageToOpen["video"]): Promise<CaptureSession> {
    const frameFormat: FrameFormat = this.#reference.traits.gives[0]!;
    return this.open({ capture: this.#reference, browser, url, frameFormat, video, track: "render" });
  }
}
