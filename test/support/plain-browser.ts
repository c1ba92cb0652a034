import { chromium, type Browser, type Page } from "playwright-core";
import { findBrowser } from "../../src/browser/find.ts";
import type { Size } from "../../src/core/frame.ts";

/** A browser that is driven by Playwright alone: what it shows is held against what the product makes of the same page. */
export interface PlainBrowser extends AsyncDisposable {
  /** Seeks the page to one time after another, and takes a PNG at each. */
  screenshots(url: string, size: Size, times: readonly number[]): Promise<Uint8Array[]>;
  /** Opens a page, evaluates an expression in it and closes it. */
  evaluate<Result>(url: string, expression: string): Promise<Result>;
}

/** The browser of this machine as Playwright alone starts it. */
export async function launchByPlaywright(args: readonly string[]): Promise<Browser> {
  const { executablePath, environment } = await findBrowser();
  return chromium.launch({ executablePath, args: [...args], env: { ...(process.env as Record<string, string>), ...environment } });
}

export async function launchPlainBrowser(): Promise<PlainBrowser> {
  const browser: Browser = await launchByPlaywright(["--disable-gpu", "--font-render-hinting=none", "--hide-scrollbars"]);
  return {
    async screenshots(url, size, times) {
      const page: Page = await browser.newPage({ viewport: size });
      try {
        await page.goto(url);
        await page.waitForFunction("window.framewright !== undefined && document.fonts.status === 'loaded'");
        const pictures: Uint8Array[] = [];
        for (const time of times) {
          await page.evaluate(`(async () => { await framewright.seek(${time}); })()`);
          pictures.push(await page.screenshot({ animations: "allow", caret: "initial" }));
        }
        return pictures;
      } finally {
        await page.close();
      }
    },
    async evaluate<Result>(url: string, expression: string) {
      const page: Page = await browser.newPage();
      try {
        await page.goto(url);
        return await page.evaluate<Result>(expression);
      } finally {
        await page.close();
      }
    },
    [Symbol.asyncDispose]: () => browser.close(),
  };
}
