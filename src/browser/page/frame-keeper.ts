/** Evaluated in the isolated world beside a shell whose frames stay in the page: takes what the stage shows, and keeps it as I420. */
import { averageI420 } from "../../core/average-blocks.ts";
import { toBase64 } from "../../core/base64.ts";
import { keptFrames, TAKE_EVENT, TAKEN_EVENT, type FrameToTake, type TakenFrame } from "./kept-frames.ts";
import { createI420Converter, type I420Converter } from "./pixels/i420-converter.ts";
import { i420Frame } from "./pixels/i420-frame.ts";
import { FreeSlots } from "./senders/sender.ts";
import { describe } from "./words.ts";

/** Frames that may wait in the page for an encoder there, and the last one that was given to it: the host may ask what it shows. */
const PAGE_FRAMES = 5;

class FrameKeeper {
  readonly #converter: I420Converter;
  readonly #free = new FreeSlots(PAGE_FRAMES);
  readonly #frames: Map<number, VideoFrame> = keptFrames();
  /** The converter has one buffer: frames follow one another. */
  #last: Promise<unknown> = Promise.resolve();
  #underWay = 0;

  constructor(converter: I420Converter) {
    this.#converter = converter;
    document.addEventListener(TAKE_EVENT, (event) => {
      const canvas = event.target as HTMLCanvasElement;
      const frame = JSON.parse((event as CustomEvent<string>).detail) as FrameToTake;
      // The shell waits for each: more come from the page's own scripts.
      if (this.#underWay > 1) return;
      this.#underWay++;
      void this.#take(canvas, frame).then((result) => {
        this.#underWay--;
        const taken: TakenFrame = { index: frame.index, result };
        canvas.dispatchEvent(new CustomEvent(TAKEN_EVENT, { detail: JSON.stringify(taken) }));
      });
    });
  }

  release(index: number): void {
    this.#frames.get(index)?.close();
    if (this.#frames.delete(index)) this.#free.give(0);
  }

  /** Block averages of a frame that is kept, as base64. */
  async averages(index: number): Promise<string> {
    const frame: VideoFrame | undefined = this.#frames.get(index);
    if (frame === undefined) throw new Error(`the page holds no frame ${index}`);
    const { width, height } = this.#converter;
    const planes = new Uint8Array((width * height * 3) / 2);
    await frame.copyTo(planes, { layout: planesOf(width, height) });
    return toBase64(averageI420(planes, width, height));
  }

  async #take(canvas: HTMLCanvasElement, { index, timestampUs, isFirst }: FrameToTake): Promise<TakenFrame["result"]> {
    const { width, height } = this.#converter;
    try {
      if (canvas.width !== width || canvas.height !== height)
        throw new Error(`the stage has ${canvas.width}×${canvas.height} pixels instead of ${width}×${height}`);
      // At once: the stage may be painted again before the others are through.
      const painted = new VideoFrame(canvas, { timestamp: timestampUs });
      const converted = this.#last.then(async () => {
        await painted.copyTo(this.#converter.rgba, { format: "RGBA" }).finally(() => painted.close());
        const { planes, equalsLast } = this.#converter.convert();
        if (equalsLast && !isFirst) return "repeats" as const;
        await this.#free.take();
        // What the host knows by its number stays as it is until the host gives it back.
        if (this.#frames.has(index)) throw new Error(`frame ${index} is kept already`);
        this.#frames.set(index, i420Frame(planes, width, height, timestampUs));
        return "kept" as const;
      });
      this.#last = converted.catch(() => {});
      return await converted;
    } catch (thrown) {
      return { fault: describe(thrown) };
    }
  }
}

/** Without padding. */
function planesOf(width: number, height: number): PlaneLayout[] {
  const luma: number = width * height;
  return [
    { offset: 0, stride: width },
    { offset: luma, stride: width / 2 },
    { offset: (luma * 5) / 4, stride: width / 2 },
  ];
}

/** Called once by the host, with the size of the composition. */
async function openKeeper(width: number, height: number): Promise<void> {
  Object.assign(globalThis, { __framewrightKeeper: new FrameKeeper(await createI420Converter(width, height)) });
}

Object.assign(globalThis, { __framewrightOpenKeeper: openKeeper });
