import { writeFile } from "node:fs/promises";
import type { MeasuredCosts } from "../src/core/policy/costs.ts";

const file = new URL("../src/core/policy/measured.ts", import.meta.url);

/** Writes the policy's own table, one row a line. */
export async function writeMeasuredFile(costs: MeasuredCosts): Promise<void> {
  const { captures, encoders, injectors = [], ...facts } = costs;
  const rows = (name: string, list: readonly object[]): string =>
    `  ${name}: [\n${list.map((row) => `    ${literal(row)},\n`).join("")}  ],\n`;
  const text: string = [
    "// Written by `npm run bench:policy`.\n",
    'import type { MeasuredCosts } from "./costs.ts";\n\n',
    "/** What the built-in parts cost on the machine of the benches. */\n",
    "export const measuredCosts: MeasuredCosts = {\n",
    ...Object.entries(facts).map(([key, value]) => `  ${key}: ${JSON.stringify(value)},\n`),
    rows("captures", captures),
    rows("encoders", encoders),
    rows("injectors", injectors),
    "};\n",
  ].join("");
  await writeFile(file, text);
}

/** An object as the source is formatted. */
function literal(row: object): string {
  return `{ ${Object.entries(row)
    .map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
    .join(", ")} }`;
}
