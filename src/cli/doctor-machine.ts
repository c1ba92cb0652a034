import { availableParallelism, freemem, totalmem } from "node:os";
import type { Machine } from "./doctor-report.ts";

export function describeMachine(): Machine {
  const { bun, deno, node } = process.versions;
  const [runtime, runtimeVersion]: [string, string] =
    bun !== undefined ? ["Bun", bun] : deno !== undefined ? ["Deno", deno] : ["Node", node];
  const total: number = totalmem();
  // 0, or far more than there is, where nothing limits the process.
  const limit: number = process.constrainedMemory?.() ?? 0;
  const memoryBytes: number = limit > 0 && limit < total ? limit : total;
  return {
    runtime,
    runtimeVersion,
    platform: process.platform,
    architecture: process.arch,
    cores: availableParallelism(),
    memoryBytes,
    freeMemoryBytes: Math.min(freemem(), memoryBytes),
  };
}
