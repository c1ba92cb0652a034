import { fromBase64 } from "../core/base64.ts";
import { blockAverages, type BlockAverages } from "../core/blocks.ts";
import { PageException, type Browser, type BrowserPage } from "../core/browser.ts";
import type {
  Capture,
  CaptureContext,
  CaptureProbeContext,
  CaptureRequest,
  CaptureSession,
  PageFacts,
  ReadOptions,
} from "../core/capture.ts";
import { aborted, captureDistrusted, captureFailed, messageOf, seekFailed, type RenderError } from "../core/errors.ts";
import { rawFrameBytes, type Frame, type FramePixels, type Size } from "../core/frame.ts";
import { frameTime, type FrameRange } from "../core/frame-rate.ts";
import type { Support } from "../core/support.ts";
import type { PixelTransport, TransportSession } from "../core/transport.ts";
import { earlyScript } from "../browser/generated/early-script.ts";
import { shellScript } from "../browser/generated/shell-script.ts";
import { hearExceptions, whenReady } from "../browser/load-page.ts";
import {
  RESERVED_PATH,
  type CanaryLook,
  type FrameNotice,
  type ShellRun,
  type ShellRunEnd,
  type ShellSample,
} from "../browser/messages.ts";
import { openOwnDocument } from "../browser/own-page.ts";
import { BufferPool } from "./buffer-pool.ts";
import { CANARY_SIZE, canaryPage, canaryPoints } from "./canary.ts";
import { makeFrame } from "./frames.ts";
import { FrameInbox } from "./frame-inbox.ts";

export interface HtmlInCanvasOptions {
  /** Ways to carry pixels to the host, best first; the first that works is used. Without any, frames stay in the page. */
  readonly transports: readonly PixelTransport[];
}

const NAME = "html-in-canvas";
/** Pictures that may be under way between the page and the host. */
const SLOTS = 4;

/**
 * Paints the page into a canvas from its paint records (WICG HTML-in-Canvas), without the compositor: a third of a
 * screenshot's time, and a millisecond where nothing changed. Needs a browser that paints an iframe so: the canary tells.
 */
export function htmlInCanvas({ transports }: HtmlInCanvasOptions): Capture {
  const choice = new TransportChoice(transports);
  return {
    contract: 1,
    name: NAME,
    traits: {
      gives: transports.length > 0 ? ["I420", "RGBA", "page"] : ["page"],
      // Software raster is faster than SwiftShader here; without a limit on the frame rate an update takes 1 ms, not 17.
      browserFlags: ["--disable-gpu", "--enable-blink-features=CanvasDrawElement", "--disable-frame-rate-limit", "--disable-gpu-vsync"],
      sortsDepth: false,
      needsCheck: true,
    },
    probe: (context) => probe(context, choice),
    open: (request, context) => openSession(request, context, choice),
  };
}

async function probe({ browser, origin }: CaptureProbeContext, choice: TransportChoice): Promise<Support> {
  try {
    await using page = await browser.newPage(CANARY_SIZE);
    await openShell(page, origin, CANARY_SIZE);
    await page.evaluate(`__framewright.load("${RESERVED_PATH}canary.html", 10000)`);
    const faults: readonly string[] = await canaryFaults(page);
    if (faults.length > 0) return { ok: false, reasons: faults };
    if (choice.isEmpty) return { ok: true };
    const { transport, refusals } = await choice.in(browser, page);
    return transport ? { ok: true, details: { transport: transport.name } } : { ok: false, reasons: refusals };
  } catch (thrown) {
    return { ok: false, reasons: [`the canary page failed: ${messageOf(thrown)}`] };
  }
}

