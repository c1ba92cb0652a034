import type { PaintedRoot } from "./painted-roots.ts";

/**
 * Chromium paints a `<canvas>` inside an HTML-in-canvas element at its bitmap's size, whatever size CSS gives it: it comes
 * out unscaled. A transform is honoured, and changes no layout: so such a canvas is scaled by one for the moment of painting.
 */
export interface ScaledCanvases {
  /** Call after the seek, before the rendering update. */
  apply(): void;
  /** Call before the page's own code runs again: it must see the style that its author gave. */
  restore(): void;
}

export function scaledCanvases(roots: () => Iterable<PaintedRoot>): ScaledCanvases {
  const changed = new Map<HTMLCanvasElement, string | null>();
  return {
    apply() {
      for (const root of roots()) {
        for (const canvas of root.querySelectorAll("canvas")) {
          const style: string | null = scaledStyle(canvas);
          if (style === null) continue;
          changed.set(canvas, canvas.getAttribute("style"));
          canvas.style.cssText += style;
        }
      }
    },
    restore() {
      for (const [canvas, style] of changed) {
        if (style === null) canvas.removeAttribute("style");
        else canvas.setAttribute("style", style);
      }
      changed.clear();
    },
  };
}

/** What a transform would change the meaning of: the lengths in these are scaled with the canvas. */
const notScalable = ["translate", "rotate", "scale", "boxShadow", "filter", "clipPath", "maskImage", "backgroundImage"] as const;
const TRANSPARENT = "rgba(0, 0, 0, 0)";

/** Null where the canvas is painted right as it is, or where this cure does not fit: the comparison with screenshots stands guard. */
function scaledStyle(canvas: HTMLCanvasElement): string | null {
  const [width, height] = [canvas.offsetWidth, canvas.offsetHeight];
  if (width === 0 || height === 0 || canvas.width === 0 || canvas.height === 0) return null;
  if (Math.abs(width - canvas.width) <= 1 && Math.abs(height - canvas.height) <= 1) return null;
  const style: CSSStyleDeclaration = canvas.ownerDocument.defaultView!.getComputedStyle(canvas);
  const hasFrame: boolean =
    canvas.clientWidth !== width || canvas.clientHeight !== height || parseFloat(style.paddingLeft) + parseFloat(style.paddingTop) > 0;
  if (hasFrame || style.objectFit !== "fill" || style.borderRadius !== "0px" || style.backgroundColor !== TRANSPARENT) return null;
  if (notScalable.some((property) => style[property] !== "none")) return null;
  const [originX, originY] = style.transformOrigin.split(" ").map(parseFloat) as [number, number];
  const own: string =
    style.transform === "none" ? "" : `translate(${originX}px, ${originY}px) ${style.transform} translate(${-originX}px, ${-originY}px) `;
  // The bitmap may be larger than the box: then nothing may clip it before it is scaled down.
  const transform = `${own}scale(${width / canvas.width}, ${height / canvas.height})`;
  return `;transition:none!important;contain:none!important;overflow:visible!important;transform-origin:0 0!important;transform:${transform}!important`;
}
