import type { BlockAverages } from "../core/blocks.ts";
import type { Browser } from "../core/browser.ts";
import { defaultComposition, type Capture, type CaptureSession } from "../core/capture.ts";
import { isRenderError } from "../core/errors.ts";
import type { Frame, FrameFormat } from "../core/frame.ts";
import { assert, rejectionOf, type ContractCase } from "./contract-case.ts";

export interface CaptureCasesOptions {
  readonly browser: Browser;
  readonly format: Exclude<FrameFormat, "page">;
  /** Serves a document and gives its URL. */
  serve(html: string): Promise<string>;
}

const SIZE = { width: 160, height: 96 } as const;
const RATE = { numerator: 10, denominator: 1 } as const;

/** A box that stands still for half a second at a time. */
const page = `<!doctype html><style>html, body { margin: 0; background: #123 } div { position: absolute; top: 16px; width: 32px; height: 32px; background: #fa0 }</style>
<div id="box"></div>
<script>
  window.framewright = { duration: 2, seek(t) { const left = Math.floor(t * 2 + 1e-9) * 32 + "px"; if (box.style.left !== left) box.style.left = left; } };
</script>`;
/** The same, drawn into the one canvas of a page. */
const canvasPage = `<!doctype html><style>html, body { margin: 0; background: #123 } canvas { display: block }</style>
<canvas id="drawn" width="${SIZE.width}" height="${SIZE.height}"></canvas>
<script>
  const context = drawn.getContext("2d");
  window.framewright = { duration: 2, seek(t) {
    context.reset();
    context.fillStyle = "#fa0";
    context.fillRect(Math.floor(t * 2 + 1e-9) * 32, 16, 32, 32);
  } };
</script>`;

