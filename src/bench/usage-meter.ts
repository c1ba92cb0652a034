import { cpuMsOf, memoryBytesOf, processTree, type ProcessTree } from "../process/process-usage.ts";

/** What this process and all that it started used over a stretch of time. */
export interface Used {
  readonly wallMs: number;
  /** The time that passed where the system does not tell. */
  readonly cpuMs: number;
}

/** Begins to count; the answer ends it. */
export async function countUse(): Promise<() => Promise<Used>> {
  // The clock starts first: what is measured goes on while the system is asked.
  const startMs: number = performance.now();
  const before: ProcessTree = await processTree(process.pid);
  return async () => {
    const wallMs: number = performance.now() - startMs;
    const after: ProcessTree = await processTree(process.pid);
    return { wallMs, cpuMs: before === null || after === null ? wallMs : cpuMsOf(after) - cpuMsOf(before) };
  };
}

/** How often idleness is looked at, what is idle, and the longest wait for it, in milliseconds. */
const LOOK_EVERY_MS = 50;
const IDLE_CPU_MS = 10;
const LONGEST_WAIT_MS = 1_500;

/** Waits until what was done before is over: a page that was closed goes on costing for a while. */
export async function whenIdle(): Promise<void> {
  if (!(await tellsUse())) return;
  const deadline: number = performance.now() + LONGEST_WAIT_MS;
  for (;;) {
    const used = await countUse();
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    if ((await used()).cpuMs <= IDLE_CPU_MS || performance.now() > deadline) return;
  }
}

/** Whether this system tells what processes use. */
export async function tellsUse(): Promise<boolean> {
  return (await processTree(process.pid)) !== null;
}

/** Bytes that the processes take which this one started, but for those that are named; null where the system does not tell. */
export async function startedMemoryBytes(except: ReadonlySet<number>): Promise<number | null> {
  const tree: ProcessTree = await processTree(process.pid);
  return tree && memoryBytesOf(tree.filter(({ id }) => id !== process.pid && !except.has(id)));
}

/** The processes that this one has started and that still run. */
export async function startedProcesses(): Promise<ReadonlySet<number>> {
  return new Set((await processTree(process.pid))?.map(({ id }) => id));
}
