/** What carries no picture of its own. */
const UNSEEN: ReadonlySet<string> = new Set(["script", "style", "link", "meta", "template", "noscript", "title"]);

/** The canvas that is all that a page shows, covering the whole of it; null where there is more, or less. */
export function singleCanvas(view: Window): HTMLCanvasElement | null {
  let holder: Element | null = view.document.body;
  while (holder && holder.localName !== "canvas") {
    const shown: Element[] = [...holder.children].filter(({ localName }) => !UNSEEN.has(localName));
    const hasText: boolean = [...holder.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent!.trim() !== "");
    if (shown.length !== 1 || hasText || holder.shadowRoot || hasPseudoElements(view, holder)) return null;
    holder = shown[0]!;
  }
  return holder && fills(view, holder as HTMLCanvasElement) ? (holder as HTMLCanvasElement) : null;
}

function hasPseudoElements(view: Window, element: Element): boolean {
  return ["::before", "::after"].some((pseudo) => view.getComputedStyle(element, pseudo).content !== "none");
}

/** Whether its bitmap is shown as it is, over the whole view. */
function fills(view: Window, canvas: HTMLCanvasElement): boolean {
  const { left, top, width, height } = canvas.getBoundingClientRect();
  const isWhole: boolean = left === 0 && top === 0 && width === view.innerWidth && height === view.innerHeight;
  const style: CSSStyleDeclaration = view.getComputedStyle(canvas);
  const plain: Readonly<Record<string, string>> = {
    filter: "none",
    transform: "none",
    opacity: "1",
    mixBlendMode: "normal",
    clipPath: "none",
    maskImage: "none",
    borderTopWidth: "0px",
    paddingTop: "0px",
    borderTopLeftRadius: "0px",
    visibility: "visible",
  };
  return isWhole && Object.entries(plain).every(([name, value]) => style[name as never] === value);
}
