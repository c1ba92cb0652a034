import { realTime } from "../clock/real-time.ts";
import type { AnimatedPicture } from "./animated-picture.ts";
import { bitmapFile } from "./bitmap-file.ts";

/** A frame of a picture that a document can show at once: it is decoded, and stays so while this is kept. */
export interface Still {
  readonly url: string;
  readonly image: HTMLImageElement;
  readonly bytes: number;
}

/** Bytes of stills that are kept. */
const KEPT_BYTES = 128 * 2 ** 20;
/** Longest wait for a still that has arrived to be decoded, in milliseconds. */
const DECODED_MS = 50;

/** Frames of pictures as stills; those that were asked for last are kept. */
export class Stills {
  /** The one that was asked for last is the last. */
  readonly #kept = new Map<Promise<Still>, { readonly picture: AnimatedPicture; readonly index: number }>();
  readonly #known = new WeakMap<AnimatedPicture, Map<number, Promise<Still>>>();
  #keptBytes = 0;

  /** @param picture one for each document that shows it */
  of(picture: AnimatedPicture, index: number, document: Document): Promise<Still> {
    const ofPicture: Map<number, Promise<Still>> = this.#known.get(picture) ?? new Map<number, Promise<Still>>();
    this.#known.set(picture, ofPicture);
    const still: Promise<Still> = ofPicture.get(index) ?? this.#make(picture, index, document);
    ofPicture.set(index, still);
    this.#kept.delete(still);
    this.#kept.set(still, { picture, index });
    return still;
  }

  async #make(picture: AnimatedPicture, index: number, document: Document): Promise<Still> {
    const frame: VideoFrame = await picture.decode(index);
    const file: Blob = await bitmapFile(frame).finally(() => frame.close());
    const url: string = URL.createObjectURL(file);
    this.#keptBytes += file.size;
    await this.#letGo();
    return { url, image: await decodedImage(url, document), bytes: file.size };
  }

  async #letGo(): Promise<void> {
    for (const [oldest, { picture, index }] of this.#kept) {
      if (this.#keptBytes <= KEPT_BYTES || this.#kept.size === 1) return;
      this.#kept.delete(oldest);
      this.#known.get(picture)!.delete(index);
      const { url, bytes } = await oldest;
      URL.revokeObjectURL(url);
      this.#keptBytes -= bytes;
    }
  }
}

/** Where frames of the page come only with pictures, none comes now, and with it no word that a picture is decoded. */
async function decodedImage(url: string, document: Document): Promise<HTMLImageElement> {
  const image: HTMLImageElement = document.createElement("img");
  const arrived = new Promise((resolve) => image.addEventListener("load", resolve, { once: true }));
  image.src = url;
  const decoded: Promise<void> = image.decode();
  await arrived;
  await Promise.race([decoded, new Promise<void>((resolve) => void realTime.setTimeout(resolve, DECODED_MS))]);
  return image;
}
