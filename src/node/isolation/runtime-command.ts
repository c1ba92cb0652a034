import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A program and its arguments. */
export interface RuntimeCommand {
  readonly executablePath: string;
  readonly args: readonly string[];
}

const MIB: number = 1024 * 1024;

/** The package has the built file beside this module; the repository has the source. */
const entries: readonly URL[] = ["render-process.js", "./render-process.ts"].map((name) => new URL(name, import.meta.url));

/**
 * Runs the program of a render process under the runtime of this process. V8's heap ends at `memoryBytes`; Bun has no such limit.
 *
 * @throws Error where the program is missing, such as in a bundle of one file
 */
export function renderProcessCommand(memoryBytes: number): RuntimeCommand {
  const found: URL | undefined = entries.find((entry) => existsSync(entry));
  if (found === undefined) throw new Error(`its program is missing at "${fileURLToPath(entries[0]!)}"; keep the package out of bundles`);
  const entry: string = fileURLToPath(found);
  const heap = `--max-old-space-size=${Math.max(1, Math.floor(memoryBytes / MIB))}`;
  return { executablePath: process.execPath, args: argumentsOf(heap, entry) };
}

function argumentsOf(heap: string, entry: string): readonly string[] {
  if (process.versions["deno"] !== undefined) return ["run", "--quiet", "--allow-all", `--v8-flags=${heap}`, entry];
  if (process.versions["bun"] !== undefined) return [entry];
  // From source Node needs a loader for TypeScript.
  return [heap, ...(entry.endsWith(".ts") ? ["--import", "tsx"] : []), entry];
}
