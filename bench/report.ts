/** `npm run bench:report [-- <results file>]`: makes bench/report.html of what `npm run bench:policy` found on this machine. */
import { writeFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { machineFacts } from "./machine.ts";
import { reportPage } from "./report-page.ts";
import { readResults, resultsFile } from "./results-file.ts";

const [given] = parseArgs({ allowPositionals: true }).positionals;
const from: URL = given === undefined ? resultsFile(await machineFacts()) : pathToFileURL(given);
const page = new URL("report.html", import.meta.url);
await writeFile(page, reportPage(await readResults(from)));
console.log(`Written to ${page.pathname}`);
