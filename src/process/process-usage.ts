import { readdir, readFile } from "node:fs/promises";

/** What a process has used, as Linux tells it. */
export interface ProcessFacts {
  readonly id: number;
  readonly parentId: number;
  /** Its own processor time and that of its children that ended, in milliseconds. */
  readonly cpuMs: number;
}

/** A process and all that came of it; null where the system does not tell. */
export type ProcessTree = readonly ProcessFacts[] | null;

/** Linux counts processor time in hundredths of a second, whatever its own clock is. */
const MS_PER_TICK = 10;

/**
 * Reads the text of /proc/<id>/stat. Null where it is not of that form.
 * https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
export function parseProcessStat(text: string): ProcessFacts | null {
  // The name stands in brackets, and may hold any character.
  const end: number = text.lastIndexOf(")");
  const rest: readonly number[] = text
    .slice(end + 2)
    .split(" ")
    .map(Number);
  const id: number = Number.parseInt(text, 10);
  const [parentId, ticks] = [rest[1], rest.slice(11, 15)];
  if (end < 0 || parentId === undefined || ticks.length < 4 || [id, parentId, ...ticks].some(Number.isNaN)) return null;
  return { id, parentId, cpuMs: ticks.reduce((sum, one) => sum + one, 0) * MS_PER_TICK };
}

/** The bytes that a line such as "Pss:   1234 kB" names; null where there is none. */
export function parseKilobytes(text: string, name: string): number | null {
  const kilobytes: string | undefined = new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) * 1024;
}

/** A process and its descendants. */
export async function processTree(root: number): Promise<ProcessTree> {
  const all: readonly ProcessFacts[] | null = await allProcesses();
  if (all === null) return null;
  const tree: ProcessFacts[] = all.filter(({ id }) => id === root);
  // Those that are added are looked at as well.
  for (const { id } of tree) tree.push(...all.filter(({ parentId }) => parentId === id));
  return tree;
}

/** Processor time of a tree in milliseconds: it only grows, for a process that ends leaves its time to its parent. */
export function cpuMsOf(tree: readonly ProcessFacts[]): number {
  return tree.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
}

/** Bytes that the processes take: what they share is counted once where the system tells it, and for each of them where not. */
export async function memoryBytesOf(tree: readonly Pick<ProcessFacts, "id">[]): Promise<number> {
  const each: readonly number[] = await Promise.all(tree.map(({ id }) => memoryBytesOfProcess(id)));
  return each.reduce((sum, bytes) => sum + bytes, 0);
}

async function memoryBytesOfProcess(id: number): Promise<number> {
  const shared: string = await textOf(`/proc/${id}/smaps_rollup`);
  return parseKilobytes(shared, "Pss") ?? parseKilobytes(await textOf(`/proc/${id}/status`), "VmRSS") ?? 0;
}

async function allProcesses(): Promise<ProcessFacts[] | null> {
  const names: string[] | null = await readdir("/proc").catch(() => null);
  if (names === null) return null;
  const ids: readonly string[] = names.filter((name) => /^\d+$/.test(name));
  // One that has ended since has no text.
  const facts = await Promise.all(ids.map(async (id) => parseProcessStat(await textOf(`/proc/${id}/stat`))));
  return facts.filter((one) => one !== null);
}

function textOf(file: string): Promise<string> {
  return readFile(file, "utf8").catch(() => "");
}
