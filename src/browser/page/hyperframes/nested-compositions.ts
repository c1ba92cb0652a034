import type { HyperframesWindow } from "./hyperframes-window.ts";
import { flattenRoot, pixels, readFile, readTemplate, type NestedFile, type NestedScript } from "./nested-file.ts";
import { CompositionFault, inTime, nameOf, type OpeningContext } from "./problems.ts";
import { ORIGINAL_ID, type Scope } from "./scope.ts";
import { runScopedScript } from "./run-scoped-script.ts";
import { scopedGlobals, type ScopedGlobals } from "./scoped-script.ts";
import { scopedStyle } from "./scoped-style.ts";
import { bindVariables, givenValues, renderValues, setCustomProperties, type Variables } from "./variables.ts";

/** A composition that was fetched, or taken from a template, and mounted in its host. */
export interface Nested {
  readonly scope: Scope;
  readonly variables: Variables;
  readonly scripts: readonly NestedScript[];
  /** What its scripts threw, in words. */
  readonly thrown: string[];
}

interface Host {
  readonly element: HTMLElement;
  /** Null for one that names a template of the page. */
  readonly url: string | null;
  readonly source: string;
  readonly authoredId: string | null;
}

/** Mounts the compositions of other files and of templates in the page, those in them too, and runs their scripts in order of the document. */
export class NestedCompositions {
  readonly #view: HyperframesWindow;
  readonly #context: OpeningContext;
  readonly #mounted = new Map<HTMLElement, Nested>();

  constructor(view: HyperframesWindow, context: OpeningContext) {
    this.#view = view;
    this.#context = context;
  }

