import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { captureScenarios } from "../fuzz/capture-scenarios.ts";
import { partScenarios } from "../fuzz/part-scenarios.ts";
import { runCases, type FuzzReport } from "../fuzz/run-cases.ts";

/** A case that fails stands in the message with its seed: FRAMEWRIGHT_FUZZ_SEED with FRAMEWRIGHT_FUZZ_MESSAGES=1 runs it alone. */
const seed = Number(process.env["FRAMEWRIGHT_FUZZ_SEED"] ?? 20_261_130);
const messages = Number(process.env["FRAMEWRIGHT_FUZZ_MESSAGES"] ?? 3_000);
/** What may stay in memory of all cases, beside what is loaded. */
const MOST_KEPT_BYTES: number = 64 * 1024 * 1024;

it("answers every hostile message with a failure of its own, and no message with a wrong success", { timeout: 7_200_000 }, async () => {
  const scenarios = [...captureScenarios, ...partScenarios];
  // What is loaded and compiled at first stays.
  const warming: FuzzReport = await runCases(scenarios, { seed, messages: Math.min(messages, 200) });
  const before: number = bytesKept();
  const report: FuzzReport = await runCases(scenarios, { seed, messages });
  expect([...warming.faults, ...report.faults].join("\n\n")).toBe("");
  expect(report.messages).toBeGreaterThanOrEqual(messages);
  expect(bytesKept() - before, "bytes that stay in memory").toBeLessThan(MOST_KEPT_BYTES);
  if (messages < 1_000) return;
  // A fuzzer whose messages are all alike proves little.
  expect(report.successes).toBeGreaterThan(messages / 100);
  expect(Object.keys(report.refusals).length).toBeGreaterThan(5);
});

function bytesKept(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
