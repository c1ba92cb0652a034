/** A composition of a file or template, mounted in its host. */
export interface Scope {
  readonly host: HTMLElement;
  /** Its id in this page: where a composition is mounted twice, each has its own. */
  readonly id: string;
  /** The ids by which its author may call it: that of the host, and that inside. */
  readonly authoredIds: readonly string[];
  /** The `id` attribute that its root had: other compositions may use the same. */
  readonly rootId: string | null;
  /** For messages: the file as its author wrote it. */
  readonly source: string;
  readonly url: string;
}

/** Marks the element that was the root of a mounted composition, within its host. */
export const INNER_ROOT = "data-hf-inner-root";
/** Keeps the `id` attribute that the root had. */
export const AUTHORED_ID = "data-hf-authored-id";
/** Keeps the composition id that a host had, where it is mounted more than once. */
export const ORIGINAL_ID = "data-hf-original-composition-id";

export function hostSelector({ id }: Scope): string {
  return `[data-composition-id="${CSS.escape(id)}"]`;
}

/** Lets a selector that its author wrote for the file find the mounted root: by its `id`, and by its composition id. */
export function renamedSelector(selector: string, scope: Scope): string {
  let renamed: string = selector;
  if (scope.rootId !== null) {
    const byId = new RegExp(String.raw`#${escapedForPattern(CSS.escape(scope.rootId))}(?![\w-])`, "g");
    renamed = outsideStrings(renamed, (part) => part.replaceAll(byId, `[${AUTHORED_ID}="${CSS.escape(scope.rootId!)}"]`));
  }
  for (const authored of scope.authoredIds) {
    const id: string = escapedForPattern(authored);
    const timing = String.raw`(?:\s*\[\s*data-(?:start|duration)\b[^\]]*\])*`;
    const byComposition = new RegExp(String.raw`\[\s*data-composition-id\s*=\s*(?:"${id}"|'${id}'|${id})\s*\]${timing}`, "g");
    renamed = renamed.replaceAll(byComposition, hostSelector(scope));
  }
  return renamed;
}

/** The parts of a list of selectors. */
export function splitSelectors(list: string): string[] {
  const parts: string[] = [];
  let [depth, quote, from] = [0, "", 0];
  for (let at = 0; at < list.length; at++) {
    const character: string = list[at]!;
    if (character === "\\") at++;
    else if (quote !== "") quote = character === quote ? "" : quote;
    else if (character === '"' || character === "'") quote = character;
    else if ("([".includes(character)) depth++;
    else if (")]".includes(character)) depth--;
    else if (character === "," && depth === 0) {
      parts.push(list.slice(from, at));
      from = at + 1;
    }
  }
  return [...parts, list.slice(from)].map((part) => part.trim());
}

/** Changes what stands outside brackets and strings. */
function outsideStrings(selector: string, change: (part: string) => string): string {
  return selector
    .split(/(\[[^\]]*\]|"[^"]*"|'[^']*')/)
    .map((part, index) => (index % 2 === 0 ? change(part) : part))
    .join("");
}

function escapedForPattern(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
