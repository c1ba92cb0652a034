import type { PageSound } from "../core/media.ts";
import type { SoundScore } from "../core/sound.ts";
import { averageBlocks, averageI420 } from "../core/average-blocks.ts";
import { blockAverages, type BlockAverages } from "../core/blocks.ts";
import { PageException, type Browser, type BrowserPage, type PageRealm } from "../core/browser.ts";
import type { CaptureContext, CaptureRequest, CaptureSession, ListenOptions, PageFacts, ReadOptions } from "../core/capture.ts";
import { aborted, captureDistrusted, captureFailed, isRenderError, pageNavigated, seekFailed, type RenderError } from "../core/errors.ts";
import { rawFrameBytes, type Frame, type FramePixels, type PagePixels, type Size } from "../core/frame.ts";
import { frameTime, type FrameRange } from "../core/frame-rate.ts";
import type { TransportSession } from "../core/transport.ts";
import { pageAnswers, pageBindings } from "../browser/boundary.ts";
import { frameKeeperScript } from "../browser/generated/frame-keeper-script.ts";
import { hearExceptions, whenReady } from "../browser/load-page.ts";
import {
  FRAME_BINDING,
  WARN_BINDING,
  type FrameNotice,
  type HeardEnd,
  type HeardSoFar,
  type PictureOf,
  type ShellRun,
  type ShellRunEnd,
  type ShellSample,
} from "../browser/messages.ts";
import { BufferPool } from "./buffer-pool.ts";
import { watchFramedAddress, type FramedAddress } from "./document-address.ts";
import { makeFrame } from "./frames.ts";
import { FrameInbox } from "./frame-inbox.ts";
import { assertKeepsAlpha } from "./kept-alpha.ts";
import { listenCall, listenedTo, scoreOf, UNPLANNED_CALL } from "./heard-score.ts";
import { readAverages } from "./read-averages.ts";
import { openShell } from "./shell.ts";
import type { TransportChoice } from "./transport-choice.ts";

/** A capture that works inside a page of ours, in which the composition is a frame. */
export interface ShellCapture {
  /** Name of the capture, for messages. */
  readonly capture: string;
  /** What the pictures are made of. */
  readonly pictureOf: PictureOf;
  readonly transports: TransportChoice;
}

/** Pictures that may be under way between the page and the host. */
const SLOTS = 4;

/** Opens the composition in a shell; its frames come through the first transport that works. */
export async function openShellSession(
  request: CaptureRequest,
  { browser, warn, attachMedia }: CaptureContext,
  shell: ShellCapture,
): Promise<CaptureSession> {
  assertKeepsAlpha(request);
  const page: BrowserPage = await browser.newPage(request.size);
  const exceptions = hearExceptions(page);
  let carrier: Carrier | null = null;
  let keeper: PageRealm | null = null;
  try {
    const inbox = new FrameInbox({
      onUnwanted: ({ at }) => {
        if (at !== null && "handle" in at) keeper?.run(`__framewrightKeeper.release(${at.handle})`).catch(() => {});
        else void drop(page, at, carrier?.session ?? null);
      },
      onInvalid: (why) => page.refuse("a frame notice", why),
    });
    const address: FramedAddress = watchFramedAddress(page);
    await page.bind(pageBindings.frame(FRAME_BINDING), (notice) => inbox.push(notice));
    await page.bind(pageBindings.warning(WARN_BINDING), warn);
    await openShell(page, request, shell.pictureOf, attachMedia);
    if (request.frameFormat === "page") keeper = await openKeeper(page, request.size);
    else carrier = await openCarrier(request, browser, page, shell);
    const load = `__framewright.load(${JSON.stringify(request.url)}, ${request.readinessTimeoutMs})`;
    const facts: PageFacts = await whenReady(page, exceptions, load, request);
    return new ShellSession(shell.capture, page, { ...facts, url: address.url ?? request.url }, request, inbox, { carrier, keeper });
  } catch (thrown) {
    await page.close();
    await carrier?.session.close();
    throw isRenderError(thrown) ? thrown : captureFailed(shell.capture, 0, thrown);
  } finally {
    exceptions.stop();
  }
}

/** Where the frames of a page go. */
interface FrameWay {
  readonly carrier: Carrier | null;
  /** The world that keeps frames of the format `page`. */
  readonly keeper: PageRealm | null;
}

/** Out of reach of the composition, which shares the JavaScript of the shell. */
async function openKeeper(page: BrowserPage, { width, height }: Size): Promise<PageRealm> {
  const realm: PageRealm = await page.isolated();
  await realm.run(frameKeeperScript);
  await realm.run(`__framewrightOpenKeeper(${width}, ${height})`);
  return realm;
}

/** An open transport and its name. */
interface Carrier {
  readonly name: string;
  readonly session: TransportSession;
}

