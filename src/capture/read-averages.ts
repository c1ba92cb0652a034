import { blockAverages, type BlockAverages } from "../core/blocks.ts";
import type { BrowserPage } from "../core/browser.ts";
import type { Size } from "../core/frame.ts";

/**
 * Block averages that a page gave.
 *
 * @throws RenderError `page-failed` where they are not those of a picture of this size
 */
export function readAverages(page: BrowserPage, size: Size, rgb: Uint8Array): BlockAverages {
  const averages: BlockAverages = blockAverages(size, rgb);
  const expected: number = averages.columns * averages.rows * 3;
  if (averages.rgb.length === expected) return averages;
  throw page.refuse("block averages", `they have ${averages.rgb.length} bytes; a picture of ${size.width}×${size.height} has ${expected}`);
}
