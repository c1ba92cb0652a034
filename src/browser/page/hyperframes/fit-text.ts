import type { FitTextOptions, FittedText } from "./hyperframes-window.ts";

/** The largest font size at which a text fits into one line: down from the largest in steps, down to the least. */
export function fitTextFontSize(view: Window, text: string, options: FitTextOptions = {}): FittedText {
  const { maxWidth = 1600, baseFontSize = 78, minFontSize = 42, fontWeight = 900, fontFamily = "Outfit", step = 2 } = options;
  const context: CanvasRenderingContext2D = view.document.createElement("canvas").getContext("2d")!;
  const fits = (size: number): boolean => {
    context.font = `${fontWeight} ${size}px ${fontFamily}`;
    return context.measureText(text).width <= maxWidth;
  };
  for (let size = baseFontSize; size >= minFontSize; size -= Math.max(step, 0.1)) if (fits(size)) return { fontSize: size, fits: true };
  return { fontSize: minFontSize, fits: false };
}