async function openCarrier(
  request: CaptureRequest,
  browser: Browser,
  page: BrowserPage,
  { capture, transports }: ShellCapture,
): Promise<Carrier> {
  const { transport, refusals } = await transports.in(browser, page);
  if (!transport) throw captureFailed(capture, 0, new Error(`no transport works: ${refusals.join("; ")}`));
  return { name: transport.name, session: await transport.open({ browser, page, slotBytes: slotBytes(request), slots: SLOTS }) };
}

function slotBytes({ frameFormat, size }: CaptureRequest): number {
  if (frameFormat !== "I420" && frameFormat !== "RGBA") throw new TypeError(`A shell gives no ${frameFormat} frames`);
  return rawFrameBytes(frameFormat, size);
}

function depthSceneAppeared(capture: string, index: number): RenderError {
  return captureDistrusted(capture, `a scene with transform-style: preserve-3d appeared at frame ${index}`, { index });
}

/** Gives the place of a picture back to the page. */
function release(page: BrowserPage, at: FrameNotice["at"]): void {
  if (at !== null) tell(page, `__framewright.release(${JSON.stringify(at)})`);
}

/** The same for one that nobody takes: its pixels may still be on their way, and would be taken for those of the next in its slot. */
async function drop(page: BrowserPage, at: FrameNotice["at"], carrier: TransportSession | null): Promise<void> {
  // Where they do not come any more, the next take says so.
  if (at !== null && "slot" in at) await carrier?.drop(at.slot).catch(() => {});
  release(page, at);
}

/** Says something to the page without waiting; a page that is gone needs not hear it. */
function tell(page: BrowserPage, expression: string): void {
  page.send("Runtime.evaluate", { expression }).catch(() => {});
}

/** Pixels that are not given back yet. */
interface KeptPixels {
  readonly pixels: FramePixels;
  release(): void;
}

class ShellSession implements CaptureSession {
  readonly page: BrowserPage;
  readonly facts: PageFacts;
  readonly transport: string | null;
  readonly #capture: string;
  readonly #request: CaptureRequest;
  readonly #inbox: FrameInbox;
  readonly #carrier: TransportSession | null;
  readonly #keeper: PageRealm | null;
  readonly #buffers: BufferPool;
  /** What was delivered last: a frame that repeats it shows the same. */
  #last: KeptPixels | null = null;
  #lastRun: Promise<void> = Promise.resolve();

  constructor(
    capture: string,
    page: BrowserPage,
    facts: PageFacts,
    request: CaptureRequest,
    inbox: FrameInbox,
    { carrier, keeper }: FrameWay,
  ) {
    this.#keeper = keeper;
    this.#capture = capture;
    this.page = page;
    this.facts = facts;
    this.transport = carrier?.name ?? null;
    this.#request = request;
    this.#inbox = inbox;
    this.#carrier = carrier?.session ?? null;
    this.#buffers = new BufferPool(carrier ? slotBytes(request) : 0);
  }

  async *read(range: FrameRange, { signal, sampleAt = [], onSample }: ReadOptions): AsyncGenerator<Frame> {
    const { frameRate, frameFormat } = this.#request;
    const run: ShellRun = { ...range, frameRate, format: frameFormat as ShellRun["format"] };
    const samples = new Set(sampleAt);
    // A run that was left in the middle may still be seeking.
    await this.#lastRun;
    this.#inbox.open(range);
    const ended: Promise<ShellRunEnd> = this.page.evaluate(`__framewright.run(${JSON.stringify(run)})`, pageAnswers.runEnd);
    this.#lastRun = ended.then(
      (end) => this.#inbox.end(this.#failureOf(end)),
      // A page that leads the whole window away takes the shell with it.
      (thrown: unknown) => this.#inbox.end(isRenderError(thrown) ? thrown : captureFailed(this.#capture, range.start, thrown)),
    );
    try {
      for (let index = range.start; index < range.end; index++) {
        if (signal?.aborted === true) throw aborted(signal.reason);
        const notice: FrameNotice = await this.#inbox.next(index);
        if (notice.at === null && index === range.start)
          throw this.page.refuse("a frame notice", `frame ${index} repeats the one before it, and is the first`);
        const frame: Frame = await this.#frameOf(notice);
        try {
          if (samples.has(index)) onSample?.(index, await this.#averagesOfLast());
        } catch (thrown) {
          frame.close();
          throw thrown;
        }
        yield frame;
      }
    } finally {
      this.#keepLast(null);
      this.#inbox.close();
      tell(this.page, "__framewright.stop()");
    }
  }

