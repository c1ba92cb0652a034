import type { PaintedRoot } from "./painted-roots.ts";
import { straightFrame } from "./pixels/straight-frame.ts";

/**
 * The stage: the composition lives in a same-origin iframe that is a direct child of a `layoutsubtree` canvas, and is
 * painted into it from its paint records, without the compositor (https://github.com/WICG/html-in-canvas).
 */
interface ElementCanvas extends HTMLCanvasElement {
  onpaint: (() => void) | null;
  requestPaint(): void;
}

interface ElementContext extends CanvasRenderingContext2D {
  drawElementImage(element: Element, x: number, y: number): void;
}

export interface Stage {
  /** The composition's window. */
  readonly view: Window;
  /** Begins to load a page. */
  load(url: string): void;
  /** Lets one rendering update pass, and says whether the composition's painting has changed since the last `draw`. */
  update(): Promise<boolean>;
  /** Paints the composition on white, as a browser shows a page without a background; on nothing where alpha is kept. */
  draw(): void;
  /** What is painted on. In the document. */
  readonly canvas: HTMLCanvasElement;
  /** The painted picture; the caller closes it. Making it is where the raster happens. */
  frame(timestampUs: number): VideoFrame;
  readPixels(): ImageData;
  pixelAt(x: number, y: number): readonly number[];
}

/**
 * Chromium loses `<canvas>` elements in the composition unless their paint offset is zero. Containment mends it for 2D and
 * WebGL alike; `:where` keeps the rule weaker than any of the author's.
 */
const CANVAS_STYLE = ":where(canvas) { contain: paint }";

export function openStage(width: number, height: number, alpha: boolean): Stage {
  const canvas: ElementCanvas = layoutCanvas(width, height);
  const composition: HTMLIFrameElement = document.createElement("iframe");
  composition.scrolling = "no";
  composition.style.cssText = `position:absolute;left:0;top:0;width:${width}px;height:${height}px;border:0`;
  // Nobody looks at the stage: the compositor need not draw it. `will-change` keeps Blink painting what is transparent.
  canvas.style.opacity = "0";
  canvas.style.willChange = "opacity";
  canvas.append(composition);
  const context = canvas.getContext("2d", { willReadFrequently: true }) as ElementContext;
  const nextUpdate: () => Promise<void> = openPacer();
  let isDamaged = true;
  canvas.onpaint = () => {
    isDamaged = true;
  };
  return {
    canvas,
    get view(): Window {
      return composition.contentWindow!;
    },
    load(url) {
      composition.src = url;
      isDamaged = true;
      canvas.requestPaint();
    },
    async update() {
      if (alpha) followColorScheme(composition);
      await nextUpdate();
      return isDamaged;
    },
    draw() {
      context.reset();
      if (!alpha && !hasOpaqueBackground(composition.contentDocument!)) {
        context.fillStyle = "#fff";
        context.fillRect(0, 0, width, height);
      }
      context.drawElementImage(composition, 0, 0);
      isDamaged = false;
    },
    frame: (timestamp) => (alpha ? straightFrame(context, timestamp) : new VideoFrame(canvas, { timestamp })),
    readPixels: () => context.getImageData(0, 0, width, height),
    pixelAt: (x, y) => [...context.getImageData(x, y, 1, 1).data],
  };
}

/** Whether the root's background, or the body's where the root has none, covers the whole picture (CSS Backgrounds 3, 2.11.2). */
function hasOpaqueBackground({ documentElement, body, defaultView }: Document): boolean {
  const root: CSSStyleDeclaration = defaultView!.getComputedStyle(documentElement);
  const painted: CSSStyleDeclaration = root.backgroundColor === TRANSPARENT && body ? defaultView!.getComputedStyle(body) : root;
  if (root.opacity !== "1" || root.backgroundImage !== "none") return false;
  return painted.backgroundColor.startsWith("rgb(") && painted.visibility === "visible" && painted.display !== "none";
}

const TRANSPARENT = "rgba(0, 0, 0, 0)";

/** A page in another colour scheme than its frame's gets an opaque backdrop (CSS Color Adjust 1, 2.4): its frame takes on the page's. */
function followColorScheme(frame: HTMLIFrameElement): void {
  const root: Element | undefined = frame.contentDocument?.documentElement;
  // The page may have gone to another origin, or be about to.
  if (!root) return;
  const { colorScheme } = frame.contentWindow!.getComputedStyle(root);
  const meta: HTMLMetaElement | null = root.querySelector("meta[name=color-scheme]");
  const scheme: string = colorScheme === "normal" ? (meta?.content ?? "") : colorScheme;
  if (frame.style.colorScheme !== scheme) frame.style.colorScheme = scheme;
}

/** Sees to it that the roots have the rule, which a page may have dropped with all its own sheets. */
export function styleCanvases(roots: Iterable<PaintedRoot>): void {
  for (const root of roots) {
    const owner: Document = root.ownerDocument ?? (root as Document);
    const view = owner.defaultView as (Window & typeof globalThis) | null;
    if (!view) continue;
    // A sheet belongs to one document and its shadow trees.
    let sheet: CSSStyleSheet | undefined = canvasSheets.get(owner);
    if (!sheet) {
      sheet = new view.CSSStyleSheet();
      sheet.replaceSync(CANVAS_STYLE);
      canvasSheets.set(owner, sheet);
    }
    if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets.push(sheet);
  }
}

const canvasSheets = new WeakMap<Document, CSSStyleSheet>();

/**
 * Without damage Chromium paces rendering updates at 60 Hz, so that a wait costs 17 ms. A canvas of one pixel that
 * changes at every update makes them follow each other at once.
 */
function openPacer(): () => Promise<void> {
  const canvas: ElementCanvas = layoutCanvas(1, 1);
  canvas.append(document.createElement("i"));
  const context = canvas.getContext("2d")!;
  const turns = new MessageChannel();
  let isLight = false;
  return async () => {
    await new Promise<void>((resolve) => {
      canvas.onpaint = () => {
        isLight = !isLight;
        context.fillStyle = isLight ? "#fff" : "#000";
        context.fillRect(0, 0, 1, 1);
        resolve();
      };
      canvas.requestPaint();
    });
    // Its handler can run before the stage's in the same update: one more task, and the damage is known.
    await new Promise<void>((resolve) => {
      turns.port1.onmessage = () => resolve();
      turns.port2.postMessage(0);
    });
  };
}

function layoutCanvas(width: number, height: number): ElementCanvas {
  const canvas = document.createElement("canvas") as ElementCanvas;
  if (typeof canvas.requestPaint !== "function") throw new Error("This browser has no HTML-in-canvas (CanvasDrawElement)");
  canvas.setAttribute("layoutsubtree", "");
  canvas.width = width;
  canvas.height = height;
  canvas.style.cssText = `position:fixed;left:0;top:0;width:${width}px;height:${height}px`;
  document.body.append(canvas);
  return canvas;
}
