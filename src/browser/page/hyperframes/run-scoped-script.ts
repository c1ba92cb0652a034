import type { HyperframesWindow } from "./hyperframes-window.ts";
import type { NestedScript } from "./nested-file.ts";
import { inTime, nameOf, type OpeningContext } from "./problems.ts";
import type { Scope } from "./scope.ts";
import type { ScopedGlobals } from "./scoped-script.ts";

/** Where modules find their globals: nothing can be passed to them. */
const KEY = "__framewrightScope";

/**
 * Runs one script of a mounted composition to its end. What it throws is reported as the browser would.
 *
 * @returns what it threw, in words; null where it did not
 */
export async function runScopedScript(
  view: HyperframesWindow,
  script: NestedScript,
  globals: ScopedGlobals,
  scope: Scope,
  context: OpeningContext,
): Promise<string | null> {
  if ("url" in script) await runFile(view, script.url, script.type, scope, context);
  else if (script.type === "module") await runModule(view, script.text, globals, scope, context);
  else if (script.type === "importmap") append(view, script.type, script.text);
  else return runText(view, script.text, globals, scope, context);
  return null;
}

function runText(view: HyperframesWindow, text: string, globals: ScopedGlobals, scope: Scope, context: OpeningContext): string | null {
  const names: string[] = Object.keys(globals);
  try {
    const run: Function = new view.Function(...names, `${text}\n//# sourceURL=${scope.source}`);
    Reflect.apply(run, view, Object.values(globals));
    return null;
  } catch (thrown) {
    view.reportError(thrown);
    const words: string = thrown instanceof view.Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
    context.warn(`A script of the composition ${nameOf(scope.host)} (${scope.source}) threw ${words}`);
    return words;
  }
}

async function runFile(view: HyperframesWindow, url: string, type: string, scope: Scope, context: OpeningContext): Promise<void> {
  const element: HTMLScriptElement = view.document.createElement("script");
  Object.assign(element, { type, async: false, src: url });
  const ended = new Promise<void>((resolve) => {
    element.addEventListener("load", () => resolve());
    element.addEventListener("error", () => {
      context.warn(`The script ${url} of the composition ${nameOf(scope.host)} (${scope.source}) did not load`);
      resolve();
    });
  });
  view.document.body.append(element);
  await inTime(ended, `the script ${url} of the composition ${nameOf(scope.host)}`, context);
}

async function runModule(
  view: HyperframesWindow,
  text: string,
  globals: ScopedGlobals,
  scope: Scope,
  context: OpeningContext,
): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    Object.defineProperty(view, KEY, { value: { ...globals, resolve }, configurable: true });
  });
  append(view, "module", `const { ${Object.keys(globals).join(", ")} } = globalThis.${KEY};\n${text}`);
  // An inline module gives no event when it has run; the next one in order runs after it, also where it threw.
  append(view, "module", `globalThis.${KEY}.resolve();`);
  await inTime(ended, `a module of the composition ${nameOf(scope.host)} (${scope.source})`, context);
}

function append(view: HyperframesWindow, type: string, text: string): void {
  const element: HTMLScriptElement = view.document.createElement("script");
  Object.assign(element, { type, async: false, textContent: text });
  view.document.body.append(element);
}
