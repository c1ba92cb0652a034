import { beginFrame } from "../../src/capture/begin-frame.ts";
import { canvas } from "../../src/capture/canvas.ts";
import { htmlInCanvas } from "../../src/capture/html-in-canvas.ts";
import { screenshot } from "../../src/capture/screenshot.ts";
import { linkMedia } from "../../src/browser/media-link.ts";
import { defaultComposition, type Capture, type CaptureSession } from "../../src/core/capture.ts";
import { checkedScore } from "../../src/core/checked-score.ts";
import { frameTime } from "../../src/core/frame-rate.ts";
import { blockAverages } from "../../src/core/blocks.ts";
import { captureStalled, isRenderError } from "../../src/core/errors.ts";
import type { EncoderSession } from "../../src/core/encoder.ts";
import type { Frame, FrameFormat } from "../../src/core/frame.ts";
import { parseJob } from "../../src/core/parse-job.ts";
import { CaptureCheck } from "../../src/core/pipeline/check-capture.ts";
import { MediaDirector } from "../../src/core/pipeline/media-director.ts";
import { pageSource } from "../../src/core/pipeline/page-source.ts";
import { pump } from "../../src/core/pipeline/pump.ts";
import { Supervisor } from "../../src/core/pipeline/supervisor.ts";
import { defaultPolicy } from "../../src/core/policy/default-policy.ts";
import type { Plan } from "../../src/core/policy/plan.ts";
import type { SoundScore } from "../../src/core/sound.ts";
import type { PixelTransport } from "../../src/core/transport.ts";
import { videoOf } from "../../src/core/video.ts";
import { tempoFilters } from "../../src/audio/tempo-filters.ts";
import { base64 as base64Injector } from "../../src/injectors/base64.ts";
import { webcodecs as webcodecsInjector } from "../../src/injectors/webcodecs.ts";
import { policyInput } from "../support/policy-input.ts";
import { averagesOf, CompositionModel, FRAMES, PAGE_URL, pixelsOf, SIZE, VIDEO_URL } from "./composition-model.ts";
import { fakeBrowser, type FakePage } from "./fake-browser.ts";
import { assertRight, type Scenario } from "./scenario.ts";
import type { Tampering } from "./tampering.ts";

const LIMIT_MS = 10_000;
const frameRate = { numerator: 30, denominator: 1 } as const;
const job = parseJob({ page: "page.html", output: "video.mp4" });

type OpenCapture = (transport: PixelTransport) => Capture;

/** Every capture, with each of the formats that it gives. */
export const captureScenarios: readonly Scenario[] = [
  scenario("screenshot", () => screenshot(), "PNG"),
  scenario("screenshot of JPEG", () => screenshot({ format: "JPEG" }), "JPEG"),
  scenario("begin-frame", () => beginFrame(), "PNG"),
  ...(["RGBA", "I420", "page"] as const).flatMap((format) => [
    scenario(`html-in-canvas of ${format}`, (transport) => htmlInCanvas({ transports: [transport] }), format),
    scenario(`canvas of ${format}`, (transport) => canvas({ transports: [transport] }), format),
  ]),
];

function scenario(name: string, open: OpenCapture, format: FrameFormat): Scenario {
  return { name, run: (tampering) => captured(open, format, tampering) };
}

/** The work of a render between its browser and its encoder. */
async function captured(openCapture: OpenCapture, format: FrameFormat, tampering: Tampering): Promise<void> {
  const model = new CompositionModel(tampering);
  const signal: AbortSignal = new AbortController().signal;
  // As in a render, the browser ends first: what waits for a page is then rejected.
  await using media = director(signal);
  await using browser = fakeBrowser({
    evaluate: (expression, page) => asking(model, expression, page),
    screenshot: () => model.screenshot(),
  });
  const supervisor = new Supervisor(LIMIT_MS, signal);
  const limited = <Value>(work: Promise<Value>): Promise<Value> => supervisor.run(work, () => captureStalled(0, LIMIT_MS));
  const context = {
    browser,
    signal,
    warn: (reason: string) => assertRight(typeof reason === "string" && reason.length <= 10_000, `warned of ${typeof reason}`),
    attachMedia: (page: Parameters<typeof linkMedia>[0]) => media.attach(page, browser),
  };
  const request = {
    ...{ url: PAGE_URL, size: SIZE, frameRate, frameFormat: format, alpha: false },
    ...{ composition: defaultComposition, readinessTimeoutMs: 15_000 },
  };
  media.follow(plan, planned);
  const session: CaptureSession = await limited(openCapture(transportOf(model)).open(request, context));
  try {
    assertPlannable(session);
    // As the pipeline does.
    assertScore(checkedScore(await limited(session.listen(FRAMES)), frameTime(FRAMES, frameRate)));
    const indices: readonly number[] = Array.from({ length: FRAMES }, (_, index) => index);
    const check = new CaptureCheck(
      { capture: "capture", size: SIZE, contrastShare: 0, indices, captureTimeoutMs: LIMIT_MS, signal, onChecked: () => {} },
      {
        sample: async (index: number) => blockAverages(SIZE, averagesOf(index)),
        close: async () => {},
      } as CaptureSession,
    );
    await limited(check.first(session));
    const source = pageSource(session, { frameCount: FRAMES, frameRate, size: SIZE, access: session.facts.access, check });
    const encoder = recordingEncoder(model);
    const options = { signal, captureTimeoutMs: LIMIT_MS, blockFrames: FRAMES, windowBytes: 1e6 };
    await pump([source], { start: 0, end: FRAMES }, encoder, options);
    await check.settled();
    assertRight(check.checks.comparisons === FRAMES + 1, `${check.checks.comparisons} comparisons instead of ${FRAMES + 1}`);
    // As the pipeline does: a page that says nothing was not heard.
    const what: string | null = await limited(session.unplannedSound()).catch((thrown: unknown) => {
      if (isRenderError(thrown)) throw thrown;
      return null;
    });
    assertRight(what === null || typeof what === "string", `unplanned sound is ${typeof what}`);
    assertFrames(encoder.frames, format);
  } finally {
    await session.close();
  }
}

