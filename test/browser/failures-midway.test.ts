import { writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RenderErrorCode } from "../../src/core/errors.ts";
import type { RenderJob } from "../../src/core/job.ts";
import { render } from "../../src/node/index.ts";
import { movingPage, noisePage, RATE } from "../support/failing-pages.ts";
import { at, atFrame, expectCleanFailure, ownTemporaryFolder, strike, type ExpectedFailure } from "../support/failures.ts";
import { isRoot, mountMemory } from "../support/mounts.ts";
import { isBrowserMain, isEncodingFfmpeg, isRenderer, profilePrefix, signalProcess } from "../support/processes.ts";
import { scratch } from "../support/render.ts";

/** What goes wrong while frames are under way: processes that end or stop, seeks that fail, a disk that fills up. */

const size = { width: 320, height: 180 } as const;
/** The parts of every pair that can be chosen, with the processes that each pair has. */
const encoders = [
  { encoder: "ffmpeg-pipe", started: ["browser", "ffmpeg"] },
  { encoder: "webcodecs", started: ["browser"] },
] as const;
const captures = ["html-in-canvas", "screenshot"] as const;
const pairs = captures.flatMap((capture) => encoders.map(({ encoder, started }) => ({ capture, encoder, started })));
let temporaryFolder: AsyncDisposable;

beforeAll(async () => {
  temporaryFolder = await ownTemporaryFolder();
});
afterAll(async () => {
  await temporaryFolder[Symbol.asyncDispose]();
});

/** Ten seconds of video, so that there is a middle; the page is given as HTML. */
async function expectMidwayFailure(
  job: Partial<RenderJob>,
  expected: ExpectedFailure,
  options: Parameters<typeof expectCleanFailure>[2] = {},
  html: string = movingPage(),
): Promise<void> {
  await using place = await scratch();
  const page: string = await place.page(html);
  await expectCleanFailure({ ...size, page, output: place.path("video.mp4"), frameRate: RATE, ...job }, expected, options);
}

describe("ffmpeg", () => {
  it("is killed in the middle", async () => {
    const blow = strike(atFrame(20), isEncodingFfmpeg, "SIGKILL");
    await expectMidwayFailure(
      { encoder: "ffmpeg-pipe" },
      {
        code: "encoder-failed",
        says: ['"ffmpeg-pipe"', "was ended by SIGKILL during write"],
        details: { encoder: "ffmpeg-pipe", signal: "SIGKILL", phase: "write" },
      },
      blow,
    );
    expect(blow.struck).toHaveLength(1);
  });

  it("is killed while it finishes", async () => {
    const blow = strike(at("finishing"), isEncodingFfmpeg, "SIGKILL");
    await expectMidwayFailure(
      { encoder: "ffmpeg-pipe", duration: 1 },
      {
        code: "encoder-failed",
        says: ['"ffmpeg-pipe"', "was ended by SIGKILL during finish after 30 frames"],
        details: { phase: "finish" },
      },
      blow,
    );
    expect(blow.struck).toHaveLength(1);
  });

  it("stops reading in the middle", async () => {
    const blow = strike(atFrame(20), isEncodingFfmpeg, "SIGSTOP");
    await expectMidwayFailure(
      { encoder: "ffmpeg-pipe", streaming: { inactivityTimeoutMs: 1000 } },
      {
        code: "encoder-stalled",
        says: ['"ffmpeg-pipe"', "1000 ms during write", "Raise streaming.inactivityTimeoutMs"],
        details: { encoder: "ffmpeg-pipe", phase: "write", limitMs: 1000 },
      },
      blow,
    );
    expect(blow.struck).toHaveLength(1);
  });

  it("stops while it finishes", async () => {
    const blow = strike(at("finishing"), isEncodingFfmpeg, "SIGSTOP");
    await expectMidwayFailure(
      { encoder: "ffmpeg-pipe", duration: 1, streaming: { inactivityTimeoutMs: 1000 } },
      { code: "encoder-stalled", says: ["1000 ms during finish", "Raise streaming.inactivityTimeoutMs"], details: { phase: "finish" } },
      blow,
    );
    expect(blow.struck).toHaveLength(1);
  });
});

