import { readFile } from "node:fs/promises";
import type { BrowserSandbox } from "../core/browser.ts";

/** Whether to ask the browser for its sandbox: wherever it can have one, unless it shall not. */
export function sandboxToAskFor(isAsked: boolean): BrowserSandbox {
  if (!isAsked) return { enabled: false, reason: "it was switched off for this render" };
  if (process.getuid?.() === 0)
    return { enabled: false, reason: "it runs as root, for whom Chromium has none; render as another user to have it" };
  return { enabled: true, reason: null };
}

/**
 * What the browser has of it in the end: flags of parts, and the scripts that distributions start browsers with, may take it
 * away. One that cannot make the sandbox that it was asked for does not start.
 *
 * @param processId The browser's own process; null where it does not tell
 */
export async function sandboxOf(processId: number | null, asked: BrowserSandbox): Promise<BrowserSandbox> {
  if (!asked.enabled) return asked;
  // On Linux. Elsewhere no script stands in between.
  const commandLine: string = await readFile(`/proc/${processId}/cmdline`, "utf8").catch(() => "");
  if (!commandLine.split("\0").includes("--no-sandbox")) return asked;
  return { enabled: false, reason: "it was started with --no-sandbox, by a flag or by the script that starts it" };
}