/** While it opens, the page asks for its media. */
async function asking(model: CompositionModel, expression: string, page: FakePage): ReturnType<CompositionModel["evaluate"]> {
  // Scripts of ours are long.
  if (expression.length > 5_000) return { value: undefined };
  if (expression.startsWith("__framewright.open(") || expression.startsWith("__framewright.load(")) await model.ask(page);
  return model.evaluate(expression, page);
}

function director(signal: AbortSignal): MediaDirector {
  const picture = { type: "image/jpeg", data: Uint8Array.of(1), start: 0, end: 1 } as const;
  const openPictures = async (path: string) => {
    assertRight(path === "/copies/0", `a video is opened at "${path}"`);
    return { at: async () => picture, async [Symbol.asyncDispose]() {} };
  };
  return new MediaDirector({
    injectors: [webcodecsInjector(), base64Injector({ executablePath: "/nowhere/ffmpeg", openPictures })],
    host: { openFiles: () => Promise.reject(new Error("no files are needed")), link: linkMedia },
    files: {
      async pathOf(_source, read) {
        assertRight((await read(0, 1_000)).byteLength <= 1_000, "more bytes came than were asked for");
        return "/copies/0";
      },
    },
    readLimitMs: LIMIT_MS,
    signal,
    trialLimitMs: 1_000,
    warn: () => {},
  });
}

const planned = policyInput();
const plan: Plan = { ...defaultPolicy(planned), videos: [{ source: VIDEO_URL, injector: "base64", reason: "" }] };

/** What the page says of itself goes through the policy. */
function assertPlannable({ facts }: CaptureSession): void {
  const { size, frameCount, durationSeconds } = videoOf(job, facts);
  assertRight(
    Number.isSafeInteger(size.value.width) && size.value.width >= 1 && size.value.width <= 16_384,
    `a width of ${size.value.width}`,
  );
  // How many there may be at most, limits.maxFrames of the job says.
  assertRight(Number.isInteger(frameCount) && frameCount >= 1, `${frameCount} frames`);
  assertRight(/^https?:/.test(facts.url), `the address ${facts.url}`);
  const input = { ...planned, page: facts, size: size.value, frameCount, durationSeconds: durationSeconds.value };
  const { workers, blockFrames } = defaultPolicy(input);
  assertRight(workers >= 1 && blockFrames >= 1, `${workers} workers`);
}

/** The numbers go into arguments of ffmpeg. */
function assertScore({ clips, recordings }: SoundScore): void {
  for (const { start, duration, mediaStart, playbackRate, preservesPitch, loopFrom, gain, source } of clips) {
    const numbers: readonly number[] = [
      start,
      duration,
      mediaStart,
      playbackRate,
      loopFrom ?? 0,
      ...gain.flatMap((point) => Object.values(point)),
    ];
    assertRight(numbers.every(Number.isFinite), `a clip has the numbers ${numbers.join(", ")}`);
    assertRight(typeof source === "string" && typeof preservesPitch === "boolean", "a clip of another shape");
    for (const filter of tempoFilters(playbackRate, preservesPitch))
      assertRight(/^[a-z]+=\d+(\.\d+)?$/.test(filter), `the filter ${filter}`);
  }
  for (const { sampleRate, start, channels } of recordings) {
    assertRight(Number.isFinite(sampleRate) && sampleRate > 0 && Number.isFinite(start), "a recording at no rate");
    assertRight(new Set(channels.map(({ length }) => length)).size === 1, "channels of unequal lengths");
  }
}

interface RecordedFrame {
  readonly index: number;
  readonly width: number;
  /** The pixels, or the averages of what the page keeps. */
  readonly data: Uint8Array | null;
}

function recordingEncoder(model: CompositionModel): EncoderSession & { readonly frames: RecordedFrame[] } {
  const frames: RecordedFrame[] = [];
  return {
    frames,
    async write({ index, size, pixels, close }: Frame) {
      const data = pixels && (pixels.format === "page" ? (model.kept.get(pixels.handle) ?? new Uint8Array()) : pixels.data.slice());
      frames.push({ index, width: size.width, data });
      close();
    },
    finish: () => Promise.reject(new Error("nothing is encoded")),
    abort: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}

function assertFrames(frames: readonly RecordedFrame[], format: FrameFormat): void {
  assertRight(frames.map(({ index }) => index).join() === "0,1,2,3", `the frames ${frames.map(({ index }) => index).join()}`);
  let shown: Uint8Array = new Uint8Array();
  for (const { index, width, data } of frames) {
    shown = data ?? shown;
    const right: Uint8Array = format === "page" ? averagesOf(index) : pixelsOf(index, format);
    assertRight(width === SIZE.width, `frame ${index} is ${width} wide`);
    assertRight(Buffer.compare(shown, right) === 0, `frame ${index} shows another picture`);
  }
}

/** Carries what the model puts into its slots. */
function transportOf({ slots }: CompositionModel): PixelTransport {
  const close = async (): Promise<void> => {};
  return {
    contract: 1,
    name: "double",
    probe: async () => ({ ok: true }),
    open: async ({ slotBytes }) => ({
      async take(slot, target) {
        target.set((slots[slot] ?? new Uint8Array(slotBytes)).subarray(0, slotBytes));
      },
      drop: async () => {},
      close,
      [Symbol.asyncDispose]: close,
    }),
  };
}
