/** Documents and open shadow trees of a window and of its frames of the same origin: everything that it paints. */
export function* paintedRoots(view: Window): Generator<Document | ShadowRoot> {
  yield* treeRoots(view.document);
}

function* treeRoots(root: Document | ShadowRoot): Generator<Document | ShadowRoot> {
  yield root;
  for (const element of root.querySelectorAll("*")) {
    if (element.shadowRoot) yield* treeRoots(element.shadowRoot);
    const inner: Document | null = element.localName === "iframe" ? frameDocument(element as HTMLIFrameElement) : null;
    if (inner) yield* treeRoots(inner);
  }
}

/** Null for a frame of another origin. */
function frameDocument(frame: HTMLIFrameElement): Document | null {
  try {
    return frame.contentDocument;
  } catch {
    return null;
  }
}
