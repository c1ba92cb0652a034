import type { HyperframesWindow } from "./hyperframes-window.ts";
import { registeredTimelines } from "./timelines.ts";

/** Kept when the rest of the page goes: the composition may need them. */
const FOR_ALL = "style, link, template";

/** The root of the page: the one that says so, else the first that is in no other. */
export function findRoot(document: Document): HTMLElement | null {
  const marked: HTMLElement | null = document.querySelector('[data-composition-id][data-root="true"]');
  if (marked) return marked;
  // A <meta> may carry the same attributes for editors.
  const all: HTMLElement[] = [...document.querySelectorAll<HTMLElement>("[data-composition-id]:not(head *)")];
  return all.find((one) => !one.parentElement?.closest("[data-composition-id]")) ?? null;
}

/**
 * The element that an entry names: by a selector ("#intro"), by the file of a composition, or by its id.
 *
 * @returns null where there is none
 */
export function findEntry(document: Document, entry: string): HTMLElement | null {
  if (entry.startsWith("#")) {
    const id: string = CSS.escape(entry.slice(1));
    return document.querySelector(`#${id}, [data-composition-id="${id}"]`);
  }
  const url: string | null = URL.parse(entry, document.baseURI)?.href ?? null;
  const hosts: HTMLElement[] = [...document.querySelectorAll<HTMLElement>("[data-composition-src]")];
  const byFile: HTMLElement | undefined = hosts.find(
    ({ dataset }) => URL.parse(dataset["compositionSrc"]!, document.baseURI)?.href === url,
  );
  return byFile ?? document.querySelector(`[data-composition-id="${CSS.escape(entry)}"]`);
}

/** Why there is nothing to render, and what there would be. */
export function describeMissingEntry(document: Document, entry: string): string {
  const there: string[] = [...document.querySelectorAll<HTMLElement>("[data-composition-id], [data-composition-src]")].map((element) =>
    [
      element.id && `#${element.id}`,
      element.dataset["compositionId"] && `"${element.dataset["compositionId"]}"`,
      element.dataset["compositionSrc"],
    ]
      .filter(Boolean)
      .join(" "),
  );
  return `The entry "${entry}" is not in the page. Its compositions: ${there.join(", ")}. Name one by "#id", by its data-composition-id, or by its file`;
}

/**
 * Makes one part of a page all that there is: it begins at 0, within its own copy of what is around it, so that style sheets
 * still match. The copy is built aside and put into the page at once.
 *
 * @returns the ids that are now out of the page
 */
export function isolate(view: HyperframesWindow, entry: HTMLElement): Set<string> {
  const { document } = view;
  const outside = new Set<string>();
  for (const { dataset } of document.querySelectorAll<HTMLElement>("[data-composition-id]")) outside.add(dataset["compositionId"]!);
  for (const inside of [entry, ...entry.querySelectorAll<HTMLElement>("[data-composition-id]")])
    outside.delete(inside.dataset["compositionId"] ?? "");
  // What their timelines did to the entry, such as fading it in at its time, is undone.
  for (const [id, timeline] of registeredTimelines(view, null)) if (outside.has(id)) timeline.revert?.();
  entry.dataset["start"] = "0";
  const kept: Element[] = [...document.body.querySelectorAll(FOR_ALL)].filter((element) => !entry.contains(element));
  const copy: HTMLElement = withCopiesOfAncestors(entry);
  document.body.replaceChildren(...kept, copy);
  return outside;
}

/** A composition with a size of its own fills the frame; one without stays where it is in that of the page. */
export function placeAlone(entry: HTMLElement, page: HTMLElement): void {
  const { width, height } = entry.dataset;
  if (width !== undefined && height !== undefined) Object.assign(entry.style, { position: "fixed", left: "0", top: "0", margin: "0" });
  else Object.assign(entry.dataset, { width: page.dataset["width"], height: page.dataset["height"] });
}

/** The entry within empty copies of its ancestors up to the body. */
function withCopiesOfAncestors(entry: HTMLElement): HTMLElement {
  let copy: HTMLElement = entry;
  for (let above = entry.parentElement; above && above !== entry.ownerDocument.body; above = above.parentElement) {
    const shell = above.cloneNode(false) as HTMLElement;
    for (const name of ["data-start", "data-duration", "data-end", "data-composition-src"]) shell.removeAttribute(name);
    shell.append(copy);
    copy = shell;
  }
  return copy;
}
