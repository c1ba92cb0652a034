import { fromBase64 } from "../core/base64.ts";
import type { PageSound } from "../core/media.ts";
import type { SoundScore } from "../core/sound.ts";
import { blockAverages, type BlockAverages } from "../core/blocks.ts";
import { PageException, type Browser, type BrowserPage } from "../core/browser.ts";
import type { CaptureContext, CaptureRequest, CaptureSession, ListenOptions, PageFacts, ReadOptions } from "../core/capture.ts";
import { aborted, captureDistrusted, captureFailed, isRenderError, pageNavigated, seekFailed, type RenderError } from "../core/errors.ts";
import { rawFrameBytes, type Frame, type FramePixels } from "../core/frame.ts";
import { frameTime, type FrameRange } from "../core/frame-rate.ts";
import type { TransportSession } from "../core/transport.ts";
import { hearExceptions, whenReady } from "../browser/load-page.ts";
import {
  WARN_BINDING,
  type FrameNotice,
  type HeardEnd,
  type HeardPiece,
  type HeardSoFar,
  type PictureOf,
  type ShellRun,
  type ShellRunEnd,
  type ShellSample,
} from "../browser/messages.ts";
import { BufferPool } from "./buffer-pool.ts";
import { makeFrame } from "./frames.ts";
import { FrameInbox } from "./frame-inbox.ts";
import { assertKeepsAlpha } from "./kept-alpha.ts";
import { listenCall, listenedTo, scoreOf, UNPLANNED_CALL } from "./heard-score.ts";
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
  try {
    const inbox = new FrameInbox(({ at }) => void drop(page, at, carrier?.session ?? null));
    await page.bind("__framewrightFrame", (notice) => inbox.push(JSON.parse(notice) as FrameNotice));
    await page.bind(WARN_BINDING, warn);
    await openShell(page, request, shell.pictureOf, attachMedia);
    if (request.frameFormat !== "page") carrier = await openCarrier(request, browser, page, shell);
    const load = `__framewright.load(${JSON.stringify(request.url)}, ${request.readinessTimeoutMs})`;
    const facts: PageFacts = await whenReady(page, exceptions, load, request);
    return new ShellSession(shell.capture, page, facts, request, inbox, carrier);
  } catch (thrown) {
    await page.close();
    await carrier?.session.close();
    throw isRenderError(thrown) ? thrown : captureFailed(shell.capture, 0, thrown);
  } finally {
    exceptions.stop();
  }
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

class ShellSession implements CaptureSession {
  readonly page: BrowserPage;
  readonly facts: PageFacts;
  readonly transport: string | null;
  readonly #capture: string;
  readonly #request: CaptureRequest;
  readonly #inbox: FrameInbox;
  readonly #carrier: TransportSession | null;
  readonly #buffers: BufferPool;
  #lastRun: Promise<void> = Promise.resolve();

  constructor(capture: string, page: BrowserPage, facts: PageFacts, request: CaptureRequest, inbox: FrameInbox, carrier: Carrier | null) {
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
    const { frameRate, frameFormat, size } = this.#request;
    const run: ShellRun = { ...range, frameRate, format: frameFormat as ShellRun["format"], sampleAt };
    // A run that was left in the middle may still be seeking.
    await this.#lastRun;
    this.#inbox.open();
    const ended: Promise<ShellRunEnd> = this.page.evaluate<ShellRunEnd>(`__framewright.run(${JSON.stringify(run)})`);
    this.#lastRun = ended.then(
      (end) => this.#inbox.end(this.#failureOf(end)),
      // A page that leads the whole window away takes the shell with it.
      (thrown: unknown) => this.#inbox.end(isRenderError(thrown) ? thrown : captureFailed(this.#capture, range.start, thrown)),
    );
    try {
      for (let index = range.start; index < range.end; index++) {
        if (signal?.aborted === true) throw aborted(signal.reason);
        const notice: FrameNotice = await this.#inbox.next(index);
        if (notice.sample !== undefined) onSample?.(index, blockAverages(size, fromBase64(notice.sample)));
        yield await this.#frameOf(notice);
      }
    } finally {
      this.#inbox.close();
      tell(this.page, "__framewright.stop()");
    }
  }

  async sample(index: number): Promise<BlockAverages> {
    let sample: ShellSample;
    try {
      sample = await this.page.evaluate<ShellSample>(`__framewright.sample(${index})`);
    } catch (thrown) {
      throw thrown instanceof PageException ? seekFailed(index, frameTime(index, this.#request.frameRate), thrown) : thrown;
    }
    if ("depthScene" in sample) throw depthSceneAppeared(this.#capture, index);
    if ("navigatedTo" in sample) throw pageNavigated(sample.navigatedTo, index);
    if ("captureFailed" in sample) throw captureFailed(this.#capture, index, sample.captureFailed);
    return blockAverages(this.#request.size, fromBase64(sample.averages));
  }

  async listen(frameCount: number, sound?: PageSound, { onProgress }: ListenOptions = {}): Promise<SoundScore> {
    const call: string = listenCall(frameCount, sound);
    const step = (): Promise<HeardEnd> =>
      this.page.evaluate<HeardEnd>(call).catch((thrown: unknown) => {
        throw thrown instanceof PageException ? seekFailed(0, 0, thrown) : thrown;
      });
    const heard = await listenedTo<Exclude<HeardEnd, HeardSoFar>>(frameCount, step, onProgress);
    if ("navigatedTo" in heard) throw pageNavigated(heard.navigatedTo, 0);
    return scoreOf(heard, (index) => this.page.evaluate<HeardPiece>(`__framewright.recordedPiece(${index})`), onProgress);
  }

  unplannedSound(): Promise<string | null> {
    return this.page.evaluate<string | null>(UNPLANNED_CALL);
  }

  async #frameOf(notice: FrameNotice): Promise<Frame> {
    const { index, at } = notice;
    const { size, frameRate, frameFormat } = this.#request;
    if (at === null) return makeFrame(index, null, size, frameRate, () => {});
    if ("handle" in at) return makeFrame(index, { format: "page", handle: at.handle }, size, frameRate, () => release(this.page, at));
    const data: Uint8Array = this.#buffers.take();
    try {
      await this.#carrier!.take(at.slot, data);
    } catch (thrown) {
      throw captureFailed(this.#capture, index, thrown);
    } finally {
      release(this.page, at);
    }
    const pixels: FramePixels = { format: frameFormat as "I420" | "RGBA", data };
    return makeFrame(index, pixels, size, frameRate, () => this.#buffers.give(data));
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
