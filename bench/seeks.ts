import { fileURLToPath } from "node:url";
import { measure } from "mitata";
import { compositionScript } from "../src/browser/composition-script.ts";
import { topPageScript } from "../src/browser/generated/top-page-script.ts";
import { launchBrowser } from "../src/browser/launch.ts";
import { navigate } from "../src/browser/load-page.ts";
import type { Browser, BrowserPage } from "../src/core/browser.ts";
import { defaultComposition } from "../src/core/capture.ts";
import { openPageAddress } from "../src/node/file-server.ts";
import { unchecked } from "../test/support/unchecked.ts";

/** What one seek of a page costs, with its styles computed afterwards. Milliseconds. */
export interface SeekRow {
  readonly page: string;
  /** The page's own work: its animations set to the time by itself, and its own seek. */
  readonly ownMs: number;
  /** The same by the virtual clock and all adapters. */
  readonly drivenMs: number;
  readonly extraMs: number;
}

/** What a seek may cost more than the page's own work, in milliseconds. */
export const SEEK_BUDGET_MS = 1;

/** Seeks that are measured as one: a call into the page costs as much as a seek. */
const SEEKS = 50;
const SAMPLES = 12;
const size = { width: 1920, height: 1080 } as const;

const computeStyles = "getComputedStyle(document.body.lastElementChild).transform; document.body.offsetTop;";
const driven = `(async () => { for (let n = 0; n < ${SEEKS}; n++) { await __framewright.seek(++frame); ${computeStyles} } })()`;
const own = `(async () => { for (let n = 0; n < ${SEEKS}; n++) {
  frame++;
  for (const one of animations) one.currentTime = frame * 1000 / 30;
  await window.framewright?.seek(frame / 30);
  ${computeStyles}
} })()`;

/** 1,000 elements and 300 animations: once with the others still, once with the page moving them. */
export async function benchSeeks(onRow: (row: SeekRow) => void): Promise<SeekRow[]> {
  const rows: SeekRow[] = [];
  await using address = await openPageAddress(fileURLToPath(new URL("pages/crowd.html", import.meta.url)));
  await using browser = await launchBrowser({ flags: ["--disable-gpu"] });
  for (const [page, url] of [
    ["crowd", address.url],
    ["crowd, moving", `${address.url}?moves`],
  ] as const) {
    const ownMs: number = await msPerSeek(browser, url, own, async (opened) => {
      await opened.run("globalThis.animations = document.getAnimations(); for (const one of animations) one.pause();");
    });
    const drivenMs: number = await msPerSeek(browser, url, driven, async (opened) => {
      await opened.run(topPageScript);
      await opened.run("__framewright.open(10000)");
    });
    const row: SeekRow = { page, ownMs, drivenMs, extraMs: Math.round((drivenMs - ownMs) * 1000) / 1000 };
    rows.push(row);
    onRow(row);
  }
  return rows;
}

async function msPerSeek(browser: Browser, url: string, seeks: string, prepare: (page: BrowserPage) => Promise<void>): Promise<number> {
  await using page = await browser.newPage(size);
  const settings = { composition: { ...defaultComposition, awaitsDuration: false }, frameRate: { numerator: 30, denominator: 1 } };
  if (seeks === driven) await page.send("Page.addScriptToEvaluateOnNewDocument", { source: compositionScript(settings) });
  await navigate(page, url);
  await page.run("document.readyState === 'complete' || new Promise((resolve) => addEventListener('load', resolve))");
  await page.run("globalThis.frame = 0");
  await prepare(page);
  const stats = await measure(() => page.evaluate(seeks, unchecked()), {
    ...{ min_samples: SAMPLES, max_samples: SAMPLES, min_cpu_time: 0, warmup_samples: 3, batch_samples: 0, batch_threshold: 0 },
  });
  return Math.round((stats.p50 / SEEKS / 1e6) * 1000) / 1000;
}
