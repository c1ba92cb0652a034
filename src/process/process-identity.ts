import { readFile } from "node:fs/promises";
import { hostname } from "node:os";

/** Names a process for good: ids are used again. JSON. */
export interface ProcessIdentity {
  readonly processId: number;
  readonly host: string;
  /** When the process began, as the system counts; null where it does not say. */
  readonly startedAt: string | null;
}

export async function ownIdentity(): Promise<ProcessIdentity> {
  return { processId: process.pid, host: hostname(), startedAt: await startOf(process.pid) };
}

/** Whether the process has ended. One of another host counts as alive: nothing tells. */
export async function isGone({ processId, host, startedAt }: ProcessIdentity): Promise<boolean> {
  if (host !== hostname()) return false;
  try {
    process.kill(processId, 0);
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === "ESRCH";
  }
  return startedAt !== null && (await startOf(processId)) !== startedAt;
}

/** Null where the system does not say it in a file. */
async function startOf(processId: number): Promise<string | null> {
  const stat: string | null = await readFile(`/proc/${processId}/stat`, "utf8").catch(() => null);
  // Behind the name, which stands in parentheses and may hold anything: see proc(5).
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
}
