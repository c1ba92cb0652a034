import { describe, expect, it } from "vitest";
import {
  aborted,
  browserClosed,
  captureDistrusted,
  captureFailed,
  captureStalled,
  encoderFailed,
  encoderNotStarted,
  outputInvalid,
  pageNavigated,
  pageNotReady,
  planImpossible,
  seekFailed,
} from "../../src/core/errors.ts";
import { Planner } from "../../src/core/pipeline/planner.ts";
import { defaultPolicy } from "../../src/core/policy/default-policy.ts";
import type { Plan, PolicyInput } from "../../src/core/policy/plan.ts";
import { remedyFor } from "../../src/core/policy/remedy.ts";
import { replan } from "../../src/core/policy/replan.ts";
import type { Support } from "../../src/core/support.ts";
import { ownCapture, ownEncoder, policyInput } from "../support/policy-input.ts";

function inputOf(captures: Readonly<Record<string, Support | null>>, job: object = {}): PolicyInput {
  return policyInput(
    {
      captures: Object.entries(captures).map(([name, support]) => ownCapture(name, { browser: "own" }, support)),
      encoders: [ownEncoder("pipe"), ownEncoder("disk", { takes: "disk" })],
    },
    job,
  );
}

/** Captures by the names that they have, in order; null where they were not tried. */
function planner(
  captures: Readonly<Record<string, Support | null>>,
  trials: Readonly<Record<string, Support>> = {},
  job: object = {},
): { planner: Planner; tried: string[] } {
  const tried: string[] = [];
  const input: PolicyInput = inputOf(captures, job);
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
    expect(plan.rejected).toContainEqual({ part: "middle", role: "capture", kind: "lacking", reasons: ["there is none"] });
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
      { part: "a", code: "capture-distrusted", reason: "it was distrusted: it is wrong" },
      { part: "b", code: "capture-failed", reason: 'it failed: Capturing frame 3 with "b" failed: it broke' },
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

  it("goes to disk where the streaming encoder does not start, and fails with that where nothing else encodes", async () => {
    const { planner: one } = planner({ a: works, b: works });
    const first: Plan = await one.plan();
    expect(first).toMatchObject({ encoder: "pipe", streaming: { streams: true, rule: "default" } });
    const second: Plan = await one.replan(first, encoderNotStarted("pipe", "no such file"));
    expect(second).toMatchObject({ capture: "a", encoder: "disk", streaming: { streams: false, rule: "did-not-start" } });
    const failure = encoderNotStarted("disk", "no such file");
    expect(await rejection(one.replan(second, failure))).toBe(failure);
  });

  it("does not go on for ever with a policy that insists on a part", async () => {
    const insists = (input: PolicyInput): Plan => ({ ...defaultPolicy(input), capture: "a" });
    const one = new Planner(insists, inputOf({ a: works, b: works }), async () => works);
    const failure = captureFailed("a", 3, new Error("it broke"));
    const second: Plan = await one.replan(await one.plan(), failure);
    expect(await rejection(one.replan(second, failure))).toBe(failure);
  });
});

describe("replan", () => {
  it("is pure, and gives the plan after a failure, or null", () => {
    const input: PolicyInput = inputOf({ a: works, b: lacks });
    const before: string = JSON.stringify(input);
    const plan: Plan = defaultPolicy(input);
    expect(replan(input, plan, encoderNotStarted("pipe", "no such file"))).toMatchObject({ capture: "a", encoder: "disk" });
    expect(replan(input, plan, captureDistrusted("a", "it is wrong"))).toBe(null);
    expect(replan(input, plan, new Error("a fault of ours"))).toBe(null);
    expect(JSON.stringify(input)).toBe(before);
  });

  it("asks the policy that it is given, and lets through what that throws", () => {
    const input: PolicyInput = inputOf({ a: works, b: works, c: works });
    const failure = captureDistrusted("a", "it is wrong");
    const prefersLast = (asked: PolicyInput): Plan => defaultPolicy({ ...asked, captures: asked.captures.toReversed() });
    expect(replan(input, defaultPolicy(input), failure, prefersLast)).toMatchObject({ capture: "c" });
    const broken = (): Plan => {
      throw new TypeError("a policy that is broken");
    };
    expect(() => replan(input, defaultPolicy(input), failure, broken)).toThrow("a policy that is broken");
  });
});