async function canaryFaults(page: BrowserPage): Promise<string[]> {
  const points: string = JSON.stringify(canaryPoints.map(({ at }) => at));
  const look = (time: number) => page.evaluate<CanaryLook>(`__framewright.canary(${points}, ${time})`);
  await look(0);
  const moved = await look(1);
  const still = await look(1);
  return [
    ...(moved.isDamaged ? [] : ["a change of the canary page was not noticed"]),
    ...(still.isDamaged ? ["an unchanged canary page was taken for changed"] : []),
    ...canaryPoints.flatMap(({ color, shows }, at) => {
      const seen: readonly number[] = moved.colors[at]!;
      return color.every((channel, which) => Math.abs(channel - seen[which]!) <= 2)
        ? []
        : [`${shows} of the canary page is ${seen.join(",")} instead of ${color.join(",")}`];
    }),
  ];
}

interface ChosenTransport {
  readonly transport: PixelTransport | null;
  readonly refusals: readonly string[];
}

/** Tries the transports once a browser. */
class TransportChoice {
  readonly #transports: readonly PixelTransport[];
  readonly #chosen = new WeakMap<Browser, Promise<ChosenTransport>>();

  constructor(transports: readonly PixelTransport[]) {
    this.#transports = transports;
  }

  get isEmpty(): boolean {
    return this.#transports.length === 0;
  }

  /** @param page A page with the shell in it */
  in(browser: Browser, page: BrowserPage): Promise<ChosenTransport> {
    const known = this.#chosen.get(browser) ?? this.#choose(browser, page);
    this.#chosen.set(browser, known);
    return known;
  }

  async #choose(browser: Browser, page: BrowserPage): Promise<ChosenTransport> {
    const refusals: string[] = [];
    for (const transport of this.#transports) {
      const support: Support = await transport.probe(browser, page);
      if (support.ok) return { transport, refusals };
      refusals.push(...support.reasons.map((reason) => `${transport.name}: ${reason}`));
    }
    return { transport: null, refusals };
  }
}

/** The shell shares the composition's origin: only then may it paint the iframe and reach its window. */
async function openShell(page: BrowserPage, origin: string, size: Size): Promise<void> {
  await page.send("Page.addScriptToEvaluateOnNewDocument", { source: earlyScript });
  await openOwnDocument(page, origin, { "canary.html": canaryPage });
  await page.evaluate(shellScript);
  await page.evaluate(`__framewrightOpen(${size.width}, ${size.height})`);
}

async function openSession(request: CaptureRequest, { browser }: CaptureContext, choice: TransportChoice): Promise<CaptureSession> {
  const page: BrowserPage = await browser.newPage(request.size);
  const exceptions = hearExceptions(page);
  let carrier: Carrier | null = null;
  try {
    const inbox = new FrameInbox();
    await page.bind("__framewrightFrame", (notice) => inbox.push(JSON.parse(notice) as FrameNotice));
    await openShell(page, new URL(request.url).origin, request.size);
    if (request.frameFormat !== "page") carrier = await openCarrier(request, browser, page, choice);
    const load = `__framewright.load(${JSON.stringify(request.url)}, ${request.readinessTimeoutMs})`;
    const facts: PageFacts = await whenReady(page, exceptions, load, request);
    return new HtmlInCanvasSession(page, facts, request, inbox, carrier);
  } catch (thrown) {
    await page.close();
    await carrier?.session.close();
    throw thrown;
  } finally {
    exceptions.stop();
  }
}

/** An open transport and its name. */
interface Carrier {
  readonly name: string;
  readonly session: TransportSession;
}

async function openCarrier(request: CaptureRequest, browser: Browser, page: BrowserPage, choice: TransportChoice): Promise<Carrier> {
  const { transport, refusals } = await choice.in(browser, page);
  if (!transport) throw captureFailed(NAME, 0, new Error(`no transport works: ${refusals.join("; ")}`));
  return { name: transport.name, session: await transport.open({ browser, page, slotBytes: slotBytes(request), slots: SLOTS }) };
}

