import { readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";
import * as v from "valibot";

/** Identifies the process that owns a lock, a lease or a folder. A process id alone is used again, and differs between containers. JSON. */
export interface OwnershipRecord {
  readonly host: string;
  /** Identifies this run of the system; null where the system does not tell. */
  readonly bootId: string | null;
  /** The namespace that the process id counts in; null where the system does not tell. */
  readonly pidNamespace: string | null;
  readonly processId: number;
  /** When the process started, in the system's clock ticks; null where the system does not tell. */
  readonly startedAt: string | null;
  /** Numeric id of the user; null where there is none. */
  readonly user: number | null;
}

/** A file with a record is never larger. */
export const RECORD_BYTES = 4096;

const word = (longest: number) => v.pipe(v.string(), v.minLength(1), v.maxLength(longest));

export const ownershipSchema: v.GenericSchema<unknown, OwnershipRecord> = v.object({
  host: word(255),
  bootId: v.nullable(word(64)),
  pidNamespace: v.nullable(word(64)),
  processId: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2 ** 31 - 1)),
  startedAt: v.nullable(v.pipe(v.string(), v.regex(/^\d{1,20}$/))),
  user: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2 ** 32 - 1))),
});

/** The record of this process. */
export async function ownRecord(): Promise<OwnershipRecord> {
  return {
    host: hostname(),
    bootId: await readFile("/proc/sys/kernel/random/boot_id", "utf8").then(
      (text) => text.trim() || null,
      () => null,
    ),
    pidNamespace: await readlink("/proc/self/ns/pid").catch(() => null),
    processId: process.pid,
    startedAt: (await stateOf(process.pid))?.startedAt ?? null,
    user: process.getuid?.() ?? null,
  };
}

/**
 * Whether it is certain that the process has ended. False for a process that cannot be checked from here: of another host, or of
 * another container.
 */
export async function isGone(record: OwnershipRecord): Promise<boolean> {
  const own: OwnershipRecord = await ownRecord();
  if (record.host !== own.host) return false;
  if (record.bootId !== null && own.bootId !== null && record.bootId !== own.bootId) return true;
  if (record.bootId !== own.bootId || record.pidNamespace !== own.pidNamespace) return false;
  try {
    process.kill(record.processId, 0);
  } catch (thrown) {
    // EPERM: it exists, and belongs to another user.
    if ((thrown as NodeJS.ErrnoException).code === "ESRCH") return true;
  }
  const now: ProcessState | null = await stateOf(record.processId);
  // The processes of other users may be hidden.
  if (now === null) return false;
  return now.isEnded || (record.startedAt !== null && now.startedAt !== record.startedAt);
}

interface ProcessState {
  readonly startedAt: string;
  /** It has ended, but its parent has not asked for its exit code. */
  readonly isEnded: boolean;
}

/** Null where the system does not tell. */
async function stateOf(processId: number): Promise<ProcessState | null> {
  const stat: string | null = await readFile(`/proc/${processId}/stat`, "utf8").catch(() => null);
  // After the name, which stands in parentheses and may contain anything: see proc(5).
  const fields: readonly string[] = stat?.slice(stat.lastIndexOf(")") + 2).split(" ") ?? [];
  const startedAt: string | undefined = fields[19];
  return startedAt === undefined ? null : { startedAt, isEnded: /^[ZXx]$/.test(fields[0]!) };
}
