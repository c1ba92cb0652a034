import { AUTHORED_ID, INNER_ROOT } from "./scope.ts";
import { declaredDefaults, type Variables } from "./variables.ts";

/** The file or template of a composition, taken apart. */
export interface NestedFile {
  /** What is shown: the root, or all that there is. */
  readonly content: Node;
  /** The root of the composition among it; null where it declares none of the id that was asked for. */
  readonly root: HTMLElement | null;
  /** The composition id that it declares first. */
  readonly id: string | null;
  /** The `id` attribute that the root had. */
  readonly rootId: string | null;
  readonly defaults: Variables;
  readonly styles: readonly string[];
  readonly links: readonly HTMLLinkElement[];
  readonly scripts: readonly NestedScript[];
}

/** A script of its own file, or its text. */
export type NestedScript = { readonly type: string; readonly url: string } | { readonly type: string; readonly text: string };

interface Parts {
  readonly html: Element | null;
  readonly head: ParentNode | null;
  /** Its nodes are taken. */
  readonly content: DocumentFragment;
}

const SCRIPT_TYPES = /^(?:|module|importmap|(?:text|application)\/(?:x-)?(?:java|ecma)script)$/i;
const LINKS = "link[rel~=stylesheet], link[rel~=preconnect]";
/** What the host says, not what is in it. */
const HOST_ATTRIBUTES: readonly string[] = [
  "data-composition-id",
  "data-start",
  "data-duration",
  "data-end",
  "data-composition-variables",
  "id",
];

/** @param id the composition that its host asks for; null where the host has no id */
export function readFile(html: string, id: string | null, url: string): NestedFile {
  const document: Document = new DOMParser().parseFromString(html, "text/html");
  resolvePaths(document, url);
  const own: HTMLTemplateElement | null = id === null ? null : document.querySelector(`template#${CSS.escape(`${id}-template`)}`);
  const template: HTMLTemplateElement | null = own ?? document.querySelector("template");
  const content: DocumentFragment = new DocumentFragment();
  content.append(...(template?.content ?? document.body).childNodes);
  // The head of a file with a template is for those who open the file alone; but fonts may come by its links.
  const head: DocumentFragment = new DocumentFragment();
  head.append(...[...document.head.children].filter((element) => template === null || element.matches(LINKS)));
  return takeApart({ html: document.documentElement, head, content }, id, url);
}

/** @param url against which its scripts are resolved */
export function readTemplate(template: HTMLTemplateElement, id: string, url: string): NestedFile {
  return takeApart({ html: null, head: null, content: template.content.cloneNode(true) as DocumentFragment }, id, url);
}

function takeApart({ html, head, content }: Parts, id: string | null, url: string): NestedFile {
  const all = <Found extends Element>(selector: string): Found[] => [
    ...(head?.querySelectorAll<Found>(selector) ?? []),
    ...content.querySelectorAll<Found>(selector),
  ];
  const scripts: HTMLScriptElement[] = all<HTMLScriptElement>("script").filter(({ type }) => SCRIPT_TYPES.test(type.trim()));
  const [styles, links] = [all<HTMLStyleElement>("style"), all<HTMLLinkElement>(LINKS)];
  for (const element of [...scripts, ...styles, ...links]) element.remove();
  const declaring: HTMLElement[] = [...content.querySelectorAll<HTMLElement>("[data-composition-id]")];
  const root: HTMLElement | null = (id === null ? declaring[0] : declaring.find((one) => one.dataset["compositionId"] === id)) ?? null;
  const taken = {
    root,
    id: declaring[0]?.dataset["compositionId"] ?? null,
    rootId: root?.getAttribute("id") || null,
    defaults: { ...(html && declaredDefaults(html)), ...(root && declaredDefaults(root)) },
    styles: styles.map(({ textContent }) => textContent),
    links: links.map((link) => withAbsoluteHref(link, url)),
    scripts: scripts.flatMap((script) => scriptOf(script, url)),
  };
  return { ...taken, content: root ?? content };
}

/** Readies the root to stand in its host, which now has its id. What the root says of its size and length stays to be read. */
export function flattenRoot(root: HTMLElement, rootId: string | null): void {
  for (const name of HOST_ATTRIBUTES) root.removeAttribute(name);
  root.setAttribute(INNER_ROOT, "true");
  if (rootId !== null) root.setAttribute(AUTHORED_ID, rootId);
  root.style.width = pixels(root.dataset["width"]) ?? "100%";
  root.style.height = pixels(root.dataset["height"]) ?? "100%";
}

/** A number of pixels as CSS writes it; null for what is none. */
export function pixels(text: string | null | undefined): string | null {
  const value: number = Number.parseFloat(text ?? "");
  return value > 0 && Number.isFinite(value) ? `${value}px` : null;
}

function withAbsoluteHref(link: HTMLLinkElement, url: string): HTMLLinkElement {
  link.href = new URL(link.getAttribute("href") ?? "", url).href;
  return link;
}

function scriptOf(script: HTMLScriptElement, url: string): NestedScript[] {
  const type: string = script.type.trim();
  const src: string = script.getAttribute("src")?.trim() ?? "";
  if (src !== "") return [{ type, url: resolved(src, url) }];
  return script.textContent.trim() === "" ? [] : [{ type, text: script.textContent }];
}

/** Paths begin at the folder of the page; those that say "./" or "../" at that of the file. */
function resolved(path: string, url: string): string {
  return new URL(path, path.startsWith(".") ? url : document.baseURI).href;
}

/** Pictures and sounds are found from the page; only paths that go up are meant from the file. */
function resolvePaths(root: Document | DocumentFragment, url: string): void {
  const upwards = (path: string): string => (path.trim().startsWith("../") ? new URL(path.trim(), url).href : path);
  const inCss = (css: string): string =>
    css.replaceAll(/url\(\s*(["']?)(\.\.\/[^"')]*)\1\s*\)/g, (_, quote: string, path: string) => `url(${quote}${upwards(path)}${quote})`);
  for (const element of root.querySelectorAll("[src], [href], [poster]")) {
    if (element.localName === "script" || element.localName === "link") continue;
    for (const name of ["src", "href", "poster"]) {
      const path: string | null = element.getAttribute(name);
      if (path?.trim().startsWith("../")) element.setAttribute(name, upwards(path));
    }
  }
  for (const element of root.querySelectorAll<HTMLElement>('[style*="url("]'))
    element.setAttribute("style", inCss(element.getAttribute("style")!));
  for (const style of root.querySelectorAll("style")) style.textContent = inCss(style.textContent);
  for (const template of root.querySelectorAll("template")) resolvePaths(template.content, url);
}