  async sample(index: number): Promise<BlockAverages> {
    let sample: ShellSample<Uint8Array>;
    try {
      sample = await this.page.evaluate(`__framewright.sample(${index})`, pageAnswers.sample);
    } catch (thrown) {
      throw thrown instanceof PageException ? seekFailed(index, frameTime(index, this.#request.frameRate), thrown) : thrown;
    }
    if ("depthScene" in sample) throw depthSceneAppeared(this.#capture, index);
    if ("navigatedTo" in sample) throw pageNavigated(sample.navigatedTo, index);
    if ("captureFailed" in sample) throw captureFailed(this.#capture, index, sample.captureFailed);
    return readAverages(this.page, this.#request.size, sample.averages);
  }

  async listen(frameCount: number, sound?: PageSound, { onProgress }: ListenOptions = {}): Promise<SoundScore> {
    const call: string = listenCall(frameCount, sound);
    const step = async (): Promise<HeardEnd> => {
      const heard = await this.page.evaluate(call, pageAnswers.heard);
      if (heard === "reload") throw this.page.refuse(call, "a shell loads its page again by itself");
      return heard;
    };
    try {
      const heard = await listenedTo<Exclude<HeardEnd, HeardSoFar>>(frameCount, step, onProgress);
      if ("navigatedTo" in heard) throw pageNavigated(heard.navigatedTo, 0);
      return await scoreOf(heard, (index) => this.page.evaluate(`__framewright.recordedPiece(${index})`, pageAnswers.piece), onProgress);
    } catch (thrown) {
      throw thrown instanceof PageException ? seekFailed(0, 0, thrown) : thrown;
    }
  }

  unplannedSound(): Promise<string | null> {
    return this.page.evaluate(UNPLANNED_CALL, pageAnswers.words);
  }

  async #frameOf(notice: FrameNotice): Promise<Frame> {
    const { index, at } = notice;
    const { size, frameRate, frameFormat } = this.#request;
    if (at === null) return makeFrame(index, null, size, frameRate, () => {});
    if ("handle" in at !== (frameFormat === "page"))
      throw this.page.refuse("a frame notice", `frame ${index} is not where frames of the format ${frameFormat} are`);
    if ("handle" in at) {
      const { handle } = at;
      if (handle !== index) throw this.page.refuse("a frame notice", `frame ${index} is kept as ${handle}, and each is kept by its index`);
      return this.#frame(index, { format: "page", handle }, () => this.#releaseKept(handle));
    }
    if (at.slot >= SLOTS) throw this.page.refuse("a frame notice", `frame ${index} is in slot ${at.slot}, and there are ${SLOTS}`);
    const data: Uint8Array = this.#buffers.take();
    try {
      await this.#carrier!.take(at.slot, data);
    } catch (thrown) {
      throw captureFailed(this.#capture, index, thrown);
    } finally {
      release(this.page, at);
    }
    return this.#frame(index, { format: frameFormat as "I420" | "RGBA", data }, () => this.#buffers.give(data));
  }

  /** A frame whose pixels are there until both its reader and this session are done with them. */
  #frame(index: number, pixels: FramePixels, onClose: () => void): Frame {
    const { size, frameRate } = this.#request;
    let holders = 2;
    const release = (): void => {
      holders--;
      if (holders === 0) onClose();
    };
    this.#keepLast({ pixels, release });
    return makeFrame(index, pixels, size, frameRate, release);
  }

  #keepLast(next: KeptPixels | null): void {
    this.#last?.release();
    this.#last = next;
  }

  /** Of the pixels that were delivered last: what the shell says of them could be the page's word. */
  async #averagesOfLast(): Promise<BlockAverages> {
    const { size } = this.#request;
    const { width, height } = size;
    const { pixels } = this.#last!;
    if (pixels.format === "RGBA") return blockAverages(size, averageBlocks(pixels.data, width, height));
    if (pixels.format === "I420") return blockAverages(size, averageI420(pixels.data, width, height));
    const call = `__framewrightKeeper.averages(${(pixels as PagePixels).handle})`;
    return readAverages(this.page, size, await this.#keeper!.evaluate(call, pageAnswers.averages));
  }

  #releaseKept(handle: number): void {
    // A page that is gone keeps nothing.
    this.#keeper!.run(`__framewrightKeeper.release(${handle})`).catch(() => {});
  }

  #failureOf(end: ShellRunEnd): Error | null {
    switch (end.ended) {
      case "complete":
      case "stopped":
        return null;
      case "seek-failed":
        return seekFailed(end.index, frameTime(end.index, this.#request.frameRate), end.thrown);
      case "capture-failed":
        return captureFailed(this.#capture, end.index, end.thrown);
      case "navigated":
        return pageNavigated(end.url, end.index);
      case "depth-scene":
        return depthSceneAppeared(this.#capture, end.index);
    }
  }

  async close(): Promise<void> {
    await this.page.close();
    await this.#carrier?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
