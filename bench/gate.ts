/** `npm run bench:gate`: fails where a measured cost is above its budget. */
import { benchSeeks, SEEK_BUDGET_MS, type SeekRow } from "./seeks.ts";

const rows: SeekRow[] = await benchSeeks(({ page, ownMs, drivenMs, extraMs }) =>
  console.log(`${page}: ${ownMs} ms a seek by the page itself, ${drivenMs} ms by the clock and all adapters: ${extraMs} ms more`),
);
const dear: SeekRow[] = rows.filter(({ extraMs }) => extraMs > SEEK_BUDGET_MS);
for (const { page, extraMs } of dear) console.error(`${page}: ${extraMs} ms more is above the budget of ${SEEK_BUDGET_MS} ms`);
process.exitCode = dear.length === 0 ? 0 : 1;
