import { BLOCK_SIZE, type BlockAverages } from "../core/blocks.ts";
import type { Browser, BrowserPage } from "../core/browser.ts";
import type { Capture, CaptureContext, CaptureProbeContext, CaptureRequest, CaptureSession, PageFacts } from "../core/capture.ts";
import { captureFailed, isRenderError, messageOf } from "../core/errors.ts";
import type { Support } from "../core/support.ts";
import { RESERVED_PATH, type CanaryLook } from "../browser/messages.ts";
import { serveReservedPath } from "../browser/reserved-path.ts";
import { CANARY_SIZE, canaryFaults, canaryPage, canaryPoints, canaryRequest } from "./canary.ts";
import { FrameClocks, type FrameClock } from "./frame-clock.ts";
import { assertKeepsAlpha } from "./kept-alpha.ts";
import { pictureParams, PictureSession, type PictureOptions, type PictureParams } from "./picture-session.ts";
import { TopPage } from "./top-page.ts";

const NAME = "begin-frame";
/** How many frames may come without a picture, and how long to wait after each, in milliseconds. */
const EMPTY_FRAMES = 100;
const EMPTY_PAUSE_MS = 10;

/** Frames come when they are begun and at no other time, and each is finished before its picture is taken. */
const flags: readonly string[] = [
  "--disable-gpu",
  "--enable-begin-frame-control",
  "--run-all-compositor-stages-before-draw",
  "--disable-new-content-rendering-timeout",
  "--disable-threaded-animation",
  "--disable-threaded-scrolling",
  "--disable-checker-imaging",
  "--disable-image-animation-resync",
  "--enable-surface-synchronization",
];

/**
 * Begins each frame itself and takes its picture in the same call (`HeadlessExperimental.beginFrame`): the compositor's own
 * pixels, as screenshots are, without the waits between them. Needs a headless shell.
 */
export function beginFrame(options: PictureOptions = {}): Capture {
  const params: PictureParams = pictureParams(options);
  const clocks = new FrameClocks();
  return {
    contract: 1,
    name: NAME,
    traits: {
      gives: [options.format ?? "PNG"],
      browserFlags: flags,
      browser: "own",
      needsSingleCanvas: false,
      sortsDepth: true,
      paintsCrossOrigin: true,
      needsCheck: true,
    },
    probe: (context) => probe(context, clocks),
    open: (request, context) => open(request, context, clocks, params),
  };
}

async function probe({ browser, origin }: CaptureProbeContext, clocks: FrameClocks): Promise<Support> {
  try {
    await using page = await browser.newPage(CANARY_SIZE);
    const clock: FrameClock = clocks.of(browser);
    const refusal: string | null = await refusalOf(browser, page, clock);
    if (refusal !== null) return { ok: false, reasons: [refusal] };
    await serveReservedPath(page, { "canary.html": canaryPage });
    const top: TopPage = topPage(page, clock, canaryRequest(`${origin}${RESERVED_PATH}canary.html`), { warn: () => {} });
    await top.open();
    const faults: readonly string[] = await canaryFaults(look(top, clock));
    return faults.length === 0 ? { ok: true } : { ok: false, reasons: faults };
  } catch (thrown) {
    return { ok: false, reasons: [`the canary page failed: ${messageOf(thrown)}`] };
  }
}

/** Why the browser begins no frames at our word; null where it does. */
function refusalOf({ product }: Browser, page: BrowserPage, clock: FrameClock): Promise<string | null> {
  return clock.begin(page).then(
    () => null,
    (thrown: unknown) => `it needs a headless shell, and ${product} begins no frames: ${messageOf(thrown)}`,
  );
}

function look(top: TopPage, clock: FrameClock): (index: number) => Promise<CanaryLook> {
  let last = "";
  return async (index) => {
    await top.seek(index);
    const picture: string = await takePicture(top.page, clock, pictureParams({}));
    // Not by the browser's `hasDamage`: it is said of the frame after each picture as well.
    const isDamaged: boolean = picture !== last;
    last = picture;
    const seen: BlockAverages = await top.averages(picture, "image/png");
    return { colors: canaryPoints.map(({ at }) => blockAt(seen, at)), isDamaged };
  };
}

/** The points lie in the middle of plain boxes of four blocks: a block has the colour of each of its pixels. */
function blockAt({ columns, rgb }: BlockAverages, [x, y]: readonly [number, number]): number[] {
  const at: number = (Math.floor(y / BLOCK_SIZE) * columns + Math.floor(x / BLOCK_SIZE)) * 3;
  return [...rgb.subarray(at, at + 3)];
}

async function open(
  request: CaptureRequest,
  { browser, warn, attachMedia }: CaptureContext,
  clocks: FrameClocks,
  params: PictureParams,
): Promise<CaptureSession> {
  assertKeepsAlpha(request);
  const page: BrowserPage = await browser.newPage(request.size);
  try {
    const clock: FrameClock = clocks.of(browser);
    const top: TopPage = topPage(page, clock, request, { warn, attachMedia });
    const facts: PageFacts = await top.open();
    return new PictureSession(request, { capture: NAME, facts, top, params, take: () => takePicture(page, clock, params) });
  } catch (thrown) {
    await page.close();
    throw isRenderError(thrown) ? thrown : captureFailed(NAME, 0, thrown);
  }
}

function topPage(
  page: BrowserPage,
  clock: FrameClock,
  request: CaptureRequest,
  context: Pick<CaptureContext, "warn"> & Partial<Pick<CaptureContext, "attachMedia">>,
): TopPage {
  return new TopPage(page, request, { capture: NAME, ...context, escort: (work) => clock.escort(page, work) });
}

/** What the page shows now, as base64. */
async function takePicture(page: BrowserPage, clock: FrameClock, params: PictureParams): Promise<string> {
  for (let frame = 0; frame < EMPTY_FRAMES; frame++) {
    const picture: string | undefined = await clock.begin(page, params);
    if (picture !== undefined) return picture;
    // In the first frames of a page there may be no surface yet to take a picture of.
    await new Promise((resolve) => setTimeout(resolve, EMPTY_PAUSE_MS));
  }
  throw new Error(`the browser began ${EMPTY_FRAMES} frames and gave no picture`);
}
