import { straightFrame } from "./pixels/straight-frame.ts";
import { singleCanvas } from "./single-canvas.ts";
import type { Stage } from "./stage.ts";

/**
 * A stage for a page that is one canvas: its bitmap is read as it is, and nothing is painted. The composition lies in a
 * frame that nobody sees: what is not presented keeps its WebGL drawing buffer, also where the page did not ask for that.
 */
export function openCanvasStage(width: number, height: number, alpha: boolean): Stage {
  const composition: HTMLIFrameElement = document.createElement("iframe");
  composition.scrolling = "no";
  composition.style.cssText = `position:absolute;left:0;top:0;width:${width}px;height:${height}px;border:0;visibility:hidden`;
  document.body.append(composition);
  const picture: HTMLCanvasElement = document.createElement("canvas");
  Object.assign(picture, { width, height });
  picture.style.display = "none";
  document.body.append(picture);
  const context = picture.getContext("2d", { alpha, willReadFrequently: true })!;
  return {
    canvas: picture,
    get view(): Window {
      return composition.contentWindow!;
    },
    load(url) {
      composition.src = url;
    },
    // What was drawn stands in the bitmap at once. Whether it changed only the pixels tell.
    update: async () => true,
    draw() {
      const view: Window = composition.contentWindow!;
      const canvas: HTMLCanvasElement = readableCanvas(view);
      if (alpha) context.clearRect(0, 0, width, height);
      for (const color of [...(alpha ? [] : ["#fff"]), ...backgroundsOf(view, canvas)]) {
        context.fillStyle = color;
        context.fillRect(0, 0, width, height);
      }
      context.imageSmoothingEnabled = view.getComputedStyle(canvas).imageRendering === "auto";
      context.drawImage(canvas, 0, 0, width, height);
    },
    frame: (timestamp) => (alpha ? straightFrame(context, timestamp) : new VideoFrame(picture, { timestamp })),
    readPixels: () => context.getImageData(0, 0, width, height),
    pixelAt: (x, y) => [...context.getImageData(x, y, 1, 1).data],
  };
}

/** @throws Error where the page shows more than its canvas by now, or has given it to a worker */
function readableCanvas(view: Window): HTMLCanvasElement {
  const canvas: HTMLCanvasElement | null = singleCanvas(view);
  if (canvas === null) throw new Error("the page shows more, or less, than one canvas that fills it");
  try {
    // No such context: the answer is null, unless the canvas is drawn to from elsewhere, at a time of its own.
    canvas.getContext("none");
  } catch {
    throw new Error("the page has transferred its canvas to an OffscreenCanvas");
  }
  return canvas;
}

/** The colours that lie below the canvas, from the back. @throws Error where there is more than a colour */
function backgroundsOf(view: Window, canvas: HTMLCanvasElement): string[] {
  const colors: string[] = [];
  for (let element: Element | null = canvas; element; element = element.parentElement) {
    const { backgroundColor, backgroundImage } = view.getComputedStyle(element);
    if (backgroundImage !== "none") throw new Error("a picture or gradient lies below the canvas");
    if (backgroundColor !== TRANSPARENT) colors.unshift(backgroundColor);
  }
  return colors;
}

const TRANSPARENT = "rgba(0, 0, 0, 0)";
