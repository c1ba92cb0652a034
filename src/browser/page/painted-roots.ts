import { SHELL_PATH } from "../messages.ts";

/** A tree that is painted: a document of the composition or of one of its frames, or a shadow tree in them. */
export type PaintedRoot = Document | ShadowRoot;

type Registry = WeakRef<PaintedRoot>[];

const KEY = "__framewrightRoots";

/** Where the roots of a window's composition are remembered; null in our own documents, and in frames of another origin. */
export function registryOf(view: Window): Registry | null {
  const holder = compositionWindow(view) as Record<string, Registry | undefined> | null;
  return holder === null ? null : (holder[KEY] ??= []);
}

/** The window of the composition that a frame belongs to; null for our own documents, and for frames of another origin. */
export function compositionWindow(view: Window): (Window & object) | null {
  let top: Window = view;
  try {
    if (isShell(top)) return null;
    while (top.parent !== top && !isShell(top.parent)) top = top.parent;
    return top;
  } catch {
    return null;
  }
}

export function remember(registry: Registry, root: PaintedRoot): void {
  registry.push(new WeakRef(root));
}

/** @throws SecurityError for a window of another origin */
function isShell(view: Window): boolean {
  return view.location.pathname === SHELL_PATH;
}

/** Every root that is painted now: those in the tree, and those that were remembered as they came. */
export function paintedRoots(view: Window): PaintedRoot[] {
  const roots = new Set<PaintedRoot>(treeRoots(view.document));
  return [...roots, ...rememberedRoots(view, roots)];
}

/** Those that were remembered as they came, without a walk through the tree: quick enough for every frame. */
function rememberedRoots(view: Window, besides: ReadonlySet<PaintedRoot>): PaintedRoot[] {
  const registry: Registry | null = registryOf(view);
  if (registry === null) return [];
  return registry.flatMap((reference) => {
    const root: PaintedRoot | undefined = reference.deref();
    const isShown: boolean = root !== undefined && root.isConnected && (root.ownerDocument ?? (root as Document)).defaultView !== null;
    return isShown && !besides.has(root!) ? [root!] : [];
  });
}

/** Those that are painted at each call: what is there now is found by one walk, and what comes later as it is remembered. */
export function rootsFromNow(view: Window): () => PaintedRoot[] {
  const found: ReadonlySet<PaintedRoot> = new Set(paintedRoots(view));
  return () => [...found, ...rememberedRoots(view, found)];
}

function* treeRoots(root: PaintedRoot): Generator<PaintedRoot> {
  yield root;
  for (const element of root.querySelectorAll("*")) {
    if (element.shadowRoot) yield* treeRoots(element.shadowRoot);
    const inner: Document | null = element.localName === "iframe" ? frameDocument(element as HTMLIFrameElement) : null;
    if (inner) yield* treeRoots(inner);
  }
}

/** Null for a frame of another origin. */
export function frameDocument(frame: HTMLIFrameElement): Document | null {
  try {
    return frame.contentDocument;
  } catch {
    return null;
  }
}
