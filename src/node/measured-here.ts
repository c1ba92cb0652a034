import { lstat, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { outputNotWritable } from "../core/errors.ts";
import type { MeasuredCosts } from "../core/policy/costs.ts";
import type { FileSink } from "../core/sink.ts";
import { makePrivateFolder, refuseForeign } from "../process/private-folder.ts";
import { userCacheFolder } from "../process/user-cache.ts";
import { openFileSink } from "./file-sink.ts";

/** Another shape of the table is another number; a table of another shape is none. */
export const COSTS_VERSION: MeasuredCosts["version"] = 1;

/** Where `framewright bench` keeps what it measured: in the user's cache. */
export function costsFile(): string {
  return join(userCacheFolder(), "framewright", "costs.json");
}

/**
 * What the parts cost on this host; null where nobody measured it, or only for another version of this package, or where another
 * user can write the file.
 */
export async function measuredHere(): Promise<MeasuredCosts | null> {
  const file: string = costsFile();
  try {
    refuseForeign(dirname(file), await lstat(dirname(file)));
    const costs = JSON.parse(await readFile(file, "utf8")) as MeasuredCosts;
    return costs.version === COSTS_VERSION ? costs : null;
  } catch {
    // No table, or one that was cut off: the next bench writes another.
    return null;
  }
}

/** Keeps a table for the policy: from now on it goes by it. Gives the file's path. @throws RenderError `output-not-writable` */
export async function keepCosts(costs: MeasuredCosts): Promise<string> {
  const file: string = costsFile();
  await makePrivateFolder(dirname(file)).catch((thrown: unknown) => {
    throw outputNotWritable(file, thrown);
  });
  await writeCosts(costs, file);
  return file;
}

/** Writes a table to a file, which is there whole or not at all. @throws RenderError `output-not-writable`, `output-busy` */
export async function writeCosts(costs: MeasuredCosts, file: string): Promise<void> {
  const sink: FileSink = await openFileSink(file);
  try {
    await sink.write(new TextEncoder().encode(`${JSON.stringify(costs, null, 2)}\n`), 0);
    await sink.commit();
  } finally {
    await sink.discard();
  }
}
