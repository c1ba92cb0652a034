import type { BlockAverages } from "../core/blocks.ts";
import { PageException, type BrowserPage, type PageRealm, type ReadPageValue } from "../core/browser.ts";
import type { CaptureContext, CaptureRequest, PageFacts } from "../core/capture.ts";
import { captureFailed, isRenderError, pageNavigated, seekFailed } from "../core/errors.ts";
import { frameTime } from "../core/frame-rate.ts";
import type { PageSound } from "../core/media.ts";
import type { SoundScore } from "../core/sound.ts";
import { pageAnswers, pageBindings } from "../browser/boundary.ts";
import { compositionScript } from "../browser/composition-script.ts";
import { averagesScript } from "../browser/generated/averages-script.ts";
import { topPageScript } from "../browser/generated/top-page-script.ts";
import { hearExceptions, navigate, whenReady, type PageExceptions } from "../browser/load-page.ts";
import { WARN_BINDING, type HeardEnd, type SeekEnd } from "../browser/messages.ts";
import { addressOf, type NavigatedFrame } from "./document-address.ts";
import { listenCall, scoreOf, UNPLANNED_CALL } from "./heard-score.ts";
import { readAverages } from "./read-averages.ts";

export interface TopPageOptions {
  /** Name of the capture, for messages. */
  readonly capture: string;
  /** Hears what the page is warned of after it is ready. */
  warn(reason: string): void;
  /** Is given the page before the composition is loaded. Null unless said. */
  readonly attachMedia?: CaptureContext["attachMedia"];
  /** Goes along with work of the page that may need frames, where nobody else begins them. */
  escort?<Value>(work: Promise<Value>): Promise<Value>;
}

/** As browsers count redirects of servers. */
const MOST_REDIRECTS = 20;
const TRANSPARENT = { r: 0, g: 0, b: 0, a: 0 } as const;

/** A page that is the composition itself, driven from the host. Whoever opened the page closes it. */
export class TopPage {
  readonly page: BrowserPage;
  readonly #request: CaptureRequest;
  readonly #capture: string;
  readonly #warn: (reason: string) => void;
  readonly #attachMedia: CaptureContext["attachMedia"];
  readonly #escort: <Value>(work: Promise<Value>) => Promise<Value>;
  #averaging: { readonly realm: PageRealm; readonly arrivals: number } | null = null;
  #isLoading = false;
  /** The document that the browser shows, as the browser says. */
  #documentUrl: string;
  /** Documents that the page has shown. */
  #arrivals = 0;
  /** Where the page went by itself. */
  #wentTo: string | null = null;
  #onLeave: () => void = () => {};

  /** @param page A fresh page */
  constructor(page: BrowserPage, request: CaptureRequest, { capture, warn, attachMedia = null, escort = (work) => work }: TopPageOptions) {
    this.page = page;
    this.#documentUrl = request.url;
    this.#request = request;
    this.#capture = capture;
    this.#warn = warn;
    this.#attachMedia = attachMedia;
    this.#escort = escort;
  }