  get all(): readonly Nested[] {
    return [...this.#mounted.values()];
  }

  /** @throws Error that names the file which cannot be had, or which contains itself */
  async mountAll(root: HTMLElement): Promise<void> {
    for (let hosts = this.#hostsIn(root); hosts.length > 0; hosts = this.#hostsIn(root)) {
      const mounted: Nested[] = [];
      // What is in a mounted file is mounted before any script runs: scripts then find the whole tree.
      for (let wave = hosts; wave.length > 0; wave = this.#hostsIn(root)) {
        this.#nameInstances(wave);
        const files: NestedFile[] = await Promise.all(wave.map((host) => this.#read(host)));
        wave.forEach((host, index) => mounted.push(this.#mount(host, files[index]!)));
      }
      await this.#runScripts(mounted);
    }
  }

  #hostsIn(root: HTMLElement): Host[] {
    const { baseURI } = this.#view.document;
    return [root, ...root.querySelectorAll<HTMLElement>("[data-composition-src], [data-composition-id]")].flatMap((element): Host[] => {
      if (this.#mounted.has(element)) return [];
      const authoredId: string | null = element.dataset["compositionId"]?.trim() || null;
      const source: string | undefined = element.dataset["compositionSrc"]?.trim();
      if (source) return [{ element, url: new URL(source, baseURI).href, source, authoredId }];
      if (authoredId === null || element.childElementCount > 0 || !this.#templateOf(authoredId)) return [];
      return [{ element, url: null, source: `#${authoredId}-template`, authoredId }];
    });
  }

  #templateOf(id: string): HTMLTemplateElement | null {
    return this.#view.document.querySelector(`template#${CSS.escape(`${id}-template`)}`);
  }

  /** Instances of one composition register their timelines under ids of their own. */
  #nameInstances(hosts: readonly Host[]): void {
    const { document } = this.#view;
    for (const id of new Set(hosts.flatMap(({ authoredId }) => authoredId ?? []))) {
      const instances: Host[] = hosts.filter(({ authoredId }) => authoredId === id);
      const others: number = document.querySelectorAll(`[${ORIGINAL_ID}="${CSS.escape(id)}"]`).length;
      if (instances.length + others < 2) continue;
      instances.forEach(({ element }, index) => {
        element.setAttribute(ORIGINAL_ID, id);
        element.dataset["compositionId"] = `${id}__hf${others + index + 1}`;
      });
    }
  }

  async #read(host: Host): Promise<NestedFile> {
    const { authoredId, source, url, element } = host;
    const template: HTMLTemplateElement | null = authoredId === null ? null : this.#templateOf(authoredId);
    if (template) return readTemplate(template, authoredId!, url ?? this.#view.document.baseURI);
    const what = `the composition ${nameOf(element)} (data-composition-src="${source}")`;
    this.#refuseCycle(host, what);
    return readFile(await inTime(this.#fetch(url!, what), `${what} from ${url}`, this.#context), authoredId, url!);
  }

  #refuseCycle({ element, url }: Host, what: string): void {
    const files: string[] = [];
    for (let above = element.parentElement; above; above = above.parentElement) {
      const nested: Nested | undefined = this.#mounted.get(above);
      if (nested) files.unshift(nested.scope.url);
    }
    if (files.includes(url!))
      throw new CompositionFault(`Loading ${what} would never end, for the file contains itself: ${[...files, url].join(" → ")}`);
  }

  async #fetch(url: string, what: string): Promise<string> {
    const advice = "Paths begin at the folder of the page that is rendered; correct data-composition-src, or put the file there";
    const response: Response = await this.#view.fetch(url).catch((cause: unknown) => {
      throw new CompositionFault(`Loading ${what} failed: ${url} cannot be reached. ${advice}`, { cause });
    });
    if (!response.ok)
      throw new CompositionFault(
        `Loading ${what} failed: ${url} answered ${response.status} ${response.statusText}`.trimEnd() + `. ${advice}`,
      );
    return response.text();
  }

  #mount({ element, authoredId, source, url }: Host, file: NestedFile): Nested {
    const { document } = this.#view;
    // A host without an id takes that of what it holds.
    if (authoredId === null && file.id !== null) element.dataset["compositionId"] = file.id;
    const ids: (string | null)[] = [authoredId, file.id];
    const scope: Scope = {
      host: element,
      id: element.dataset["compositionId"] ?? "",
      authoredIds: [...new Set(ids.filter((id) => id !== null))],
      rootId: file.rootId,
      source,
      url: url ?? document.baseURI,
    };
    if (file.root) this.#takeOver(element, file.root, file.rootId);
    element.replaceChildren(document.adoptNode(file.content));
    this.#addToHead(file, scope);
    const variables: Variables = { ...file.defaults, ...givenValues(element) };
    const winning: Variables = renderValues(this.#view);
    setCustomProperties(element, { ...variables, ...winning }, winning);
    bindVariables(element, () => ({ ...variables, ...winning }));
    const nested: Nested = { scope, variables, scripts: file.scripts, thrown: [] };
    this.#mounted.set(element, nested);
    return nested;
  }

  /** The host shows what its file says of size and, where it says nothing itself, of length. */
  #takeOver(host: HTMLElement, root: HTMLElement, rootId: string | null): void {
    const { width, height, duration } = root.dataset;
    if (width !== undefined) host.dataset["width"] = width;
    if (height !== undefined) host.dataset["height"] = height;
    host.style.width = pixels(width) ?? host.style.width;
    host.style.height = pixels(height) ?? host.style.height;
    if (duration !== undefined && host.dataset["duration"] === undefined && host.dataset["end"] === undefined)
      host.dataset["duration"] = duration;
    if (root.dataset["noTimeline"] !== undefined) host.dataset["noTimeline"] = "";
    flattenRoot(root, rootId);
  }

  #addToHead({ links, styles }: NestedFile, scope: Scope): void {
    const { document } = this.#view;
    const known = new Set<string>([...document.querySelectorAll<HTMLLinkElement>("link[rel]")].map(({ rel, href }) => `${rel} ${href}`));
    document.head.append(...links.filter(({ rel, href }) => !known.has(`${rel} ${href}`)));
    for (const css of styles) {
      const style: HTMLStyleElement = document.createElement("style");
      style.textContent = scope.id === "" ? css : scopedStyle(css, scope);
      document.head.append(style);
    }
  }

  async #runScripts(mounted: readonly Nested[]): Promise<void> {
    const { document } = this.#view;
    const inOrder: Nested[] = mounted.filter(({ scripts }) => scripts.length > 0).toSorted((a, b) => orderOf(a, b));
    // Texts are measured by scripts.
    if (inOrder.length > 0) await inTime(document.fonts.ready, "the fonts of the page", this.#context);
    for (const nested of inOrder) {
      for (const script of nested.scripts) {
        // A library that the page, or another of its compositions, has already would be a second one.
        if ("url" in script && [...document.scripts].some(({ src }) => src === script.url)) continue;
        const globals: ScopedGlobals = scopedGlobals(this.#view, nested.scope, nested.variables);
        const thrown: string | null = await runScopedScript(this.#view, script, globals, nested.scope, this.#context);
        if (thrown !== null) nested.thrown.push(thrown);
      }
    }
  }
}

function orderOf(a: Nested, b: Nested): number {
  return a.scope.host.compareDocumentPosition(b.scope.host) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1;
}
