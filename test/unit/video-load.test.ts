import { describe, expect, it } from "vitest";
import { withOthers } from "../../src/bench/injector-costs.ts";
import { defaultPolicy } from "../../src/core/policy/default-policy.ts";
import type { Plan, PolicyInput } from "../../src/core/policy/plan.ts";
import { hostOf, testCosts } from "../support/policy-input.ts";
import { injectorCostOf, mediaInput } from "../support/policy-media.ts";

/** A minute of a page with such media, on a host that has cores and memory for many workers unless said. */
function plan(words: string, change: Partial<PolicyInput> = {}, job: object = {}): Plan {
  return defaultPolicy(mediaInput(words, { frameCount: 1800, durationSeconds: 60, host: hostOf(64, 64), ...change }, job));
}

const wall = (videos: number): string => Array.from({ length: videos }, () => "h264").join(" ");

function reasonOfVideos({ reasons }: Plan): string | undefined {
  return reasons.find((reason) => reason.startsWith("videos: "));
}

describe("videos of a page", () => {
  it("take each frame longer: 22 ms of capture and 9.5 ms for each of them", () => {
    const speeds = [0, 1, 2, 9].map((videos) => plan(wall(videos), {}, { workers: 1 }).estimate.framesPerSecond);
    expect(speeds).toEqual([45.1, 31.5, 24.2, 9.3]);
  });

  it("share the processors with the capture and the encoding", () => {
    const host = hostOf(2, 8);
    const reason = "2 cores give at most 20 frames/s, encoding included, and one worker captures 24";
    expect(plan(wall(2), { host }).reasons).toContain(`1 worker: ${reason}`);
  });

  it("cost by their size", () => {
    const input: PolicyInput = mediaInput("h264");
    const [video] = input.page.media;
    const size = { width: 960, height: 540 };
    const small = { ...video!, facts: { ...video!.facts!, video: { ...video!.facts!.video!, size } } };
    const { reasons } = defaultPolicy({ ...input, page: { ...input.page, media: [small] } });
    expect(reasons).toContain("videos: 1 plays, which takes each frame 2.4 ms longer, and each worker 409 MB more");
  });

  it("take memory in each worker, so that fewer have room", () => {
    const host = hostOf(64, 4);
    const workers = [0, 1, 4, 16].map((videos) => plan(wall(videos), { host }).workers);
    expect(workers).toEqual([4, 2, 2, 1]);
    expect(plan(wall(4), { host }).reasons).toContain("2 workers: each takes 994 MB of memory, and half of 4000 MB is for them");
  });

  it("cost what their own codec costs, and what stands in for it where nobody measured it", () => {
    const vp9 = (input: PolicyInput): PolicyInput["page"] => {
      const media = input.page.media.map((one) => {
        const facts = { ...one.facts!, video: { ...one.facts!.video!, codec: "vp09.00.10.08" } };
        return Object.assign({}, one, { facts });
      });
      return { ...input.page, media };
    };
    const own = mediaInput("h264");
    expect(reasonOfVideos(defaultPolicy(own))).toBe("videos: 1 plays, which takes each frame 9.5 ms longer, and each worker 436 MB more");
    expect(defaultPolicy(own).estimate.basis).toBe("measured on a reference machine");
    const other = defaultPolicy({ ...own, page: vp9(own) });
    expect(reasonOfVideos(other)).toBe("videos: 1 plays, which takes each frame 19 ms longer, and each worker 470 MB more");
    expect(other.estimate.basis).toBe("assumed");
  });

  it("are assumed to cost what they do on the reference machine, where nobody measured them on this one", () => {
    const { injectors, ...costs } = testCosts;
    expect(injectors).toBeDefined();
    const planned: Plan = plan("h264", { costs });
    expect(planned.estimate.basis).toBe("assumed");
    expect(reasonOfVideos(planned)).toMatch(/^videos: 1 plays, which takes each frame [\d.]+ ms longer/);
  });

  it("are told to cost something that nobody measured where the browser itself plays them", () => {
    const native = plan("h264 h264", {}, { media: { injector: "native" } });
    expect(reasonOfVideos(native)).toBe("videos: 2 play, and nobody measured what that costs");
    expect(native.estimate).toEqual({ ...plan("").estimate, basis: "assumed" });
    expect(reasonOfVideos(plan("h264 closed"))).toBe(
      "videos: 2 play, which takes each frame 9.5 ms longer, and each worker 436 MB more; nobody measured what 1 of them costs",
    );
  });

  it("cost nothing where nothing plays them, and the plan is that of a page without", () => {
    const { videos, ...unused } = plan("unused:h264");
    const { videos: none, ...without } = plan("");
    expect([videos.length, none.length]).toEqual([1, 0]);
    expect({ ...unused, rejected: [] }).toEqual({ ...without, rejected: [] });
  });
});

describe("a row for all other codecs", () => {
  it("is that of the dearest which was measured, for each injector", () => {
    const [cheap, dear] = [injectorCostOf("a", 3, { codec: "avc1" }), injectorCostOf("a", 7, { codec: "av01", decoderBytes: 9 })];
    const other = injectorCostOf("b", 5, { codec: "avc1" });
    expect(withOthers([cheap, other, dear])).toEqual([cheap, dear, { ...dear, codec: "any" }, other, { ...other, codec: "any" }]);
  });
});
