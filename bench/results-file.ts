import { mkdir, readFile, writeFile } from "node:fs/promises";
import type { MeasuredCosts } from "../src/core/policy/costs.ts";
import type { ClaimsReport } from "./claims.ts";
import type { MachineFacts } from "./machine.ts";
import type { Matrix } from "./matrix.ts";

/** All that `npm run bench:policy` found on one machine. JSON. */
export interface PolicyResults {
  readonly machine: MachineFacts;
  readonly costs: MeasuredCosts;
  readonly matrix: Matrix;
  readonly claims: ClaimsReport | null;
}

const folder = new URL("results/", import.meta.url);

/** Where the results of such a machine are kept: by its processor, for the name of a host says nothing to others. */
export function resultsFile({ cpu, cores }: Pick<MachineFacts, "cpu" | "cores">): URL {
  const words: string = `${cpu} ${cores} cores`.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  return new URL(`${words.replaceAll(/^-|-$/g, "")}.json`, folder);
}

export async function readResults(file: URL): Promise<PolicyResults> {
  return JSON.parse(await readFile(file, "utf8")) as PolicyResults;
}

export async function writeResults(file: URL, results: PolicyResults): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(file, `${JSON.stringify(results, null, 2)}\n`);
}
