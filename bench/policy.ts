/**
 * `npm run bench:policy`: measures the parts, writes the policy's table, and renders every way with it, in about twenty minutes on
 * two cores. `-- --keep-table` renders with the table that is there; `--no-claims` leaves the promises out; `--injectors` measures who
 * feeds videos and nothing else, `--rounds` times, of which the quickest counts, and keeps the other rows.
 */
import { parseArgs } from "node:util";
import type { MeasureStep } from "../src/bench/measure-costs.ts";
import type { MeasuredCosts } from "../src/core/policy/costs.ts";
import { measuredCosts } from "../src/core/policy/measured.ts";
import { measureCosts } from "../src/node/measure-costs.ts";
import { benchClaims, claimWords, type ClaimsReport } from "./claims.ts";
import { machineFacts, type MachineFacts } from "./machine.ts";
import { runMatrix, type Matrix } from "./matrix.ts";
import { writeMeasuredFile } from "./measured-file.ts";
import { printFailed, printRow } from "./print-row.ts";
import { resultsFile, writeResults } from "./results-file.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "2" },
    claims: { type: "boolean", default: true },
    "keep-table": { type: "boolean", default: false },
    injectors: { type: "boolean", default: false },
  },
  allowNegative: true,
});

const rounds = Number(values.rounds);
const machine: MachineFacts = await machineFacts();
console.log(JSON.stringify(machine, null, 2));
await (values.injectors ? measureInjectorsAnew() : renderEveryWay());

async function measureInjectorsAnew(): Promise<void> {
  const { injectors = [] } = await measureCosts({ roles: ["injector"], injectorRounds: rounds, onStep: printStep });
  await writeMeasuredFile({ ...measuredCosts, injectors });
}

async function renderEveryWay(): Promise<void> {
  const costs: MeasuredCosts = values["keep-table"] ? measuredCosts : await measureAnew();
  const matrix: Matrix = await runMatrix({ costs, rounds, onRow: printRow, onFailed: printFailed });
  const claims: ClaimsReport | null = values.claims
    ? await benchClaims({
        costs,
        rounds: 3,
        onRender: (name, { seconds, framesPerSecond }) => console.log(`${name}: ${seconds} s, ${framesPerSecond} frames/s`),
      })
    : null;
  for (const claim of claims?.claims ?? []) console.log(claimWords(claim));
  const file: URL = resultsFile(machine);
  await writeResults(file, { machine, costs, matrix, claims });
  console.log(`Written to ${file.pathname}; npm run bench:report shows it`);
}

async function measureAnew(): Promise<MeasuredCosts> {
  const measured: MeasuredCosts = await measureCosts({ basis: "measured on a reference machine", onStep: printStep });
  await writeMeasuredFile(measured);
  return measured;
}

function printStep({ done, total, about, cost, reason }: MeasureStep): void {
  console.log(`${done} of at most ${total}: ${about}: ${reason ?? JSON.stringify(cost)}`);
}
