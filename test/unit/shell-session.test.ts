import { describe, expect, it } from "vitest";
import { canvas } from "../../src/capture/canvas.ts";
import { FRAME_BINDING, type FrameNotice, type ShellRun } from "../../src/browser/messages.ts";
import { toBase64 } from "../../src/core/base64.ts";
import { defaultComposition, type CaptureSession } from "../../src/core/capture.ts";
import type { FrameFormat } from "../../src/core/frame.ts";
import type { PixelTransport } from "../../src/core/transport.ts";
import { averagesOf, heardScore, openedComposition, PAGE_URL, pixelsOf, SIZE } from "../fuzz/composition-model.ts";
import { fakeBrowser } from "../fuzz/fake-browser.ts";
import { rejectionOf } from "../support/frame-doubles.ts";

/** Frames 0 to 2 of this format, announced so by a shell that may lie. What lies in a slot or is kept is the picture of that number. */
async function open(format: FrameFormat, notices: readonly FrameNotice[]): Promise<CaptureSession> {
  const close = async (): Promise<void> => {};
  const transport: PixelTransport = {
    contract: 1,
    name: "double",
    probe: async () => ({ ok: true }),
    open: async () => ({
      take: async (slot, target) => void target.set(pixelsOf(slot, format as "RGBA")),
      drop: close,
      close,
      [Symbol.asyncDispose]: close,
    }),
  };
  const browser = fakeBrowser({
    screenshot: () => "",
    async evaluate(expression, page) {
      if (expression.startsWith("__framewright.load(")) return { value: openedComposition };
      if (expression.startsWith("__framewright.listen(")) return { value: heardScore };
      if (expression.startsWith("__framewright.recordedPiece("))
        return { exceptionDetails: { text: "Uncaught", exception: { value: { toString: null } } } };
      const [, kept] = /^__framewrightKeeper\.averages\((\d)\)/.exec(expression) ?? [];
      if (kept !== undefined) return { value: toBase64(averagesOf(Number(kept))) };
      const [, run] = /^__framewright\.run\((.*)\)$/.exec(expression) ?? [];
      if (run === undefined) return { value: undefined };
      const { start, end } = JSON.parse(run) as ShellRun;
      for (const notice of notices.slice(start, end)) page.call(FRAME_BINDING, JSON.stringify(notice));
      return { value: { ended: "complete" } };
    },
  });
  const request = { url: PAGE_URL, size: SIZE, frameRate: { numerator: 30, denominator: 1 }, frameFormat: format, alpha: false };
  const context = { browser, signal: new AbortController().signal, warn: () => {}, attachMedia: null };
  return canvas({ transports: [transport] }).open({ ...request, composition: defaultComposition, readinessTimeoutMs: 1_000 }, context);
}

/** What the samples of the frames show, as the number of the picture. */
async function seenIn(session: CaptureSession): Promise<number[]> {
  const seen: number[] = [];
  const options = {
    sampleAt: [0, 1, 2],
    onSample: (_: number, { rgb }: { rgb: Uint8Array }) =>
      void seen.push([0, 1, 2].findIndex((index) => averagesOf(index).every((level, at) => Math.abs(level - rgb[at]!) <= 2))),
  };
  for await (const frame of session.read({ start: 0, end: 3 }, options)) frame.close();
  return seen;
}

describe("samples of a shell's frames", () => {
  it.each(["RGBA", "I420"] as const)("are taken from the pixels of %s that were carried, not from what the page says", async (format) => {
    await using session = await open(format, [
      { index: 0, at: { slot: 0 } },
      { index: 1, at: null },
      { index: 2, at: { slot: 1 } },
    ]);
    expect(await seenIn(session)).toEqual([0, 0, 1]);
  });

  it("are taken from the frames that the page keeps", async () => {
    await using session = await open("page", [
      { index: 0, at: { handle: 0 } },
      { index: 1, at: null },
      { index: 2, at: { handle: 2 } },
    ]);
    expect(await seenIn(session)).toEqual([0, 0, 2]);
  });
});

describe("a shell's frames", () => {
  it("do not begin with one that repeats", async () => {
    await using session = await open("RGBA", [{ index: 0, at: null }]);
    expect(await rejectionOf(seenIn(session))).toMatchObject({ code: "page-failed", details: { invalidMessage: "a frame notice" } });
  });

  it("are not kept under the number of another", async () => {
    await using session = await open("page", [
      { index: 0, at: { handle: 0 } },
      { index: 1, at: { handle: 0 } },
    ]);
    expect(await rejectionOf(seenIn(session))).toMatchObject({ code: "page-failed", message: expect.stringContaining("kept as 0") });
  });
});

it("fails with a code where the page throws an object without a text while it gives its recordings", async () => {
  await using session = await open("RGBA", []);
  expect(await rejectionOf(session.listen(3))).toMatchObject({ code: "seek-failed" });
});
