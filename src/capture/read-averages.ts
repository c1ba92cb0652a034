import { fromBase64 } from "../core/base64.ts";
import { blockAverages, type BlockAverages } from "../core/blocks.ts";
import type { BrowserPage } from "../core/browser.ts";
import type { Size } from "../core/frame.ts";

/**
 * Block averages that a page gave as base64.
 *
 * @throws RenderError `page-failed` where they are not those of a picture of this size
 */
export function readAverages(page: BrowserPage, size: Size, text: string): BlockAverages {
  const averages: BlockAverages = blockAverages(size, fromBase64(text));
  const expected: number = averages.columns * averages.rows * 3;
  if (averages.rgb.length === expected) return averages;
  throw page.refuse("block averages", `they have ${averages.rgb.length} bytes; a picture of ${size.width}×${size.height} has ${expected}`);
}