function slotBytes({ frameFormat, size }: CaptureRequest): number {
  if (frameFormat !== "I420" && frameFormat !== "RGBA") throw new TypeError(`html-in-canvas gives no ${frameFormat} frames`);
  return rawFrameBytes(frameFormat, size);
}

function depthSceneAppeared(index: number): RenderError {
  return captureDistrusted(NAME, `a scene with transform-style: preserve-3d appeared at frame ${index}`, { index });
}

class HtmlInCanvasSession implements CaptureSession {
  readonly page: BrowserPage;
  readonly facts: PageFacts;
  readonly transport: string | null;
  readonly #request: CaptureRequest;
  readonly #inbox: FrameInbox;
  readonly #carrier: TransportSession | null;
  readonly #buffers: BufferPool;

  constructor(page: BrowserPage, facts: PageFacts, request: CaptureRequest, inbox: FrameInbox, carrier: Carrier | null) {
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
    this.#inbox.expectFrom(range.start);
    const ended: Promise<ShellRunEnd> = this.page.evaluate<ShellRunEnd>(`__framewright.run(${JSON.stringify(run)})`);
    ended.then(
      (end) => this.#inbox.end(this.#failureOf(end)),
      (thrown: unknown) => this.#inbox.end(thrown instanceof Error ? thrown : new Error(String(thrown))),
    );
    try {
      for (let index = range.start; index < range.end; index++) {
        if (signal?.aborted === true) throw aborted(signal.reason);
        const notice: FrameNotice = await this.#inbox.next(index);
        if (notice.sample !== undefined) onSample?.(index, blockAverages(size, fromBase64(notice.sample)));
        yield await this.#frameOf(notice);
      }
    } finally {
      // Slots that were announced but never read go back, or the page would wait for them for ever.
      for (const notice of this.#inbox.drain()) this.#release(notice);
      this.#tell("__framewright.stop()");
    }
  }

  async sample(index: number): Promise<BlockAverages> {
    const time: number = frameTime(index, this.#request.frameRate);
    let sample: ShellSample;
    try {
      sample = await this.page.evaluate<ShellSample>(`__framewright.sample(${time})`);
    } catch (thrown) {
      throw thrown instanceof PageException ? seekFailed(index, time, thrown) : thrown;
    }
    if ("depthScene" in sample) throw depthSceneAppeared(index);
    return blockAverages(this.#request.size, fromBase64(sample.averages));
  }

  async #frameOf(notice: FrameNotice): Promise<Frame> {
    const { index, at } = notice;
    const { size, frameRate, frameFormat } = this.#request;
    if (at === null) return makeFrame(index, null, size, frameRate, () => {});
    if ("handle" in at) return makeFrame(index, { format: "page", handle: at.handle }, size, frameRate, () => this.#release(notice));
    const data: Uint8Array = this.#buffers.take();
    try {
      await this.#carrier!.take(at.slot, data);
    } catch (thrown) {
      throw captureFailed(NAME, index, thrown);
    } finally {
      this.#release(notice);
    }
    const pixels: FramePixels = { format: frameFormat as "I420" | "RGBA", data };
    return makeFrame(index, pixels, size, frameRate, () => this.#buffers.give(data));
  }

  #release({ at }: FrameNotice): void {
    if (at !== null) this.#tell(`__framewright.release(${JSON.stringify(at)})`);
  }

  /** Says something to the page without waiting; a page that is gone needs not hear it. */
  #tell(expression: string): void {
    this.page.send("Runtime.evaluate", { expression }).catch(() => {});
  }

  #failureOf(end: ShellRunEnd): Error | null {
    switch (end.ended) {
      case "complete":
      case "stopped":
        return null;
      case "seek-failed":
        return seekFailed(end.index, frameTime(end.index, this.#request.frameRate), end.thrown);
      case "capture-failed":
        return captureFailed(NAME, end.index, end.thrown);
      case "depth-scene":
        return depthSceneAppeared(end.index);
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
