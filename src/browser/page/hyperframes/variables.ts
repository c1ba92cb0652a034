import type { HyperframesWindow } from "./hyperframes-window.ts";

export type Variables = Readonly<Record<string, unknown>>;

/** The defaults that an element declares in `data-composition-variables`: a list of `{ id, default }`. What is no such list declares nothing. */
export function declaredDefaults(element: Element): Variables {
  const declared: unknown = parsed(element.getAttribute("data-composition-variables"));
  if (!Array.isArray(declared)) return {};
  const defaults: Record<string, unknown> = {};
  for (const entry of declared as (Record<string, unknown> | null)[]) {
    if (typeof entry?.["id"] === "string" && "default" in entry) defaults[entry["id"]] = entry["default"];
  }
  return defaults;
}

/** The values that a host gives to its instance in `data-variable-values`: an object. */
export function givenValues(host: Element): Variables {
  const given: unknown = parsed(host.getAttribute("data-variable-values"));
  return isRecord(given) ? given : {};
}

/** Values that the render was given. */
export function renderValues(view: HyperframesWindow): Variables {
  return isRecord(view.__hfVariables) ? view.__hfVariables : {};
}

/** What `getVariables()` answers to scripts of the page itself. */
export function pageVariables(view: HyperframesWindow): Record<string, unknown> {
  return { ...pageDefaults(view.document), ...renderValues(view) };
}

/** Of the root element first; what is declared further down counts more. */
function pageDefaults(document: Document): Variables {
  return Object.assign({}, ...[...document.querySelectorAll("[data-composition-variables]")].map(declaredDefaults)) as Variables;
}

/** Names of a theme, which belong to the page that holds a composition: a variable does not write them. */
const THEME_NAMES: ReadonlySet<string> = new Set(
  "accent accent-2 accent-3 accent2 bg border brand fg ink muted primary secondary surface tertiary text".split(" "),
);

/**
 * Gives an element its variables as custom properties: `--hf-var-<name>`, and `--<name>` where it is no name of a theme.
 *
 * @param winning values that count more than what style sheets say; the others less
 */
export function setCustomProperties(element: HTMLElement, values: Variables, winning: Variables): void {
  const computed: CSSStyleDeclaration = element.ownerDocument.defaultView!.getComputedStyle(element);
  for (const [id, value] of Object.entries(values)) {
    const text: string | null = cssValue(value);
    if (text === null) continue;
    const name: string = id.toLowerCase().replaceAll(/[^a-z0-9-]/g, "-");
    for (const property of [`--hf-var-${name}`, ...(THEME_NAMES.has(name) ? [] : [`--${name}`, `--${id}`])]) {
      if (id in winning || computed.getPropertyValue(property) === "") element.style.setProperty(property, text);
    }
  }
}

/** What would end the declaration is left out. */
function cssValue(value: unknown): string | null {
  const plain: unknown = isRecord(value) ? value["name"] : value;
  if (!["string", "number", "boolean"].includes(typeof plain) || plain === "") return null;
  return String(plain).replaceAll(/[;{}<>\r\n]/g, "");
}

/** Elements whose `src` is a picture or sound, never a script. */
const BOUND_SOURCES = "img[data-var-src], video[data-var-src], audio[data-var-src], source[data-var-src]";

/**
 * Puts variables where `data-var-text` and `data-var-src` ask for them.
 *
 * @param valuesFor the variables of the composition that an element belongs to
 */
export function bindVariables(root: ParentNode, valuesFor: (element: Element) => Variables): void {
  for (const element of root.querySelectorAll<HTMLElement>("[data-var-text]")) {
    const value: unknown = valuesFor(element)[element.dataset["varText"]!.trim()];
    if (["string", "number", "boolean"].includes(typeof value)) setOwnText(element, String(value));
  }
  for (const element of root.querySelectorAll<HTMLMediaElement>(BOUND_SOURCES)) {
    const value: unknown = valuesFor(element)[element.dataset["varSrc"]!.trim()];
    const url: unknown = isRecord(value) ? value["url"] : value;
    if (typeof url === "string" && url !== "" && !/^\s*(javascript|vbscript|data:text)/i.test(url)) element.setAttribute("src", url);
  }
}

/** Leaves its elements as they are: they may be clips. */
function setOwnText(element: Element, text: string): void {
  const [first, ...others] = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE);
  for (const other of others) other.nodeValue = "";
  if (first) first.nodeValue = text;
  else element.prepend(text);
}

function parsed(json: string | null): unknown {
  try {
    return json === null ? null : JSON.parse(json);
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
