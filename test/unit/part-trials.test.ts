import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Browser } from "../../src/core/browser.ts";
import type { Capture, CaptureTraits } from "../../src/core/capture.ts";
import type { Encoder, EncoderTraits } from "../../src/core/encoder.ts";
import { isRenderError } from "../../src/core/errors.ts";
import { parseJob } from "../../src/core/parse-job.ts";
import { Browsers } from "../../src/core/pipeline/browsers.ts";
import { PartTrials, trialLimitMs } from "../../src/core/pipeline/part-trials.ts";
import type { AudioMixer } from "../../src/core/sound.ts";
import type { Support } from "../../src/core/support.ts";
import { Timeline } from "../../src/core/timeline.ts";
import { ownCapture, ownEncoder } from "../support/policy-input.ts";

const works = async (): Promise<Support> => ({ ok: true });
const job = { page: "p.html", output: "o.mp4" };

function captureOf(name: string, traits: Partial<CaptureTraits> = {}, probe: Capture["probe"] = works): Capture {
  return { name, traits: ownCapture(name, traits).traits, probe } as unknown as Capture;
}

function encoderOf(name: string, traits: Partial<EncoderTraits> = {}, probe: Encoder["probe"] = works): Encoder {
  return { name, traits: ownEncoder(name, traits).traits, probe } as unknown as Encoder;
}

/** Trials whose browsers start and end in name only. */
function trialsOf(
  parts: { captures?: Capture[]; encoders?: Encoder[]; mixers?: AudioMixer[] },
  asked: object = {},
): { trials: PartTrials; stop: AbortController; ended: string[] } {
  const [stop, ended] = [new AbortController(), [] as string[]];
  const { captures = [], encoders = [], mixers = [] } = parts;
  const browsers = new Browsers(captures, async (flags) => ({ close: async () => void ended.push(flags.join()) }) as unknown as Browser);
  const trials = new PartTrials({
    ...{ job: parseJob({ ...job, ...asked }), parts: { captures, encoders, mixers }, browsers, url: "http://localhost:1/a.html" },
    ...{ timeline: new Timeline(() => {}), signal: stop.signal },
  });
  return { trials, stop, ended };
}

const answers = (all: readonly { readonly name: string; readonly support: Support | null }[]): Record<string, Support | null> =>
  Object.fromEntries(all.map(({ name, support }) => [name, support]));

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it("asks each part that the job could use, and leaves what is for few pages, or costs a browser, untried", async () => {
  const [shared, own, ofCanvas] = [
    captureOf("shared"),
    captureOf("own", { browser: "own" }),
    captureOf("one", { needsSingleCanvas: true }),
  ];
  const [mp4, webm] = [encoderOf("mp4"), encoderOf("webm", { writes: { webm: ["vp9"] } })];
  const mixer = { name: "mixer", traits: {}, probe: works } as unknown as AudioMixer;
  const { trials } = trialsOf({ captures: [shared, own, ofCanvas], encoders: [mp4, webm], mixers: [mixer] });
  const { captures, encoders, mixers } = await trials.all({} as Browser);
  expect(answers(captures)).toEqual({ shared: { ok: true }, own: null, one: null });
  expect(answers(encoders)).toEqual({ mp4: { ok: true }, webm: null });
  expect(answers(mixers)).toEqual({ mixer: { ok: true } });
});

it("asks no others where the job names one", async () => {
  const parts = { captures: [captureOf("a"), captureOf("b")], encoders: [encoderOf("c"), encoderOf("d")] };
  const { captures, encoders } = await trialsOf(parts, { capture: "b", encoder: "c" }).trials.all({} as Browser);
  expect(answers([...captures, ...encoders])).toEqual({ a: null, b: { ok: true }, c: { ok: true }, d: null });
});

it("takes a part that throws, or says nothing in time, for lacking, and waits for the others", async () => {
  const throws = captureOf("throws", {}, () => Promise.reject(new Error("no such thing")));
  const hangs = captureOf("hangs", {}, () => new Promise(() => {}));
  const { trials } = trialsOf({ captures: [throws, hangs, captureOf("works")] });
  const asking = trials.all({} as Browser);
  const limitMs: number = trialLimitMs(parseJob(job));
  await vi.advanceTimersByTimeAsync(limitMs);
  expect(answers((await asking).captures)).toEqual({
    throws: { ok: false, reasons: ["no such thing"] },
    hangs: { ok: false, reasons: [`its trial gave no answer within ${limitMs} ms`] },
    works: { ok: true },
  });
});

it("tries a chosen capture in its own browser and at the page's origin, and ends that browser where it is lacking", async () => {
  const origins: string[] = [];
  const lacks = captureOf("own", { browser: "own", browserFlags: ["--own"] }, async ({ origin }) => {
    origins.push(origin);
    return { ok: false, reasons: ["there is none"] };
  });
  const { trials, ended } = trialsOf({ captures: [lacks] });
  expect(await trials.capture("own")).toEqual({ ok: false, reasons: ["there is none"] });
  expect(origins).toEqual(["http://localhost:1"]);
  expect(ended).toEqual(["--own"]);
});

it("is over where the render was stopped meanwhile", async () => {
  const { trials, stop } = trialsOf({ captures: [captureOf("a")] });
  stop.abort("enough");
  const failure: unknown = await trials.capture("a").catch((thrown: unknown) => thrown);
  expect(isRenderError(failure) && failure.code).toBe("aborted");
});
