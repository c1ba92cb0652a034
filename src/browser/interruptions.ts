import type { BrowserContext, Dialog, Page } from "playwright-core";

/** Ends at once what would wait for a person, and tells it: dialogs, windows that the page opens, downloads. */
export function endInterruptions(context: BrowserContext, warn: (reason: string) => void): void {
  context.on("dialog", (dialog) => void endDialog(dialog, warn).catch(() => {}));
  context.on("page", (page) => {
    page.on("download", (download) => warn(`The page started a download, which was refused: ${download.url().slice(0, 200)}`));
    void closePopup(page, warn).catch(() => {});
  });
}

async function endDialog(dialog: Dialog, warn: (reason: string) => void): Promise<void> {
  // "Leave this page?" is asked only when the page is left; to stay would stop that.
  if (dialog.type() === "beforeunload") return dialog.accept();
  warn(`The page opened a dialog, which was dismissed: ${dialog.type()}("${dialog.message().slice(0, 200)}")`);
  await dialog.dismiss();
}

/** Headless shells open none, by a flag; other browsers may not know it. */
async function closePopup(page: Page, warn: (reason: string) => void): Promise<void> {
  if ((await page.opener()) === null) return;
  warn(`The page opened a window, which was closed: ${page.url().slice(0, 200)}`);
  await page.close();
}
