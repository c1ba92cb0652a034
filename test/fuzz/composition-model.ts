import { toBase64 } from "../../src/core/base64.ts";
import type { MediaFacts } from "../../src/core/media.ts";
import type { FrameFormat, Size } from "../../src/core/frame.ts";
import {
  FRAME_BINDING,
  MEDIA_BINDING,
  WARN_BINDING,
  type HeardPiece,
  type HeardScore,
  type OpenedComposition,
  type ShellRun,
} from "../../src/browser/messages.ts";
import type { Evaluated, FakePage, PageModel } from "./fake-browser.ts";
import type { KnownCall, Tampering } from "./tampering.ts";

/** The composition that all captures of the double show: frames of one colour each, the last one like the one before it. */

export const SIZE: Size = { width: 16, height: 16 };
export const FRAMES = 4;
export const PAGE_URL = "http://localhost:8000/page.html";
export const VIDEO_URL = "http://localhost:8000/film.mp4";

/** Red, green and blue of a frame. */
export function colorOf(index: number): readonly [number, number, number] {
  return [40 + 60 * Math.min(index, FRAMES - 2), 200 - 50 * Math.min(index, FRAMES - 2), 90];
}

/** The pixels of a frame. */
export function pixelsOf(index: number, format: Exclude<FrameFormat, "page">): Uint8Array {
  const [red, green, blue] = colorOf(index);
  const pixels: number = SIZE.width * SIZE.height;
  if (format === "RGBA") return Uint8Array.from({ length: pixels * 4 }, (_, at) => [red, green, blue, 255][at % 4]!);
  if (format === "I420") return i420Of(red, green, blue, pixels);
  return Uint8Array.of(index === FRAMES - 1 ? index - 1 : index, 80, 78, 71);
}

/** BT.709, limited range. */
function i420Of(red: number, green: number, blue: number, pixels: number): Uint8Array {
  const luma: number = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  const planes = new Uint8Array((pixels * 3) / 2);
  planes.fill(16 + (luma * 219) / 255 + 0.5, 0, pixels);
  planes.fill(128 + ((blue - luma) / 1.8556) * (224 / 255) + 0.5, pixels, (pixels * 5) / 4);
  planes.fill(128 + ((red - luma) / 1.5748) * (224 / 255) + 0.5, (pixels * 5) / 4);
  return planes;
}

export function averagesOf(index: number): Uint8Array {
  const blocks: number = Math.ceil(SIZE.width / 8) * Math.ceil(SIZE.height / 8);
  return Uint8Array.from({ length: blocks * 3 }, (_, at) => colorOf(index)[at % 3]!);
}

export const mediaFacts: MediaFacts = {
  source: VIDEO_URL,
  durationSeconds: 5,
  byteLength: 100_000,
  video: {
    codec: "avc1.64001f",
    size: { width: 320, height: 180 },
    rotation: 0,
    hasAlpha: false,
    tickSeconds: 0.001,
    frameRate: 30,
    decodesInPage: true,
  },
  audio: { codec: "mp4a.40.2", sampleRate: 48_000, channels: 2, decodesInPage: true },
};

export const openedComposition: OpenedComposition = {
  ready: true,
  url: PAGE_URL,
  duration: { value: String(FRAMES / 30), by: "contract" },
  size: { value: SIZE, by: "meta" },
  frameRate: { value: 30, by: "attributes" },
  contract: "framewright",
  access: "random",
  isSingleCanvas: true,
  crossOrigin: ["http://elsewhere.test/picture.png"],
  adapters: ["animations", "media"],
  isSecureContext: true,
  hasDepthScene: false,
  drawsWebGl: false,
  media: [{ kind: "video", source: VIDEO_URL, facts: mediaFacts, fault: null, isUsed: true }],
  sound: "played",
  warnings: ["A picture did not load"],
};

export const heardScore: HeardScore = {
  clips: [
    {
      source: VIDEO_URL,
      start: 0,
      duration: 0.1,
      mediaStart: 1,
      playbackRate: 1,
      preservesPitch: true,
      loopFrom: 0,
      gain: [
        { seconds: 0, gain: 1 },
        { seconds: 0.1, gain: 0.5 },
      ],
    },
  ],
  pieces: 2,
};

