import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Capture } from "../../src/core/capture.ts";
import type { RenderEvent } from "../../src/core/events.ts";
import type { RenderJob } from "../../src/core/job.ts";
import { beginFrame, canvas, htmlInCanvas, openPageAddress, ringFile, screenshot } from "../../src/node/index.ts";
import { barCodeSize, readBarCode } from "../support/bar-code.ts";
import { movingPage, RATE } from "../support/failing-pages.ts";
import { at, atFrame, expectCleanFailure, expectCleanRender, ownTemporaryFolder, strike } from "../support/failures.ts";
import { crashesAfter, hangsFrom, isDeafAfter, neverOpens, seesNegatives, type CaptureFault } from "../support/faulty-captures.ts";
import { isBrowserMain } from "../support/processes.ts";
import { scratch } from "../support/render.ts";
import { decodeFrames } from "../support/video-frames.ts";

/** Every edge of the fallback graph, taken by every fault: a capture that goes wrong is given up, and the video is right in the end. */

const pages: string = fileURLToPath(new URL("../pages/", import.meta.url));
const FRAMES = 30;
/** For what never comes; a limit that what does come keeps on a busy machine, too. */
const LIMIT_MS = 4_000;
const transports = [ringFile()];
let temporaryFolder: AsyncDisposable;

beforeAll(async () => {
  temporaryFolder = await ownTemporaryFolder();
});
afterAll(async () => {
  await temporaryFolder[Symbol.asyncDispose]();
});

interface Edge {
  readonly from: string;
  readonly to: string;
  readonly page: string;
  readonly captures: readonly Capture[];
  /** The first capture as it is where it is lacking. */
  readonly lacking: Capture;
}

const withoutFlags = (capture: Capture): Capture => ({ ...capture, traits: { ...capture.traits, browserFlags: ["--disable-gpu"] } });
const noTransport = { ...ringFile(), probe: async () => ({ ok: false, reasons: ["the disk is gone"] }) as const };

const edges: readonly Edge[] = [
  {
    from: "canvas",
    to: "html-in-canvas",
    page: "bar-code-canvas.html",
    captures: [canvas({ transports }), htmlInCanvas({ transports }), screenshot()],
    lacking: canvas({ transports: [noTransport] }),
  },
  {
    from: "html-in-canvas",
    to: "begin-frame",
    page: "bar-code.html",
    captures: [htmlInCanvas({ transports }), beginFrame(), screenshot()],
    lacking: withoutFlags(htmlInCanvas({ transports })),
  },
  {
    from: "begin-frame",
    to: "screenshot",
    page: "bar-code.html",
    captures: [beginFrame(), screenshot()],
    lacking: withoutFlags(beginFrame()),
  },
];

interface Taken {
  readonly events: readonly RenderEvent[];
  readonly plan: string;
  readonly fallbacks: readonly { readonly part: string; readonly reason: string }[];
  readonly rejected: readonly { readonly part: string; readonly kind: string; readonly reasons: readonly string[] }[];
}

/** Renders the page of an edge with other captures, asserts that each frame of the video is the right one, and says what happened. */
async function take(
  edge: Edge,
  captures: readonly Capture[],
  onEvent: (event: RenderEvent) => void = () => {},
  encoder = "ffmpeg-pipe",
): Promise<Taken> {
  await using place = await scratch();
  await using address = await openPageAddress(`${pages}${edge.page}`);
  const job: RenderJob = {
    ...{ page: `${address.url}?rate=${RATE}`, output: place.path("video.mp4"), ...barCodeSize, frameRate: RATE, duration: FRAMES / RATE },
    ...{ encoder, captureTimeoutMs: LIMIT_MS, readinessTimeoutMs: LIMIT_MS },
  };
  const events: RenderEvent[] = [];
  const { plan, fallbacks } = await expectCleanRender(job, {
    parts: { captures },
    onEvent(event) {
      events.push(event);
      onEvent(event);
    },
  });
  const frames: Uint8Array[] = await decodeFrames(job.output, barCodeSize, "gray");
  expect(frames.map(readBarCode)).toEqual(Array.from({ length: FRAMES }, (_, index) => index));
  return { events, plan: plan.capture, fallbacks, rejected: plan.rejected };
}