/**
 * What hears first of a page that hangs. Where it holds the encoder as well, a frame may have come out of it that does not
 * get into it any more.
 */
function stalledCode(encoder: string): RenderErrorCode | readonly RenderErrorCode[] {
  return encoder === "webcodecs" ? ["capture-stalled", "encoder-stalled"] : "capture-stalled";
}

describe.for(pairs)("the browser, with $capture and $encoder,", ({ capture, encoder, started }) => {
  const gone: ExpectedFailure = {
    code: "browser-closed",
    says: ["The browser went away", "render again, or try a smaller size"],
    started,
    settlesLater: true,
  };

  it("is killed in the middle", async () => {
    const blow = strike(atFrame(20), isBrowserMain, "SIGKILL");
    await expectMidwayFailure({ capture, encoder }, gone, blow);
    expect(blow.struck).not.toHaveLength(0);
  });

  it("loses its renderers in the middle", async () => {
    const blow = strike(atFrame(20), isRenderer, "SIGKILL");
    // Two pages crash where the encoder has one of its own: the first is closed, the browser may end with it, and the second hears of that alone.
    const says: readonly string[] = capture === "screenshot" && encoder === "webcodecs" ? [] : ["the page crashed"];
    await expectMidwayFailure({ capture, encoder }, { ...gone, says: [...gone.says, ...says] }, blow);
    expect(blow.struck).not.toHaveLength(0);
  });

  it("stops in the middle", async () => {
    const blow = strike(atFrame(20), isBrowserMain, "SIGSTOP");
    await expectMidwayFailure(
      { capture, encoder, captureTimeoutMs: 1500, streaming: { inactivityTimeoutMs: 1500 } },
      { code: stalledCode(encoder), says: ["1500 ms", "TimeoutMs if"], details: { limitMs: 1500 }, started },
      blow,
    );
    expect(blow.struck).not.toHaveLength(0);
  });
});

// Where the policy may choose, another capture is tried: see failures-fallback.test.ts.
const capture = "html-in-canvas";

describe("the browser", () => {
  // Not at page-ready: parts are still being tried then, and one whose page crashes may be done without.
  it.for(["plan-ready", "capture-opened", "capture-checked"] as const)("loses its renderers at %s", async (moment) => {
    const blow = strike(at(moment), isRenderer, "SIGKILL");
    const gone: ExpectedFailure = { code: "browser-closed", says: ["The browser went away"], started: "any", settlesLater: true };
    await expectMidwayFailure({ capture }, gone, blow);
    expect(blow.struck).not.toHaveLength(0);
  });

  it.for(["page-ready", "plan-ready", "capture-opened", "capture-checked"] as const)("is killed at %s", async (moment) => {
    const blow = strike(at(moment), isBrowserMain, "SIGKILL");
    const gone: ExpectedFailure = { code: "browser-closed", says: ["The browser went away"], started: "any", settlesLater: true };
    await expectMidwayFailure({ capture }, gone, blow);
    expect(blow.struck).not.toHaveLength(0);
  });

  it("loses its renderers while webcodecs finishes", async () => {
    const blow = strike(at("finishing"), isRenderer, "SIGKILL");
    await expectMidwayFailure(
      { capture, encoder: "webcodecs", duration: 1 },
      { code: "browser-closed", says: ["The browser went away"], started: ["browser"] },
      blow,
    );
    expect(blow.struck).not.toHaveLength(0);
  });

  it("is killed as soon as it starts", async () => {
    const killed: number[] = [];
    await expectMidwayFailure(
      {},
      { code: "browser-launch-failed", says: ["Starting the browser", "framewright doctor"], started: "any" },
      {
        // The script that starts it as well, where there is one: left alone, it would start the browser after that.
        onProcess(one) {
          if (one.commandLine.includes(profilePrefix) && signalProcess(one, "SIGKILL")) killed.push(one.id);
        },
      },
    );
    expect(killed).not.toHaveLength(0);
  });
});