export function heardPiece(index: number): HeardPiece {
  const samples: string = toBase64(new Uint8Array(new Float32Array(32).fill(0.25).buffer));
  return { sampleRate: 48_000, start: 0, continues: index > 0, channels: [samples, samples] };
}

const questions: readonly object[] = [
  { ask: "reader" },
  { ask: "facts", source: VIDEO_URL },
  { ask: "learned", facts: mediaFacts },
  { ask: "feed", facts: mediaFacts },
  { ask: "failed", injector: "base64", source: VIDEO_URL, why: "no picture came" },
  { ask: "injector", injector: "base64", source: VIDEO_URL, question: { seconds: 0.5 } },
];

const calls: readonly KnownCall[] = [
  { binding: FRAME_BINDING, value: { index: 1, at: { slot: 1 } } },
  { binding: FRAME_BINDING, value: { index: 3, at: null } },
  { binding: FRAME_BINDING, value: { index: 2, at: { handle: 2 } } },
  { binding: WARN_BINDING, value: "The page warns" },
  ...questions.map((question): KnownCall => ({ binding: MEDIA_BINDING, value: { id: "asked-1", question } })),
];

/** The composition, as a page of its own and inside a shell, with what it does replaced here and there. */
export class CompositionModel implements PageModel {
  /** What lies in the slots of the transport. */
  readonly slots: Uint8Array[] = [];
  /** What each page of frames that stay in it holds, by handle. */
  readonly kept: Map<number, Uint8Array> = new Map();
  readonly #tampering: Tampering;
  #shownFrame = 0;

  constructor(tampering: Tampering) {
    this.#tampering = tampering;
  }

  screenshot(): string {
    return toBase64(pixelsOf(this.#shownFrame, "PNG"));
  }

  async evaluate(expression: string, page: FakePage): Promise<Evaluated> {
    const [, object = "", method = "", args = ""] =
      /^(?:globalThis\.)?(__framewright\w*)\??\.?(\w*)(?:\?\.)?\((.*)\)/s.exec(expression) ?? [];
    const name = `${object}.${method}`;
    const said = (value: unknown): Promise<Evaluated> => this.#tampering.answer(name, value, page, calls);
    switch (name) {
      case "__framewright.open":
      case "__framewright.load":
        return said(openedComposition);
      case "__framewright.seek":
        this.#shownFrame = Number(args);
        return said("done");
      case "__framewright.sample":
        return said({ averages: toBase64(averagesOf(Number(args))) });
      case "__framewright.listen":
        return said(heardScore);
      case "__framewright.recordedPiece":
        return said(heardPiece(Number(args)));
      case "__framewright.unplannedSound":
        return said(null);
      case "__framewright.run":
        await this.#run(JSON.parse(args) as ShellRun, page);
        return said({ ended: "complete" });
      case "__framewrightAverages.":
        return { value: toBase64(averagesOf(this.#shownFrame)) };
      case "__framewrightKeeper.averages":
        return { value: toBase64(this.kept.get(Number(args)) ?? new Uint8Array()) };
      case "__framewrightReadMedia.bytes":
        return said(toBase64(new Uint8Array(1_000)));
      default:
        return { value: undefined };
    }
  }

  /** The page's scripts ask the host for what concerns media. */
  async ask(page: FakePage): Promise<void> {
    for (const [at, question] of questions.entries()) {
      this.#tampering.say(MEDIA_BINDING, { id: `asked-${at}`, question }, page);
      await turn();
    }
  }

  async #run({ start, end, format }: ShellRun, page: FakePage): Promise<void> {
    for (let index = start; index < end; index++) {
      await turn();
      if (index === FRAMES - 1 && index > start) {
        this.#tampering.say(FRAME_BINDING, { index, at: null }, page);
        continue;
      }
      if (format === "page") this.kept.set(index, averagesOf(index));
      else this.slots[index % 4] = pixelsOf(index, format);
      this.#tampering.say(FRAME_BINDING, { index, at: format === "page" ? { handle: index } : { slot: index % 4 } }, page);
    }
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
