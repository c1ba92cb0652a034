import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { MeasureStep } from "../../src/bench/measure-costs.ts";
import { policyOutlook } from "../../src/bench/policy-outlook.ts";
import type { Capture } from "../../src/core/capture.ts";
import type { Encoder } from "../../src/core/encoder.ts";
import type { RenderParts } from "../../src/core/host.ts";
import type { FrameInjector } from "../../src/core/injector.ts";
import type { MeasuredCosts } from "../../src/core/policy/costs.ts";
import { benchPages } from "../../src/node/bench-pages.ts";
import { hostFacts } from "../../src/node/host-facts.ts";
import { measureCosts } from "../../src/node/measure-costs.ts";
import { costsFile, keepCosts } from "../../src/node/measured-here.ts";
import { builtInParts, planRender } from "../../src/node/render.ts";

let cache: string;
const before: string | undefined = process.env["XDG_CACHE_HOME"];

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), "framewright-cache-"));
  process.env["XDG_CACHE_HOME"] = cache;
});
afterEach(async () => {
  if (before === undefined) delete process.env["XDG_CACHE_HOME"];
  else process.env["XDG_CACHE_HOME"] = before;
  await rm(cache, { recursive: true });
});

const { captures, encoders, injectors } = builtInParts();
const named = <Part extends { readonly name: string }>(parts: readonly Part[], name: string): Part =>
  parts.find((one) => one.name === name)!;
const painter: Capture = named(captures, "html-in-canvas");
const pipe: Encoder = named(encoders, "ffmpeg-pipe");

/** One capture in one format, one encoder of one codec, and an injector of each kind: all that is measured is measured once. */
const few: Pick<RenderParts, "captures" | "encoders" | "injectors"> = {
  captures: [{ ...painter, traits: { ...painter.traits, gives: ["I420"] } }],
  encoders: [{ ...pipe, traits: { ...pipe.traits, writes: { mp4: ["h264"] } } }],
  injectors: ["webcodecs", "base64"].map((name) => named(injectors, name)),
};