describe.for(pairs)("a seek, with $capture and $encoder,", ({ capture, encoder, started }) => {
  it.for([
    ["throws", "throw new RangeError('no clip at ' + frame)"] as const,
    ["rejects", "return Promise.reject(new RangeError('no clip at ' + frame))"] as const,
  ])("%s at frame 5", async ([, act]) => {
    await expectMidwayFailure(
      { capture, encoder },
      {
        code: "seek-failed",
        says: ["for frame 5 threw", "RangeError: no clip at 5", "Mend the page's seek"],
        details: { index: 5, timeSeconds: 5 / RATE },
        started,
      },
      {},
      movingPage({ onSeek: `if (frame === 5) ${act};` }),
    );
  });

  it("never returns at frame 5", async () => {
    await expectMidwayFailure(
      { capture, encoder, captureTimeoutMs: 1500 },
      {
        code: "capture-stalled",
        says: ["no frame 5 within 1500 ms", "raise captureTimeoutMs"],
        details: { index: 5, limitMs: 1500 },
        started,
      },
      {},
      movingPage({ onSeek: "if (frame === 5) return new Promise(() => {});" }),
    );
  });

  it("never ends at frame 5", async () => {
    await expectMidwayFailure(
      { capture, encoder, captureTimeoutMs: 1500, streaming: { inactivityTimeoutMs: 1500 } },
      // Which frame is missing is open: pixels of an earlier one may not leave the page any more, once it hangs.
      { code: stalledCode(encoder), says: ["1500 ms", "TimeoutMs if"], details: { limitMs: 1500 }, started },
      {},
      movingPage({ onSeek: "if (frame === 5) for (;;);" }),
    );
  });
});

describe("a seek", () => {
  it("throws at the first frame, where captures are compared", async () => {
    await expectMidwayFailure(
      {},
      { code: "seek-failed", says: ["for frame 0 threw", "no scene"], details: { index: 0 }, started: ["browser"] },
      {},
      movingPage({ onSeek: "throw new Error('no scene')" }),
    );
  });

  it.for([["never returns", "return new Promise(() => {})"] as const, ["never ends", "for (;;)"] as const])(
    "%s at the first frame, at which captures are compared",
    async ([, act]) => {
      await expectMidwayFailure(
        { captureTimeoutMs: 1500 },
        {
          code: "capture-stalled",
          says: ["no frame 0 within 1500 ms", "raise captureTimeoutMs"],
          details: { index: 0 },
          started: ["browser"],
        },
        {},
        movingPage({ onSeek: `if (frame === 0) ${act};` }),
      );
    },
  );
});

describe.runIf(isRoot)("the disk", () => {
  it.for(encoders)("fills up under $encoder", async ({ encoder, started }) => {
    await using place = await scratch();
    await using disk = await mountMemory(place.path("disk"), "size=256k");
    const output = `${disk.folder}/video.mp4`;
    await expectCleanFailure(
      { ...size, page: await place.page(noisePage), output, frameRate: RATE, encoder, quality: { crf: 1 } },
      {
        code: "disk-full",
        says: [output, "bytes are free", "Free some space, or write the output elsewhere"],
        details: { output },
        started,
      },
    );
  });
});

describe("a good file at the target", () => {
  it("survives a seek that throws", async () => {
    await using place = await scratch();
    const output: string = place.path("video.mp4");
    await render({ ...size, page: await place.page(movingPage()), output, duration: 0.2 });
    const page: string = await place.page(movingPage({ onSeek: "if (frame === 5) throw new Error('no');" }), "bad.html");
    // What is at the target is compared by every failure: here there is something.
    await expectCleanFailure({ ...size, page, output, frameRate: RATE }, { code: "seek-failed", says: ["frame 5"] });
    expect(await place.list()).toEqual(["bad.html", "page.html", "video.mp4"]);
  });

  it("survives an encoder that fails at the end", async () => {
    await using place = await scratch();
    const output: string = place.path("video.mp4");
    await writeFile(output, "an older file");
    const page: string = await place.page(movingPage());
    const blow = strike(at("finishing"), isEncodingFfmpeg, "SIGKILL");
    await expectCleanFailure({ ...size, page, output, duration: 1 }, { code: "encoder-failed", says: ["during finish"] }, blow);
    expect(blow.struck).toHaveLength(1);
  });
});
