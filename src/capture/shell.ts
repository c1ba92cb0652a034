import type { BrowserPage } from "../core/browser.ts";
import type { CaptureContext, CaptureRequest } from "../core/capture.ts";
import { compositionScript } from "../browser/composition-script.ts";
import { shellScript } from "../browser/generated/shell-script.ts";
import type { PictureOf } from "../browser/messages.ts";
import { openOwnDocument } from "../browser/own-page.ts";

/**
 * Makes a fresh page the shell: it shares the composition's origin, for only then may it reach the window of the frame.
 *
 * @param documents Our own documents by their name below the reserved path
 */
export async function openShell(
  page: BrowserPage,
  request: CaptureRequest,
  pictureOf: PictureOf,
  attachMedia: CaptureContext["attachMedia"] = null,
  documents: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { size, alpha } = request;
  await page.send("Page.addScriptToEvaluateOnNewDocument", { source: compositionScript(request, attachMedia !== null) });
  await attachMedia?.(page);
  await openOwnDocument(page, new URL(request.url).origin, documents);
  await page.run(shellScript);
  await page.run(`__framewrightOpen(${size.width}, ${size.height}, "${pictureOf}", ${alpha})`);
}
