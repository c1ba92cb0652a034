import { frameTime, frameTimestampUs } from "../../core/frame-rate.ts";
import { toBase64 } from "../../core/base64.ts";
import type {
  CanaryLook,
  FrameNotice,
  FramePlace,
  OpenedComposition,
  SenderConfig,
  ShellRun,
  ShellRunEnd,
  ShellSample,
  UnreadyComposition,
} from "../messages.ts";
import { openComposition, seekComposition } from "./composition.ts";
import { deliverI420, deliverInPage, deliverRgba, type Delivery } from "./delivery.ts";
import { DepthScenes } from "./depth-scenes.ts";
import { averageBlocks } from "./pixels/block-averages.ts";
import { createI420Converter, type I420Converter } from "./pixels/i420-converter.ts";
import { paintedRoots, rememberedRoots, type PaintedRoot } from "./painted-roots.ts";
import { scaledCanvases, type ScaledCanvases } from "./scaled-canvases.ts";
import { openRingFile } from "./senders/ring-file.ts";
import type { Sender, SenderBuffer } from "./senders/sender.ts";
import { openWebSocket } from "./senders/websocket.ts";
import { openStage, styleCanvases, type Stage } from "./stage.ts";

/** The capture shell, driven by the host through `globalThis.__framewright`. */
class Shell {
  readonly #width: number;
  readonly #height: number;
  readonly #stage: Stage;
  readonly #depthScenes: DepthScenes = new DepthScenes();
  #roots: () => Iterable<PaintedRoot> = () => [];
  #scaledCanvases: ScaledCanvases | undefined;
  #sender: Sender | undefined;
  #delivery: Delivery | undefined;
  #runs = 0;

  constructor(width: number, height: number) {
    this.#width = width;
    this.#height = height;
    this.#stage = openStage(width, height);
  }

  async load(url: string, limitMs: number): Promise<OpenedComposition | UnreadyComposition> {
    await this.#stage.load(url);
    const opened = await openComposition(this.#stage.view, limitMs);
    const { view } = this.#stage;
    // Those that the parser made, by a walk; those that come later, as they are remembered.
    const found: ReadonlySet<PaintedRoot> = new Set(paintedRoots(view));
    this.#roots = () => [...found, ...rememberedRoots(view, found)];
    this.#scaledCanvases = scaledCanvases(this.#roots);
    styleCanvases(this.#roots());
    return opened;
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
  async run({ start, end, frameRate, format, sampleAt }: ShellRun): Promise<ShellRunEnd> {
    const run: number = ++this.#runs;
    const samples = new Set(sampleAt);
    const delivery: Delivery = (this.#delivery ??= await this.#openDelivery(format));
    const underWay = new Set<Promise<void>>();
    let fault: Extract<ShellRunEnd, { index: number; thrown: string }> | undefined;
    const tell = async (index: number, arrived: Promise<FramePlace | null>, sample: object): Promise<void> => {
      try {
        announce({ index, at: await arrived, ...sample });
      } catch (thrown) {
        fault ??= { ended: "capture-failed", index, thrown: describe(thrown) };
      }
    };
    for (let index = start; index < end; index++) {
      try {
        await this.#seek(frameTime(index, frameRate));
      } catch (thrown) {
        return { ended: "seek-failed", index, thrown: describe(thrown) };
      }
      try {
        const isDamaged: boolean = await this.#settle();
        if (run !== this.#runs) return { ended: "stopped" };
        if (isDamaged && this.#depthScenes.isShownIn(this.#roots())) return { ended: "depth-scene", index };
        if (!isDamaged && index > start && !samples.has(index)) {
          announce({ index, at: null });
          continue;
        }
        this.#stage.draw();
        const sample = samples.has(index) ? { sample: this.#averages() } : {};
        const { arrived } = await delivery.deliver(this.#stage.frame(frameTimestampUs(index, frameRate)), index, index === start);
        const told: Promise<void> = tell(index, arrived, sample).finally(() => underWay.delete(told));
        underWay.add(told);
      } catch (thrown) {
        return { ended: "capture-failed", index, thrown: describe(thrown) };
      }
      if (fault) return fault;
      if (run !== this.#runs) return { ended: "stopped" };
    }
    await Promise.all(underWay);
    return fault ?? { ended: "complete" };
  }

  stop(): void {
    this.#runs++;
  }

  release(place: FramePlace): void {
    this.#delivery!.release(place);
  }

  /** The composition at one time. */
  async sample(timeSeconds: number): Promise<ShellSample> {
    await this.#seek(timeSeconds);
    await this.#settle();
    if (this.#depthScenes.isShownIn(this.#roots())) return { depthScene: true };
    this.#stage.draw();
    return { averages: this.#averages() };
  }

  /** Draws the canary; the host compares the colours at the points. */
  async canary(points: readonly (readonly [number, number])[], timeSeconds: number): Promise<CanaryLook> {
    await this.#seek(timeSeconds);
    const isDamaged: boolean = await this.#settle();
    if (isDamaged) this.#stage.draw();
    return { colors: points.map(([x, y]) => this.#stage.pixelAt(x, y)), isDamaged };
  }

  async #seek(timeSeconds: number): Promise<void> {
    this.#scaledCanvases!.restore();
    await seekComposition(this.#stage.view, timeSeconds);
    styleCanvases(this.#roots());
    this.#scaledCanvases!.apply();
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
    if (format === "RGBA") return deliverRgba(this.#sender!);
    const converter: I420Converter = await createI420Converter(this.#width, this.#height);
    return format === "page" ? deliverInPage(converter) : deliverI420(this.#sender!, converter);
  }
}

function announce(notice: FrameNotice): void {
  (globalThis as unknown as { __framewrightFrame(notice: string): void }).__framewrightFrame(JSON.stringify(notice));
}

function describe(thrown: unknown): string {
  // Errors of the composition are of another realm: `instanceof` does not know them.
  const { name, message } = Object(thrown) as Partial<Error>;
  return message === undefined ? String(thrown) : `${name}: ${message}`;
}

/** Called once by the host, with the size of the composition. */
function openShell(width: number, height: number): void {
  Object.assign(globalThis, { __framewright: new Shell(width, height) });
}

Object.assign(globalThis, { __framewrightOpen: openShell });
