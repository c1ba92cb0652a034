import { readFile, stat } from "node:fs/promises";
import { arch, availableParallelism, platform, totalmem } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { HostFacts } from "../core/host.ts";
import { freeBytesAt } from "./file-sink.ts";

/** Where Linux shows what a container may use. */
const CGROUP_FOLDER = "/sys/fs/cgroup";

/** What this machine has for this process, and at the place of an output that may not be there yet. */
export async function hostFacts(output: string, cgroupFolder: string = CGROUP_FOLDER): Promise<HostFacts> {
  const [coresAllowed, memoryAllowed, freeDiskBytes] = await Promise.all([
    coreLimit(cgroupFolder),
    memoryLimit(cgroupFolder),
    nearestFolder(resolve(output)).then(freeBytesAt),
  ]);
  return {
    cores: Math.max(1, Math.min(availableParallelism(), coresAllowed)),
    memoryBytes: Math.min(totalmem(), memoryAllowed),
    freeDiskBytes,
    runtime: runtimeName(),
    platform: `${platform()} ${arch()}`,
  };
}

/** Whole cores that the quota comes to, rounded up; infinite without one. */
async function coreLimit(folder: string): Promise<number> {
  const [quota, period]: string[] = (await textOf(join(folder, "cpu.max")))?.split(/\s+/) ?? [
    (await textOf(join(folder, "cpu", "cpu.cfs_quota_us"))) ?? "max",
    (await textOf(join(folder, "cpu", "cpu.cfs_period_us"))) ?? "100000",
  ];
  const cores: number = Math.ceil(Number(quota) / Number(period));
  // "max" and -1 stand for no limit.
  return cores > 0 ? cores : Infinity;
}

async function memoryLimit(folder: string): Promise<number> {
  const text: string | null = (await textOf(join(folder, "memory.max"))) ?? (await textOf(join(folder, "memory", "memory.limit_in_bytes")));
  const bytes = Number(text ?? "max");
  return bytes > 0 ? bytes : Infinity;
}

async function textOf(file: string): Promise<string | null> {
  return readFile(file, "utf8").then(
    (text) => text.trim(),
    () => null,
  );
}

/** The path itself where it is a folder, or the nearest one above it. */
async function nearestFolder(path: string): Promise<string> {
  const facts = await stat(path).catch(() => null);
  const above: string = dirname(path);
  return facts?.isDirectory() === true || above === path ? path : nearestFolder(above);
}

function runtimeName(): string {
  const versions: Readonly<Record<string, string | undefined>> = process.versions;
  for (const name of ["deno", "bun"]) if (versions[name] !== undefined) return `${name} ${versions[name]}`;
  return `node ${process.versions.node}`;
}
