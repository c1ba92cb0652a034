import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { offlineMix } from "../../src/audio/offline-mix.ts";
import { linkMedia } from "../../src/browser/media-link.ts";
import { MEDIA_BINDING } from "../../src/browser/messages.ts";
import type { MediaAnswers } from "../../src/core/media-link.ts";
import type { CaptureSession } from "../../src/core/capture.ts";
import { RenderError, pageMessageInvalid } from "../../src/core/errors.ts";
import type { Plan } from "../../src/core/policy/plan.ts";
import type { Stage } from "../../src/core/pipeline/stage.ts";
import { Workers } from "../../src/core/pipeline/workers.ts";
import { webcodecs } from "../../src/encoders/webcodecs.ts";
import type { FileSink } from "../../src/core/sink.ts";
import { heardScore, SIZE } from "../fuzz/composition-model.ts";
import { fakeBrowser, type Evaluated, type FakePage } from "../fuzz/fake-browser.ts";
import { rejectionOf } from "../support/frame-doubles.ts";
import { requestFor } from "../support/encoding.ts";

const LIMIT_MS = 60_000;
const signal: AbortSignal = new AbortController().signal;
const never = (): Promise<never> => new Promise(() => {});

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Lets the work come to its next timer and fires it, until it ends. */
async function ended<Value>(work: Promise<Value>): Promise<Value> {
  let isOver = false;
  const over = (): void => {
    isOver = true;
  };
  work.then(over, over);
  for (let round = 0; round < 50 && !isOver; round++) {
    for (let turn = 0; turn < 20; turn++) await new Promise<void>((resolve) => void setImmediate(resolve));
    await vi.advanceTimersByTimeAsync(LIMIT_MS / 10);
  }
  expect(isOver, "it has ended").toBe(true);
  return work;
}

async function mixIn(answer: (expression: string) => Promise<Evaluated>): Promise<number> {
  await using browser = fakeBrowser({ evaluate: answer, screenshot: () => "" });
  await using page = await browser.newPage(SIZE);
  const request = { score: { clips: heardScore.clips, recordings: [] }, sampleCount: 480, loudness: null };
  const context = { path: async () => "", facts: () => null, page, signal, inactivityTimeoutMs: LIMIT_MS, warn: () => {} };
  return (await offlineMix().mix(request, context)).sampleCount;
}

it("ends a mix whose page does not answer", async () => {
  expect(await ended(rejectionOf(mixIn(never)))).toMatchObject({ code: "sound-failed" });
});

it("ends a mix whose page never closes it", async () => {
  const answer = async (expression: string): Promise<Evaluated> => {
    if (expression.includes(".close()") && expression.length < 100) return never();
    return { value: expression.includes(".samples(") ? { samples: null } : null };
  };
  expect(await ended(mixIn(answer))).toBe(480);
});

it("does not wait for a page in which no encoder starts", async () => {
  await using browser = fakeBrowser({
    evaluate: (expression) => (expression.includes("Encoder") ? never() : Promise.resolve({ value: null })),
    screenshot: () => "",
  });
  const output = { kind: "file", name: "video.webm", write: async () => {} } as unknown as FileSink;
  const context = { output, signal, browser, page: null, sound: null, inactivityTimeoutMs: LIMIT_MS, warn: () => {} };
  const opening = rejectionOf(webcodecs().open(requestFor({ container: "webm", codec: "vp9" }), context));
  expect(await ended(opening)).toMatchObject({ code: "encoder-not-started", message: expect.stringContaining(`${LIMIT_MS} ms`) });
});

it("sends the script that reads media once, however often a page asks for it meanwhile", async () => {
  let sent = 0;
  let asking: FakePage | null = null;
  await using browser = fakeBrowser({
    async evaluate(expression, page) {
      asking = page;
      if (expression.startsWith("if (globalThis.__framewrightReadMedia")) sent++;
      return { value: null };
    },
    screenshot: () => "",
  });
  await using page = await browser.newPage(SIZE);
  await linkMedia(page, {} as MediaAnswers);
  await page.run("1");
  for (let time = 0; time < 500; time++) asking!.call(MEDIA_BINDING, JSON.stringify({ id: `${time}`, question: { ask: "reader" } }));
  await new Promise<void>((resolve) => void setImmediate(resolve));
  expect(sent).toBe(1);
});

it.each([
  ["ends the render by an invalid answer to what was heard", pageMessageInvalid("what was heard", "it is a number"), "page-failed"],
  ["takes a page that throws for one that was not heard", new Error("the page throws"), null],
])("%s", async (_, thrown, code) => {
  const session = { unplannedSound: () => Promise.reject(thrown), transport: null, close: async () => {} } as unknown as CaptureSession;
  const stage = {
    ...{ job: { captureTimeoutMs: LIMIT_MS }, signal, warn: () => {}, emit: () => {}, page: {}, video: {} },
    ...{ browsers: { of: async () => ({}) }, opener: { open: async () => session } },
  } as unknown as Stage;
  const workers = new Workers({ workers: 1, segments: 1 } as Plan, stage, { name: "capture" } as never);
  await workers.open();
  const heard: unknown = await workers.unplannedSound().catch((failure: unknown) => failure);
  if (code === null) expect(heard).toBeNull();
  else expect(heard).toSatisfy((failure) => failure instanceof RenderError && failure.code === code);
});
