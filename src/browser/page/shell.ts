import { frameTimestampUs } from "../../core/frame-rate.ts";
import type { PageSound } from "../../core/media.ts";
import { averageBlocks } from "../../core/average-blocks.ts";
import { toBase64 } from "../../core/base64.ts";
import type {
  CanaryLook,
  FrameNotice,
  FramePlace,
  HeardEnd,
  HeardPiece,
  OpenedComposition,
  PictureOf,
  SeekEnd,
  SenderConfig,
  ShellRun,
  ShellRunEnd,
  ShellSample,
  UnreadyComposition,
} from "../messages.ts";
import { openCanvasStage } from "./canvas-stage.ts";
import { compositionIn } from "./composition-key.ts";
import type { Composition } from "./composition.ts";
import { deliverI420, deliverInPage, deliverRgba, type Delivery } from "./delivery.ts";
import { DepthScenes } from "./depth-scenes.ts";
import { createI420Converter } from "./pixels/i420-converter.ts";
import { rootsFromNow, type PaintedRoot } from "./painted-roots.ts";
import { scaledCanvases, type ScaledCanvases } from "./scaled-canvases.ts";
import { openRingFile } from "./senders/ring-file.ts";
import type { Sender, SenderBuffer } from "./senders/sender.ts";
import { openWebSocket } from "./senders/websocket.ts";
import { describe } from "./words.ts";
import { openStage, styleCanvases, type Stage } from "./stage.ts";

/** The capture shell, driven by the host through `globalThis.__framewright`. */
class Shell {
  readonly #width: number;
  readonly #height: number;
  readonly #pictureOf: PictureOf;
  readonly #stage: Stage;
  readonly #depthScenes: DepthScenes = new DepthScenes();
  #roots: () => Iterable<PaintedRoot> = () => [];
  #scaledCanvases: ScaledCanvases | undefined;
  #sender: Sender | undefined;
  #delivery: Delivery | undefined;
  #runs = 0;
  /** Hears during a seek that the frame has loaded another page. */
  #onLeave: () => void = () => {};
  #composition: Composition | null = null;
  /** How the composition was loaded: one that cannot go back is loaded again. */
  #loaded: { readonly url: string; readonly limitMs: number } | undefined;

  constructor(width: number, height: number, pictureOf: PictureOf, alpha: boolean) {
    this.#width = width;
    this.#height = height;
    this.#pictureOf = pictureOf;
    this.#stage = pictureOf === "canvas" ? openCanvasStage(width, height, alpha) : openStage(width, height, alpha);
    this.#stage.view.frameElement!.addEventListener("load", () => this.#onLeave());
  }

