import type { CaptureRequest } from "../core/capture.ts";
import { earlyScript } from "./generated/early-script.ts";
import type { EarlySettings } from "./messages.ts";

/**
 * The script that makes time stand still in a page: for `Page.addScriptToEvaluateOnNewDocument`, before the page is loaded.
 *
 * @param injectsMedia false leaves videos to the browser; otherwise the page has been given to `CaptureContext.attachMedia`
 */
export function compositionScript(
  { composition, frameRate }: Pick<CaptureRequest, "composition" | "frameRate">,
  injectsMedia: boolean = false,
): string {
  const { adapters, ...settings } = composition;
  const early: EarlySettings = { ...settings, frameRate, injectsMedia };
  // Adapters come as text of expressions; they run in the page's own realm.
  const passed: string = adapters.map((expression) => `() => (${expression}\n)`).join(", ");
  return `(() => {\nconst __settings = ${JSON.stringify(early)}, __adapters = [${passed}];\n${earlyScript}\n})();`;
}
