/**
 * `npm run bench:gate [-- --from <results file>]`: fails where a seek is above its budget, where a default is more than 10 %
 * slower than the best safe way in the same run, where a built-in part has no row, and where the policy's table has drifted.
 */
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { measuredCosts } from "../src/core/policy/measured.ts";
import { missingRows, slowDefaults, slowDefaultWords, tableFaults, type SlowDefault } from "./gate-rules.ts";
import { partsToMeasure, runMatrix, type Matrix } from "./matrix.ts";
import type { BenchContent } from "./matrix-row.ts";
import { printFailed, printRow } from "./print-row.ts";
import { readResults } from "./results-file.ts";
import { benchSeeks, SEEK_BUDGET_MS, type SeekRow } from "./seeks.ts";

const { values } = parseArgs({ options: { from: { type: "string" } } });

const faults: string[] = tableFaults(measuredCosts, partsToMeasure()).map((fault) => `src/core/policy/measured.ts: ${fault}`);
faults.push(...(await dearSeeks()));

const printing = { onRow: printRow, onFailed: printFailed };
const matrix: Matrix =
  values.from === undefined
    ? await runMatrix({ costs: measuredCosts, rounds: 2, ...printing })
    : (await readResults(pathToFileURL(values.from))).matrix;
faults.push(...missingRows(matrix.rows, partsToMeasure()));
faults.push(...(await confirmed(slowDefaults(matrix.rows))).map(slowDefaultWords));

for (const fault of faults) console.error(fault);
console.log(faults.length === 0 ? "The defaults hold" : `${faults.length} of the rules do not hold`);
process.exitCode = faults.length === 0 ? 0 : 1;

async function dearSeeks(): Promise<string[]> {
  const rows: SeekRow[] = await benchSeeks(({ page, ownMs, drivenMs, extraMs }) =>
    console.log(`${page}: ${ownMs} ms a seek by the page itself, ${drivenMs} ms by the clock and all adapters: ${extraMs} ms more`),
  );
  return rows
    .filter(({ extraMs }) => extraMs > SEEK_BUDGET_MS)
    .map(({ page, extraMs }) => `${page}: ${extraMs} ms more is above the budget of ${SEEK_BUDGET_MS} ms`);
}

/** Two short renders may differ by chance: before a default is called slow its content is rendered again, longer and more often. */
async function confirmed(suspects: readonly SlowDefault[]): Promise<SlowDefault[]> {
  if (suspects.length === 0 || values.from !== undefined) return [...suspects];
  const contents: readonly BenchContent[] = suspects.map(({ chosen }) => chosen.content);
  console.log(`Once more, for a default seemed slow: ${contents.join(", ")}`);
  const again: Matrix = await runMatrix({ costs: measuredCosts, rounds: 3, length: 2, contents, ...printing });
  return slowDefaults(again.rows);
}