/** What every capture does: for the authors of captures, and for the built-in ones. */
export function captureCases(capture: Capture, options: CaptureCasesOptions): ContractCase[] {
  const html: string = capture.traits.needsSingleCanvas ? canvasPage : page;
  const throwingHtml: string = html.replace("seek(t) {", 'seek(t) { if (t >= 0.5) throw new Error("no further");');
  const leavingHtml: string = html.replace(
    "seek(t) {",
    'seek(t) { if (t >= 0.5) { location.href = "elsewhere.html"; return new Promise(() => {}); }',
  );
  const testCase = (name: string, document: string, body: (session: CaptureSession) => Promise<void>): ContractCase => ({
    name,
    async run() {
      const context = { browser: options.browser, signal: new AbortController().signal, warn: () => {}, attachMedia: null };
      const request = {
        url: await options.serve(document),
        size: SIZE,
        frameRate: RATE,
        frameFormat: options.format,
        alpha: false,
        composition: defaultComposition,
        readinessTimeoutMs: 10_000,
      };
      await using session = await capture.open(request, context);
      await body(session);
    },
  });
  return [
    {
      name: "answers a probe with support, or with reasons",
      async run() {
        const origin: string = new URL(await options.serve(html)).origin;
        const support = await capture.probe({ browser: options.browser, origin });
        assert(support.ok || support.reasons.length > 0, "A refusal without a reason");
      },
    },
    testCase("tells what the page says of itself", html, async ({ facts }) => {
      assert(facts.duration?.value === 2, `The duration is ${facts.duration?.value} instead of 2`);
      assert(facts.contract === "framewright", `The contract is ${facts.contract} instead of framewright`);
      assert(!facts.hasDepthScene, "It sees a depth scene where there is none");
    }),
    testCase("gives the frames of a half-open range, in order, and says which repeat", html, async (session) => {
      const frames = await readAll(session, 3, 11);
      const indices: string = frames.map(({ index }) => index).join();
      assert(indices === "3,4,5,6,7,8,9,10", `The frames are ${indices}`);
      const changed: string = frames
        .filter(({ bytes }) => bytes !== null)
        .map(({ index }) => index)
        .join();
      assert(changed === "3,5,10", `The frames with pixels are ${changed} instead of 3,5,10`);
    }),
    testCase("gives the same pixels for the same time, in any order", html, async (session) => {
      const forward = await readAll(session, 0, 12);
      const [late] = await readAll(session, 10, 11);
      const [early] = await readAll(session, 5, 6);
      assert(late?.bytes === forward[10]?.bytes, "Frame 10 differs when it is read alone");
      assert(early?.bytes === forward[5]?.bytes, "Frame 5 differs when it is read after frame 10");
    }),
    testCase("may be left in the middle and read again", html, async (session) => {
      const whole = await readAll(session, 0, 20);
      // More often than a capture may have places for pictures; what was under way must not be taken for what is read next.
      for (let start = 0; start < 8; start++) {
        for await (const frame of session.read({ start, end: 20 }, {})) {
          frame.close();
          if (frame.index === start + 1) break;
        }
        const [again] = await readAll(session, start + 2, start + 3);
        const shown = whole.slice(0, start + 3).findLast(({ bytes }) => bytes !== null);
        assert(again?.bytes === shown?.bytes, `Frame ${start + 2} differs when it is read after a run that was left`);
      }
    }),
    testCase("samples the frames that are asked for, from what it delivers", html, async (session) => {
      const seen = new Map<number, BlockAverages>();
      for await (const frame of session.read(
        { start: 0, end: 8 },
        { sampleAt: [0, 6], onSample: (index, averages) => seen.set(index, averages) },
      ))
        frame.close();
      assert([...seen.keys()].join() === "0,6", `The samples are of the frames ${[...seen.keys()].join()} instead of 0,6`);
      const alone: BlockAverages = await session.sample(6);
      assert(areClose(seen.get(6)!, alone), "A sample differs from the delivered frame");
      const box: number = (2 * alone.columns + 6) * 3;
      assert(alone.rgb[box]! > 200 && alone.rgb[box + 2]! < 60, `The box is missing: ${alone.rgb.subarray(box, box + 3).join()}`);
    }),
    testCase("says which seek threw, and what", throwingHtml, async (session) => {
      const thrown: unknown = await rejectionOf(readAll(session, 0, 10), "A page that throws");
      assert(
        isRenderError(thrown) && thrown.code === "seek-failed",
        `It rejected with ${String(thrown)} instead of the code "seek-failed"`,
      );
      assert(
        thrown.details["index"] === 5 && thrown.message.includes("no further"),
        `The error does not name frame 5 and the page's words: ${thrown.message}`,
      );
    }),
    testCase("says where the page went that left in the middle", leavingHtml, async (session) => {
      const thrown: unknown = await rejectionOf(readAll(session, 0, 20), "A page that leaves");
      assert(
        isRenderError(thrown) && thrown.code === "page-navigated",
        `It rejected with ${String(thrown)} instead of the code "page-navigated"`,
      );
      assert(thrown.message.includes("elsewhere.html"), `The error does not say where to: ${thrown.message}`);
    }),
  ];
}

async function readAll(session: CaptureSession, start: number, end: number): Promise<{ index: number; bytes: string | null }[]> {
  const frames: { index: number; bytes: string | null }[] = [];
  for await (const frame of session.read({ start, end }, {})) {
    frames.push({ index: frame.index, bytes: frame.pixels === null ? null : bytesOf(frame) });
    frame.close();
  }
  return frames;
}

/** Levels by which averages of I420 differ from those of the RGBA that it was made of. */
const CONVERSION_LEVELS = 3;

function areClose(one: BlockAverages, other: BlockAverages): boolean {
  return one.rgb.length === other.rgb.length && one.rgb.every((level, at) => Math.abs(level - other.rgb[at]!) <= CONVERSION_LEVELS);
}

function bytesOf({ pixels }: Frame): string {
  assert(pixels !== null && pixels.format !== "page", "The frame has no pixels on the host");
  return pixels.data.join();
}
