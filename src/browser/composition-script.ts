import type { CaptureRequest } from "../core/capture.ts";
import { earlyScript } from "./generated/early-script.ts";
import type { EarlySettings } from "./messages.ts";

/** The script that makes time stand still in a page: for `Page.addScriptToEvaluateOnNewDocument`, before the page is loaded. */
export function compositionScript({ composition, frameRate }: Pick<CaptureRequest, "composition" | "frameRate">): string {
  const { adapters, ...settings } = composition;
  const early: EarlySettings = { ...settings, frameRate };
  // Adapters come as text of expressions; they run in the page's own realm.
  const passed: string = adapters.map((expression) => `() => (${expression}\n)`).join(", ");
  return `(() => {\nconst __settings = ${JSON.stringify(early)}, __adapters = [${passed}];\n${earlyScript}\n})();`;
}