describe("measuring what parts cost", () => {
  it("gives a table that the next plan goes by", async () => {
    const steps: MeasureStep[] = [];
    const costs: MeasuredCosts = await measureCosts({ parts: few, quick: true, onStep: (step) => steps.push(step) });

    expect(costs).toMatchObject({
      version: 1,
      basis: "measured on this host",
      usage: process.platform === "linux" ? "measured" : "assumed",
    });
    expect(costs.captures.map(({ content }) => content).sort()).toEqual(["canvas", "motion", "static", "text", "webgl"]);
    for (const { msPerMegapixel, memoryBytes } of costs.captures) {
      expect(msPerMegapixel).toBeGreaterThan(0);
      // A browser with a page of this size takes a hundred megabytes and more, and no capture takes several gigabytes.
      expect(memoryBytes).toBeGreaterThan(50e6);
      expect(memoryBytes).toBeLessThan(4e9);
    }
    // Frames that keep no colour are no way to lossless.
    expect(costs.encoders.map(({ level }) => level)).toEqual(["draft", "standard", "high"]);
    // With a row for the codecs that were not measured.
    expect(costs.injectors!.map(({ injector, codec }) => `${injector} ${codec}`)).toEqual([
      ...["webcodecs avc1", "webcodecs any", "base64 avc1", "base64 any"],
    ]);
    for (const { injector, msPerMegapixel, cpuMsPerMegapixel, memoryBytes, decoderBytes } of costs.injectors!) {
      expect(Math.min(msPerMegapixel, cpuMsPerMegapixel)).toBeGreaterThan(0);
      // Pictures of 1080p that are ready, four bytes a pixel or fewer.
      expect(memoryBytes).toBeGreaterThan(injector === "base64" ? 8e6 : 3e6);
      expect(memoryBytes).toBeLessThan(60e6);
      expect(decoderBytes).toBeGreaterThanOrEqual(0);
    }
    expect(steps.map(({ done }) => done)).toEqual(steps.map((_, at) => at + 1));
    expect(steps.filter(({ reason }) => reason !== null)).toEqual([]);

    expect(await keepCosts(costs)).toBe(costsFile());
    const planned = await planRender({ page: benchPages().motion, output: join(cache, "video.mp4"), duration: 1 });
    expect(planned.input.costs).toEqual(costs);
    expect(planned.plan.estimate).toMatchObject({ basis: "measured on this host", framesPerSecond: expect.any(Number) as number });
  });

  it("leaves out what does not work here, and says why", async () => {
    const lacking: Capture = { ...painter, name: "lacking", probe: async () => ({ ok: false, reasons: ["it is not there"] }) };
    const broken: Capture = {
      ...painter,
      name: "broken",
      probe: async () => ({ ok: true }),
      open: async () => Promise.reject(new Error("it broke")),
    };
    const reasons = new Map<string, string | null>();
    const costs: MeasuredCosts = await measureCosts({
      parts: { ...few, captures: [lacking, broken] },
      quick: true,
      onStep: ({ about, reason }) => reasons.set(about, reason),
    });
    expect(costs.captures).toEqual([]);
    expect(costs.encoders).toEqual([]);
    expect(reasons.get("lacking I420, motion")).toBe("it is not there");
    expect(reasons.get("broken I420, motion")).toBe("it broke");
    // No frames, no film; then the figures of the reference machine count.
    expect(costs.injectors).toBeUndefined();
    expect(reasons.get("webcodecs, a video in h264")).toBe("it broke");
  });

  it("leaves out who feeds videos where none can be made or read, and says why", async () => {
    const [feeder] = few.injectors;
    const unable: FrameInjector = { ...feeder!, name: "unable", probe: async () => ({ ok: false, reasons: ["it reads none"] }) };
    const reasons = new Map<string, string | null>();
    const measure = (parts: Partial<RenderParts>): Promise<MeasuredCosts> =>
      measureCosts({
        ...{ parts: { ...few, ...parts }, roles: ["injector"], quick: true },
        onStep: ({ about, reason }) => reasons.set(about, reason),
      });
    expect((await measure({ injectors: [unable] })).injectors).toBeUndefined();
    expect(reasons.get("unable, a video in h264")).toBe("it reads none");
    await measure({ encoders: [], injectors: [feeder!] });
    expect(reasons.get("webcodecs, a video in h264")).toBe("no video in h264 can be made to measure with: no encoder writes it");
  });

  it("makes videos with the browser's own encoder where there is no ffmpeg", async () => {
    const costs: MeasuredCosts = await measureCosts({
      parts: { ...few, encoders: [named(encoders, "webcodecs")], injectors: [few.injectors[0]!] },
      roles: ["injector"],
      quick: true,
    });
    expect(costs.injectors).toMatchObject([
      { injector: "webcodecs", codec: "avc1" },
      { injector: "webcodecs", codec: "any" },
    ]);
  });

  it("stops in the middle with the code aborted", async () => {
    const stop = new AbortController();
    const measuring = measureCosts({ parts: few, quick: true, signal: stop.signal, onStep: () => stop.abort(new Error("enough")) });
    await expect(measuring).rejects.toMatchObject({ code: "aborted" });
  });
});

describe("framewright bench", () => {
  it("writes nothing when it is stopped", async () => {
    const main: string = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
    const loader: string = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
    const child = spawn(process.execPath, ["--import", loader, main, "bench"], { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.resume();
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      // The first part is measured.
      if (!/^1 of/m.test(said) && /^1 of/m.test(said + text)) child.kill("SIGINT");
      said += text;
    });
    const [code] = (await once(child, "close")) as [number];
    expect(code, said).toBe(130);
    // What else is in the cache is the browser's.
    expect(await readdir(join(cache, "framewright")).catch(() => [])).not.toContain("costs.json");
  });
});

describe("what changes for the policy", () => {
  it("is told with the choice before and the choice after", async () => {
    const table = (ms: number): MeasuredCosts => ({
      ...{ version: 1, basis: "measured on this host", machine: "some processor", cores: 2, usage: "measured" },
      captures: (
        [
          ["html-in-canvas", "I420", ms],
          ["screenshot", "PNG", 20],
        ] as const
      ).map(([capture, frameFormat, msPerMegapixel]) => {
        return { capture, frameFormat, content: "motion", msPerMegapixel, cpuMsPerMegapixel: msPerMegapixel, memoryBytes: 4e8 };
      }),
      encoders: [{ encoder: "ffmpeg-pipe", codec: "h264", level: "standard", frameFormat: "I420", cpuMsPerMegapixel: 14 }],
    });
    const [moving] = policyOutlook(table(10), table(80), builtInParts(), await hostFacts("."));
    expect(moving!.before).toMatchObject({ capture: "html-in-canvas", encoder: "ffmpeg-pipe" });
    expect(moving!.after).toMatchObject({ capture: "screenshot", encoder: "ffmpeg-pipe" });
  });
});
