import { afterAll, beforeAll, expect, it } from "vitest";
import { renderLiars, type LiarsReport } from "../fuzz/render-liars.ts";
import { ownTemporaryFolder } from "../support/failures.ts";

/** The page that fails stands in the message with its seed: FRAMEWRIGHT_FUZZ_SEED with FRAMEWRIGHT_FUZZ_PAGES=1 renders it alone. */
const seed = Number(process.env["FRAMEWRIGHT_FUZZ_SEED"] ?? 20_261_130);
const pages = Number(process.env["FRAMEWRIGHT_FUZZ_PAGES"] ?? 24);

let temporaryFolder: AsyncDisposable;
beforeAll(async () => {
  temporaryFolder = await ownTemporaryFolder();
});
afterAll(() => temporaryFolder[Symbol.asyncDispose]());

it("publishes nothing that is based on a lie of the page", { timeout: 120_000 + pages * 60_000 }, async () => {
  const report: LiarsReport = await renderLiars({ seed, pages });
  expect(report.faults.join("\n\n")).toBe("");
  // Pages that never succeed would prove nothing of what is published, and pages that never fail nothing of lies.
  expect(report.pages).toBe(pages);
});
