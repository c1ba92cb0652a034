/**
 * `npm run bench:gate [-- --from <results file>]`: fails where a seek is above its budget, where a default is more than 10 %
 * slower than the best safe way in the same run, where the checks of a frame's messages take too much of its time, where a built-in part has no row, and where the policy's table has drifted.
 */
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { measuredCosts } from "../src/core/policy/measured.ts";
import { missingRows, slowDefaults, slowDefaultWords, tableFaults, type SlowDefault } from "./gate-rules.ts";
import { partsToMeasure, runMatrix, type Matrix } from "./matrix.ts";
import { benchBoundary, BOUNDARY_BUDGET_PERCENT } from "./boundary.ts";
import type { BenchContent, MatrixRow } from "./matrix-row.ts";
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
faults.push(...(await dearBoundary(matrix)));
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

/** Against the fastest way of each kind of frame: there the checks take the largest part. */
async function dearBoundary({ rows }: Matrix): Promise<string[]> {
  const [notice, chunk] = await benchBoundary();
  const fastestMs = (isMeant: (row: MatrixRow) => boolean): number =>
    1000 / Math.max(...rows.filter(isMeant).map((row) => row.framesPerSecond));
  const shares: readonly (readonly [string, number, number])[] = [
    ["frames that go to the host", notice!.ms, fastestMs(({ frameFormat }) => frameFormat !== "page")],
    ["frames that are encoded in the page", notice!.ms + chunk!.ms, fastestMs(({ frameFormat }) => frameFormat === "page")],
  ];
  return shares.flatMap(([frames, ms, frameMs]) => {
    const percent: number = (100 * ms) / frameMs;
    const words = `The boundary, ${frames}: ${ms.toFixed(4)} ms of ${frameMs.toFixed(2)} ms a frame, ${percent.toFixed(3)} %`;
    console.log(words);
    return percent < BOUNDARY_BUDGET_PERCENT ? [] : [`${words}, is above the budget of ${BOUNDARY_BUDGET_PERCENT} %`];
  });
}

/** Two short renders may differ by chance: before a default is called slow its content is rendered again, longer and more often. */
async function confirmed(suspects: readonly SlowDefault[]): Promise<SlowDefault[]> {
  if (suspects.length === 0 || values.from !== undefined) return [...suspects];
  const contents: readonly BenchContent[] = suspects.map(({ chosen }) => chosen.content);
  console.log(`Once more, for a default seemed slow: ${contents.join(", ")}`);
  const again: Matrix = await runMatrix({ costs: measuredCosts, rounds: 3, length: 2, contents, ...printing });
  return slowDefaults(again.rows);
}
