/**
 * Evaluated in a world of its own, out of reach of the page's scripts: averages the picture that the browser took of the page. What a
 * capture is compared with must not be the page's own word.
 */
import { fromBase64, toBase64 } from "../../core/base64.ts";
import { averageBlocks } from "../../core/average-blocks.ts";

/** Block averages of a picture, as base64. */
async function averages(picture: string, type: string): Promise<string> {
  const bitmap: ImageBitmap = await createImageBitmap(new Blob([fromBase64(picture)], { type }));
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return toBase64(averageBlocks(context.getImageData(0, 0, width, height).data, width, height));
}

Object.assign(globalThis, { __framewrightAverages: averages });
