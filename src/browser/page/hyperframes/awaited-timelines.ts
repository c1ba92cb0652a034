import type { HyperframesWindow } from "./hyperframes-window.ts";
import type { Nested } from "./nested-compositions.ts";
import { CompositionFault, nameOf, untilNothingIsMissing, type OpeningContext } from "./problems.ts";
import { entryOf, promisedTimelines, type Promised } from "./promised-timelines.ts";
import { registeredTimelines } from "./timelines.ts";

/**
 * Waits for the timelines that scripts of the page and of its compositions promise. A composition with `data-no-timeline`, and
 * one of whose timeline no script speaks, is not waited for.
 *
 * @param pageScripts the page's own, not those of mounted compositions
 * @param outside ids of compositions that are not rendered
 * @throws AwaitedInVain that names the timeline, Error where the script that was to build it threw
 */
export async function awaitTimelines(
  view: HyperframesWindow,
  root: HTMLElement,
  pageScripts: readonly HTMLScriptElement[],
  nested: readonly Nested[],
  outside: ReadonlySet<string>,
  context: OpeningContext,
): Promise<void> {
  const rootId: string | null = root.dataset["compositionId"] ?? null;
  const isThere = (id: string): boolean => registeredTimelines(view, rootId).some(([one]) => one === id);
  const compositions = new Map<string, HTMLElement>();
  for (const element of [root, ...root.querySelectorAll<HTMLElement>("[data-composition-id]")]) {
    if (element.dataset["noTimeline"] === undefined) compositions.set(element.dataset["compositionId"] ?? "", element);
  }
  const awaited = new Map<string, string>(nested.flatMap(promisedBy));
  // Most pages have registered theirs by now; then nobody need read their scripts.
  const page: Promised | null = [...compositions.keys()].every(isThere) ? null : promisedTimelines(await textsOf(pageScripts));
  for (const [id, registration] of page?.ids ?? []) awaited.set(id, registration);
  const expected: string[] = [...awaited.keys()].filter((id) => compositions.has(id) && !outside.has(id));
  const failed: Nested | undefined = nested.find(
    ({ scope, thrown }) => thrown.length > 0 && expected.includes(scope.id) && !isThere(scope.id),
  );
  if (failed) {
    const { host, source, id } = failed.scope;
    throw new CompositionFault(
      `The composition ${nameOf(host)} (${source}) did not register its timeline (${awaited.get(id)}), for its script threw ${failed.thrown[0]}`,
    );
  }
  const isAnyPromised: boolean =
    page !== null && outside.size === 0 && compositions.has(rootId ?? "") && (page.others || page.ids.size > 0);
  await untilNothingIsMissing(() => {
    const id: string | undefined = expected.find((one) => !isThere(one));
    if (id !== undefined) return `the timeline of the composition "${id}" (${awaited.get(id)})`;
    if (expected.length === 0 && isAnyPromised && registeredTimelines(view, rootId).length === 0)
      return `a timeline in window.__timelines or hyperframesAnime, of which the page's scripts speak (data-no-timeline on the composition says that there is none)`;
    return null;
  }, context);
}

/** Ids under which the scripts of a mounted composition will register, with the code that will do it. */
function promisedBy({ scope, scripts }: Nested): [string, string][] {
  const promised: Promised = promisedTimelines(scripts.map((script) => ("text" in script ? script.text : "")));
  if (promised.ids.size === 0) return promised.others ? [[scope.id, entryOf(scope.id)]] : [];
  return [...promised.ids].map(([id, registration]) => [scope.authoredIds.includes(id) ? scope.id : id, registration]);
}

/** Of files from elsewhere nothing can be read. */
async function textsOf(scripts: readonly HTMLScriptElement[]): Promise<string[]> {
  return Promise.all(
    scripts.map(({ src, textContent }) => {
      if (src === "") return textContent;
      return new URL(src).origin === location.origin ? assignmentsIn(src) : "";
    }),
  );
}

/** The statements of a file that promise a timeline by its name: a library that only looks at the registry promises nothing. */
async function assignmentsIn(url: string): Promise<string> {
  const text: string = await fetch(url, { cache: "force-cache" }).then(
    (answer) => answer.text(),
    () => "",
  );
  const statements: string[] = [...text.matchAll(/[^\n;{}]*(?:__timelines|hyperframesAnime)[^\n;{}]*/g)].map(([statement]) => statement);
  return statements.filter((statement) => promisedTimelines([statement]).ids.size > 0).join(";\n");
}
