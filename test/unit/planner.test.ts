import { describe, expect, it } from "vitest";
import type { CaptureTraits, PageFacts } from "../../src/core/capture.ts";
import {
  aborted,
  browserClosed,
  captureDistrusted,
  captureFailed,
  captureStalled,
  encoderFailed,
  outputInvalid,
  pageNavigated,
  pageNotReady,
  planImpossible,
  seekFailed,
} from "../../src/core/errors.ts";
import { parseJob } from "../../src/core/job.ts";
import { Planner } from "../../src/core/pipeline/planner.ts";
import { defaultPolicy, type Candidate, type Plan, type PolicyInput } from "../../src/core/policy/plan.ts";
import { remedyFor } from "../../src/core/policy/remedy.ts";
import type { Support } from "../../src/core/support.ts";

const page: PageFacts = {
  url: "http://localhost/",
  duration: { value: 10, by: "contract" },
  size: null,
  frameRate: null,
  contract: "framewright",
  access: "random",
  isSingleCanvas: false,
  crossOrigin: [],
  adapters: [],
  isSecureContext: true,
  hasDepthScene: false,
  warnings: [],
};
const traits: CaptureTraits = {
  gives: ["PNG"],
  browserFlags: [],
  browser: "own",
  needsSingleCanvas: false,
  sortsDepth: true,
  paintsCrossOrigin: true,
  needsCheck: false,
};

/** Captures by the names that they have, in order; null where they were not tried. */
function planner(
  captures: Readonly<Record<string, Support | null>>,
  trials: Readonly<Record<string, Support>> = {},
  job: object = {},
): { planner: Planner; tried: string[] } {
  const tried: string[] = [];
  const input: Omit<PolicyInput, "struckOut"> = {
    job: parseJob({ page: "p.html", output: "o.mp4", ...job }),
    page,
    frameCount: 300,
    captures: Object.entries(captures).map(([name, support]): Candidate<CaptureTraits> => ({ name, traits, support })),
    encoders: [
      { name: "pipe", traits: { accepts: ["PNG"], containers: ["mp4"], codecs: ["h264"], runsIn: "process" }, support: { ok: true } },
    ],
  };
  const tryCapture = async (name: string): Promise<Support> => {
    tried.push(name);
    return trials[name]!;
  };
  return { planner: new Planner(defaultPolicy, input, tryCapture), tried };
}

const works: Support = { ok: true };
const lacks: Support = { ok: false, reasons: ["there is none"] };

async function rejection(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => expect.fail("it should have failed"),
    (thrown: unknown) => thrown,
  );
}

describe("the planner", () => {
  it("tries nothing that is not chosen", async () => {
    const { planner: one, tried } = planner({ fast: works, slow: null });
    expect((await one.plan()).capture).toBe("fast");
    expect(tried).toEqual([]);
  });

  it("tries what is chosen, once, and goes on to the next where that is lacking", async () => {
    const { planner: one, tried } = planner({ fast: lacks, middle: null, slow: null }, { middle: lacks, slow: works });
    const plan: Plan = await one.plan();
    expect(plan.capture).toBe("slow");
    expect(plan.rejected).toContainEqual({ part: "middle", kind: "lacking", reasons: ["there is none"] });
    await one.plan();
    expect(tried).toEqual(["middle", "slow"]);
  });

  it("fails with what a part that was asked for says of its lack", async () => {
    const error = planImpossible("capture", [{ part: "own words", reasons: [] }]);
    const { planner: one } = planner({ slow: null }, { slow: { ...lacks, error } }, { capture: "slow" });
    expect(await rejection(one.plan())).toBe(error);
  });

  it("gives up as many captures as fail by themselves", async () => {
    const { planner: one } = planner({ a: works, b: works, c: works });
    const first: Plan = await one.plan();
    const second: Plan = await one.replan(first, captureDistrusted("a", "it is wrong"));
    const third: Plan = await one.replan(second, captureFailed("b", 3, new Error("it broke")));
    expect([first, second, third].map(({ capture }) => capture)).toEqual(["a", "b", "c"]);
    expect(one.fallbacks).toEqual([
      { part: "a", reason: "it was distrusted: it is wrong" },
      { part: "b", reason: 'it failed: Capturing frame 3 with "b" failed: it broke' },
    ]);
  });

  it.each([browserClosed("the page crashed"), captureStalled(5, 1000), pageNotReady("http://a/", "its server", 1000)])(
    "tries one other capture, and no third, after %s",
    async (failure) => {
      const { planner: one } = planner({ a: works, b: works, c: works });
      const second: Plan = await one.replan(await one.plan(), failure);
      expect(second.capture).toBe("b");
      expect(await rejection(one.replan(second, failure))).toBe(failure);
    },
  );

  it.each([
    seekFailed(5, 0.2, new Error("no")),
    pageNavigated("http://a/", 5),
    encoderFailed("pipe", "it ended"),
    outputInvalid("o.mp4", ["it is short"]),
    aborted("enough"),
    new Error("a fault of ours"),
  ])("gives up at once after %s", async (failure) => {
    const { planner: one } = planner({ a: works, b: works });
    expect(await rejection(one.replan(await one.plan(), failure))).toBe(failure);
    expect(one.fallbacks).toEqual([]);
    expect(remedyFor(failure)).toBe("none");
  });

  it("fails with what failed where no other capture is left", async () => {
    const { planner: one } = planner({ a: works, b: lacks });
    const failure = captureDistrusted("a", "it is wrong");
    expect(await rejection(one.replan(await one.plan(), failure))).toBe(failure);
  });
});