  /**
   * Loads the composition and waits until it is ready. Once a page.
   *
   * @throws RenderError `page-unreachable`, `page-failed`, `page-not-ready`
   */
  async open(): Promise<PageFacts> {
    await this.page.bind(pageBindings.warning(WARN_BINDING), this.#warn);
    await this.page.send("Page.addScriptToEvaluateOnNewDocument", {
      source: compositionScript(this.#request, this.#attachMedia !== null),
    });
    await this.#attachMedia?.(this.page);
    this.page.on<{ frame: NavigatedFrame }>("Page.frameNavigated", ({ frame }) => {
      if (frame.parentId !== undefined) return;
      this.#arrivals++;
      this.#documentUrl = addressOf(frame);
      if (this.#isLoading) return;
      this.#wentTo = frame.url;
      this.#onLeave();
    });
    if (this.#request.alpha) await this.#escort(this.page.send("Emulation.setDefaultBackgroundColorOverride", { color: TRANSPARENT }));
    return this.#load();
  }

  /**
   * Brings the page to a frame; one that cannot go back is loaded again.
   *
   * @throws RenderError `seek-failed`, `page-navigated`
   */
  async seek(index: number): Promise<void> {
    try {
      const seek = () => this.whileHere(index, this.#evaluate(`__framewright.seek(${index})`, pageAnswers.seekEnd));
      let end: SeekEnd = await seek();
      if (end === "reload") {
        await this.#load();
        end = await seek();
      }
      if (end === "navigated") throw pageNavigated(this.#address(), index);
      if (end === "reload")
        throw captureFailed(this.#capture, index, new Error("the page wants to be loaded again as soon as it is loaded"));
    } catch (thrown) {
      if (isRenderError(thrown)) throw thrown;
      // Where the page has gone, its script is gone as well, in the middle of the call or before. The answer to a later call
      // comes after the event.
      await this.whileHere(index, this.page.send("Page.getFrameTree"));
      throw thrown instanceof PageException ? seekFailed(index, frameTime(index, this.#request.frameRate), thrown) : thrown;
    }
  }

  /**
   * Gives the outcome of work on one frame of this page. Chromium leaves a screenshot without an answer where the page goes
   * elsewhere meanwhile. One piece of work at a time.
   *
   * @throws RenderError `page-navigated` where the page went elsewhere: what was captured since is another page
   */
  async whileHere<Value>(index: number, work: Promise<Value>): Promise<Value> {
    const left: Promise<never> = new Promise((_, reject) => {
      this.#onLeave = () => reject(pageNavigated(this.#wentTo!, index));
    });
    if (this.#wentTo !== null) this.#onLeave();
    // Nobody hears of the work any more where the page left first.
    work.catch(() => {});
    left.catch(() => {});
    try {
      return await Promise.race([left, work]);
    } finally {
      this.#onLeave = () => {};
    }
  }

  /**
   * All that is heard in so many frames.
   *
   * @throws RenderError `seek-failed`, `page-navigated`
   */
  async listen(frameCount: number, sound?: PageSound): Promise<SoundScore> {
    const call: string = listenCall(frameCount, sound);
    const listen = () => this.whileHere(0, this.#evaluate(call, pageAnswers.heard));
    try {
      let heard: HeardEnd | "reload" = await listen();
      if (heard === "reload") {
        await this.#load();
        heard = await listen();
      }
      if (heard === "reload" || "navigatedTo" in heard) throw this.page.refuse(call, "the page was loaded again, and gave no score");
      return await scoreOf(heard, this.page, frameTime(frameCount, this.#request.frameRate));
    } catch (thrown) {
      throw thrown instanceof PageException ? seekFailed(0, 0, thrown) : thrown;
    }
  }

  /** What was heard though the page had said nothing of it, in words; null where nothing was. */
  unplannedSound(): Promise<string | null> {
    return this.#evaluate(UNPLANNED_CALL, pageAnswers.words);
  }

  /**
   * Block averages of a picture.
   *
   * @param picture A whole file as base64
   * @param type Its media type
   */
  async averages(picture: string, type: "image/png" | "image/jpeg"): Promise<BlockAverages> {
    const realm: PageRealm = await this.#averager();
    return readAverages(
      this.page,
      this.#request.size,
      await this.#escort(realm.evaluate(`__framewrightAverages("${picture}", "${type}")`, pageAnswers.averages)),
    );
  }

  async #load(): Promise<PageFacts> {
    const exceptions = hearExceptions(this.page);
    this.#isLoading = true;
    try {
      await this.#escort(navigate(this.page, this.#request.url));
      for (let redirects = 0; ; redirects++) {
        const arrivals: number = this.#arrivals;
        try {
          return await this.#openHere(exceptions);
        } catch (thrown) {
          // Scripts and meta tags redirect while they load; the answer to a later call comes after the event.
          await this.page.send("Page.getFrameTree");
          if (isRenderError(thrown) || this.#arrivals === arrivals || redirects === MOST_REDIRECTS) throw thrown;
        }
      }
    } finally {
      this.#isLoading = false;
      exceptions.stop();
    }
  }

  async #openHere(exceptions: PageExceptions): Promise<PageFacts> {
    await this.page.run(topPageScript);
    const open = `__framewright.open(${this.#request.readinessTimeoutMs})`;
    const facts: PageFacts = await this.#escort(whenReady(this.page, exceptions, open, this.#request));
    return { ...facts, url: this.#documentUrl };
  }

  #address(): string {
    return this.#wentTo ?? this.#documentUrl;
  }

  /**
   * Where averages are computed: the page's scripts cannot reach it, and cannot answer for the picture that the capture is compared
   * with. Once a document.
   */
  async #averager(): Promise<PageRealm> {
    if (this.#averaging?.arrivals !== this.#arrivals) {
      const realm: PageRealm = await this.page.isolated();
      await realm.run(averagesScript);
      this.#averaging = { realm, arrivals: this.#arrivals };
    }
    return this.#averaging.realm;
  }

  #evaluate<Value>(expression: string, read: ReadPageValue<Value>): Promise<Value> {
    return this.#escort(this.page.evaluate(expression, read));
  }
}