  async load(url: string, limitMs: number): Promise<OpenedComposition | UnreadyComposition> {
    this.#loaded = { url, limitMs };
    const deadlineMs: number = performance.now() + limitMs;
    this.#stage.load(url);
    let opened: OpenedComposition | UnreadyComposition | null = null;
    while (opened === null) {
      this.#composition = await this.#nextComposition(deadlineMs);
      if (this.#composition === null) return { ready: false, url, waitedFor: "its server to answer" };
      opened = await this.#openedHere(this.#composition, deadlineMs);
    }
    this.#roots = rootsFromNow(this.#stage.view);
    // A bitmap that is read as it is needs none of what mends the painting of pages.
    if (this.#pictureOf === "page") {
      this.#scaledCanvases = scaledCanvases(this.#roots);
      styleCanvases(this.#roots());
    }
    return opened;
  }

  /** Waits for the frame to hold another page than it did; null where none comes by then. */
  async #nextComposition(deadlineMs: number): Promise<Composition | null> {
    while (performance.now() < deadlineMs) {
      const composition: Composition | null = this.#compositionNow();
      if (composition !== null && composition !== this.#composition) return composition;
      await pause();
    }
    return null;
  }

  /** Null where the page goes elsewhere while it loads: scripts and meta tags redirect as servers do. */
  async #openedHere(composition: Composition, deadlineMs: number): Promise<OpenedComposition | UnreadyComposition | null> {
    const opening = composition.open(deadlineMs - performance.now());
    for (;;) {
      const opened = await Promise.race([opening, pause()]);
      if (opened) return opened;
      if (!this.#isHere()) return null;
    }
  }

  async openSender(config: SenderConfig): Promise<void> {
    this.#sender = config.kind === "ring-file" ? await openRingFile(config) : await openWebSocket(config);
  }

  /** Sends one slot of counted bytes, so that the host can see whether the transport works. */
  async probeSender(): Promise<number> {
    const buffer: SenderBuffer = await this.#sender!.acquire();
    for (let at = 0; at < buffer.bytes.length; at++) buffer.bytes[at] = (at * 7) % 251;
    await this.#sender!.send(buffer);
    return buffer.slot;
  }

  /** Seeks and captures the frames of a range, in order; tells each through the binding. */
  async run({ start, end, frameRate, format }: ShellRun): Promise<ShellRunEnd> {
    const run: number = ++this.#runs;
    const delivery: Delivery = (this.#delivery ??= await this.#openDelivery(format));
    const underWay = new Set<Promise<void>>();
    let fault: Extract<ShellRunEnd, { index: number; thrown: string }> | undefined;
    const tell = async (index: number, arrived: Promise<FramePlace | null>): Promise<void> => {
      try {
        announce({ index, at: await arrived });
      } catch (thrown) {
        fault ??= { ended: "capture-failed", index, thrown: describe(thrown) };
      }
    };
    for (let index = start; index < end; index++) {
      try {
        if ((await this.#seek(index)) === "navigated") return { ended: "navigated", index, url: this.#address() };
      } catch (thrown) {
        return { ended: "seek-failed", index, thrown: describe(thrown) };
      }
      try {
        const isDamaged: boolean = await this.#settle();
        if (run !== this.#runs) break;
        if (!this.#isHere()) return { ended: "navigated", index, url: this.#address() };
        if (isDamaged && this.#depthScenes.isShownIn(this.#roots())) return { ended: "depth-scene", index };
        if (!isDamaged && index > start) {
          announce({ index, at: null });
          continue;
        }
        this.#stage.draw();
        const { arrived } = await delivery.deliver(this.#stage, {
          index,
          timestampUs: frameTimestampUs(index, frameRate),
          isFirst: index === start,
        });
        const told: Promise<void> = tell(index, arrived).finally(() => underWay.delete(told));
        underWay.add(told);
      } catch (thrown) {
        return { ended: "capture-failed", index, thrown: describe(thrown) };
      }
      if (fault) return fault;
      if (run !== this.#runs) break;
    }
    // Also where it was stopped: a picture that came later would be taken for one of the next run.
    await Promise.all(underWay);
    return fault ?? { ended: run === this.#runs ? "complete" : "stopped" };
  }

  stop(): void {
    this.#runs++;
  }

  release(place: FramePlace): void {
    this.#delivery!.release(place);
  }

  /** The composition at one frame. */
  async sample(index: number): Promise<ShellSample> {
    if ((await this.#seek(index)) === "navigated") return { navigatedTo: this.#address() };
    await this.#settle();
    if (!this.#isHere()) return { navigatedTo: this.#address() };
    if (this.#depthScenes.isShownIn(this.#roots())) return { depthScene: true };
    try {
      this.#stage.draw();
      return { averages: this.#averages() };
    } catch (thrown) {
      return { captureFailed: describe(thrown) };
    }
  }

  /** All that is heard in so many frames, a step at a time. */
  async listen(frameCount: number, sound?: PageSound): Promise<HeardEnd> {
    if (!this.#isHere()) return { navigatedTo: this.#address() };
    this.#scaledCanvases?.restore();
    const heard = await this.#whileHere(this.#composition!.listen(frameCount, sound));
    if (heard === "navigated") return { navigatedTo: this.#address() };
    if (heard !== "reload") return heard;
    await this.#reload();
    return this.listen(frameCount, sound);
  }

  recordedPiece(index: number): HeardPiece {
    return this.#composition!.recordedPiece(index);
  }

  /** What was heard though the page had said nothing of it; null where nothing was. */
  unplannedSound(): string | null {
    return this.#composition!.unplannedSound;
  }

  /** Draws the canary; the host compares the colours at the points. */
  async canary(points: readonly (readonly [number, number])[], index: number): Promise<CanaryLook> {
    await this.#seek(index);
    const isDamaged: boolean = await this.#settle();
    if (isDamaged) this.#stage.draw();
    return { colors: points.map(([x, y]) => this.#stage.pixelAt(x, y)), isDamaged };
  }

  async #seek(index: number): Promise<SeekEnd> {
    if (!this.#isHere()) return "navigated";
    this.#scaledCanvases?.restore();
    const end: SeekEnd = await this.#whileHere(this.#composition!.seek(index));
    if (end === "navigated") return end;
    if (end === "reload") {
      await this.#reload();
      return this.#seek(index);
    }
    if (this.#pictureOf === "page") styleCanvases(this.#roots());
    this.#scaledCanvases?.apply();
    return end;
  }

  async #reload(): Promise<void> {
    const { url, limitMs } = this.#loaded!;
    const opened = await this.load(url, limitMs);
    if (!opened.ready) throw new Error(`the page was loaded again to go back, and then was not ready: waited for ${opened.waitedFor}`);
  }

  /** What a page is asked for that goes elsewhere meanwhile may never come. */
  #whileHere<Value>(work: Promise<Value>): Promise<Value | "navigated"> {
    return new Promise((resolve, reject) => {
      this.#onLeave = () => resolve("navigated");
      work.then(resolve, reject);
    });
  }

  /** Whether the frame still holds the page that was loaded into it. */
  #isHere(): boolean {
    return this.#compositionNow() === this.#composition;
  }

  #compositionNow(): Composition | null {
    try {
      return compositionIn(this.#stage.view);
    } catch {
      // The frame holds a page of another origin.
      return null;
    }
  }

  #address(): string {
    try {
      return this.#stage.view.location.href;
    } catch {
      return "a page of another origin";
    }
  }

  /** One rendering update; another where it made a font load. */
  async #settle(): Promise<boolean> {
    const isDamaged: boolean = await this.#stage.update();
    const { fonts } = this.#stage.view.document;
    if (fonts.status !== "loading") return isDamaged;
    await fonts.ready;
    return this.#stage.update();
  }

  #averages(): string {
    return toBase64(averageBlocks(this.#stage.readPixels().data, this.#width, this.#height));
  }

  async #openDelivery(format: ShellRun["format"]): Promise<Delivery> {
    if (format === "RGBA") return deliverRgba(this.#sender!, this.#width * this.#height * 4);
    if (format === "page") return deliverInPage;
    return deliverI420(this.#sender!, await createI420Converter(this.#width, this.#height));
  }
}

/** Between two looks at a page that loads. */
function pause(): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, 5));
}

function announce(notice: FrameNotice): void {
  (globalThis as unknown as { __framewrightFrame(notice: string): void }).__framewrightFrame(JSON.stringify(notice));
}

/** Called once by the host, with the size of the composition; `alpha`: what it does not paint stays transparent. */
function openShell(width: number, height: number, pictureOf: PictureOf, alpha: boolean): void {
  Object.assign(globalThis, { __framewright: new Shell(width, height, pictureOf, alpha) });
}

Object.assign(globalThis, { __framewrightOpen: openShell });