describe.for(edges)("from $from to $to", (edge) => {
  const [first, ...others] = edge.captures as [Capture, ...Capture[]];
  const faults: readonly (readonly [name: string, fault: CaptureFault, says: string])[] = [
    ["whose pictures are wrong", seesNegatives, "differs from a screenshot"],
    ["whose page crashes", crashesAfter(10), "the page crashed"],
    ["in which a seek never returns", hangsFrom(10 / RATE), `no frame 10 within ${LIMIT_MS} ms`],
    ["whose calls are not answered any more", isDeafAfter(10), `within ${LIMIT_MS} ms`],
    ["whose page never opens", neverOpens("open"), `within ${LIMIT_MS} ms`],
  ];

  it.for(faults)("goes a capture %s", async ([, fault, says]) => {
    const taken = await take(edge, [fault(first), ...others]);
    expect(taken.fallbacks).toMatchObject([{ part: edge.from, reason: expect.stringContaining(says) as string }]);
    expect(taken).toMatchObject({ plan: edge.to });
    expect(taken.rejected).toContainEqual({ part: edge.from, role: "capture", kind: "struck-out", reasons: [taken.fallbacks[0]!.reason] });
    expect(taken.events.filter(({ type }) => type === "part-given-up")).toMatchObject([{ part: edge.from }]);
  });

  it("goes a capture whose browser is killed", async () => {
    const blow = strike(atFrame(10), isBrowserMain, "SIGKILL");
    const taken = await take(edge, edge.captures, blow.onEvent);
    expect(blow.struck).not.toHaveLength(0);
    expect(taken.fallbacks).toMatchObject([{ part: edge.from, reason: expect.stringContaining("The browser went away") as string }]);
    expect(taken).toMatchObject({ plan: edge.to });
  });

  it.for([
    ["fails its trial", () => edge.lacking],
    ["never answers its trial", () => neverOpens("probe")(first)],
  ] as const)("goes a capture that %s", async ([, make]) => {
    const taken = await take(edge, [make(), ...others]);
    expect(taken).toMatchObject({ plan: edge.to, fallbacks: [] });
    expect(taken.rejected).toContainEqual({ part: edge.from, role: "capture", kind: "lacking", reasons: [expect.any(String)] });
  });
});

describe("a render", () => {
  it("goes down the whole graph where every capture but the last paints wrongly", async () => {
    const captures: readonly Capture[] = [canvas({ transports }), htmlInCanvas({ transports }), beginFrame()].map(seesNegatives);
    const taken = await take(edges[0]!, [...captures, screenshot()]);
    expect(taken.plan).toBe("screenshot");
    expect(taken.fallbacks.map(({ part }) => part)).toEqual(["canvas", "html-in-canvas", "begin-frame"]);
  });

  it("that crashes with a second capture as well fails, and tries no third", async () => {
    const given: string[] = [];
    await expectMovingFailure(
      { code: "browser-closed", says: ["the page crashed"] },
      [htmlInCanvas({ transports }), beginFrame()].map(crashesAfter(5)),
      given,
    );
    expect(given).toEqual(["html-in-canvas"]);
  });

  it("that hangs with a second capture as well fails, and tries no third", async () => {
    const given: string[] = [];
    await expectMovingFailure(
      { code: "capture-stalled", says: [`no frame 5 within ${LIMIT_MS} ms`] },
      [htmlInCanvas({ transports }), beginFrame()].map(hangsFrom(5 / RATE)),
      given,
    );
    expect(given).toEqual(["html-in-canvas"]);
  });

  it.for([
    ["throws", "throw new Error('no')", "seek-failed"],
    ["goes elsewhere", "location.href = 'elsewhere.html'; return new Promise(() => {})", "page-navigated"],
  ] as const)("whose page %s is given up at once: no capture is to blame", async ([, act, code]) => {
    const given: string[] = [];
    await expectMovingFailure(
      { code, says: ["frame 5"] },
      [htmlInCanvas({ transports }), beginFrame()],
      given,
      movingPage({ onSeek: `if (frame === 5) { ${act} }` }),
    );
    expect(given).toEqual([]);
  });

  it.for(["plan-ready", "capture-opened", "capture-checked", "finishing"] as const)(
    "whose browser is killed at %s is done by another capture",
    async (moment) => {
      const blow = strike(at(moment), isBrowserMain, "SIGKILL");
      const edge: Edge = edges[1]!;
      // Its encoder lives in the browser as well, so that it matters at the end, too.
      const taken = await take(edge, edge.captures, blow.onEvent, "webcodecs");
      expect(blow.struck).not.toHaveLength(0);
      expect(taken).toMatchObject({ plan: edge.to, fallbacks: [{ part: edge.from }] });
    },
  );

  it("starts no browser for begin-frame where it is not needed", async () => {
    const started: string[] = [];
    await using place = await scratch();
    await using address = await openPageAddress(`${pages}bar-code.html`);
    await expectCleanRender(
      { page: `${address.url}?rate=${RATE}`, output: place.path("video.mp4"), ...barCodeSize, frameRate: RATE, duration: 0.5 },
      {
        onProcess(one) {
          if (isBrowserMain(one)) started.push(one.commandLine);
        },
      },
    );
    expect(started.filter((line) => line.includes("--enable-begin-frame-control"))).toEqual([]);
    expect(started).not.toEqual([]);
  });
});

async function expectMovingFailure(
  expected: { readonly code: "browser-closed" | "capture-stalled" | "seek-failed" | "page-navigated"; readonly says: readonly string[] },
  captures: readonly Capture[],
  given: string[],
  html: string = movingPage(),
): Promise<void> {
  await using place = await scratch();
  const page: string = await place.page(html);
  await place.page("<h1>Elsewhere</h1>", "elsewhere.html");
  await expectCleanFailure(
    { page, output: place.path("video.mp4"), width: 320, height: 180, frameRate: RATE, duration: 2, captureTimeoutMs: LIMIT_MS },
    { ...expected, settlesLater: true },
    {
      parts: { captures: [...captures, screenshot()] },
      onEvent(event) {
        if (event.type === "part-given-up") given.push(event.part);
      },
    },
  );
}
