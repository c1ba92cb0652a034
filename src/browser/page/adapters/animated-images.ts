import { realTime } from "../clock/real-time.ts";
import type { Adapter, AdapterPage } from "./adapter.ts";
import { animatedPicture, type AnimatedPicture } from "./animated-picture.ts";
import { NewElements } from "./new-elements.ts";
import { Stills, type Still } from "./stills.ts";

/** An `<img>` whose picture has several frames. */
interface ShownImage {
  readonly picture: AnimatedPicture;
  /** When it came, in seconds of the composition. */
  readonly startSeconds: number;
  readonly endSeconds: number | null;
  /** The still that was laid over it last. */
  still: string | null;
}

/** Longest wait for the bytes of a picture, which the page has loaded already, in milliseconds. */
const FETCH_MS = 5_000;

/**
 * Animated GIF, WebP, PNG and AVIF pictures in `<img>` elements, which a browser plays in real time: each frame is laid over the
 * element as a still, by the CSS property `content`, which leaves the attributes and the size as they are.
 */
export function animatedImagesAdapter(): Adapter {
  return new AnimatedImages();
}

class AnimatedImages implements Adapter {
  readonly name = "animated-images";
  readonly runs = "before-frames";
  readonly #elements = new NewElements<HTMLImageElement>("img");
  readonly #shown = new Map<HTMLImageElement, ShownImage>();
  /** The address that each had when it was looked at last. */
  readonly #lookedAt = new WeakMap<HTMLImageElement, string>();
  readonly #pictures = new WeakMap<Document, Map<string, Promise<AnimatedPicture | null>>>();
  readonly #looks = new Set<Promise<void>>();
  readonly #heard = new WeakSet<Document | ShadowRoot>();
  readonly #stills = new Stills();
  #page!: AdapterPage;

  discover(page: AdapterPage): boolean {
    this.#page = page;
    for (const root of page.roots) {
      if (this.#heard.has(root)) continue;
      this.#heard.add(root);
      // One that gets another picture, and one whose picture comes late.
      root.addEventListener("load", ({ target }) => this.#look(target as Element), true);
    }
    for (const image of this.#elements.take(page)) this.#look(image);
    if (page.added === null) for (const view of page.windows) this.#warnOfBackgrounds(view as Window & typeof globalThis);
    return this.#shown.size > 0 || this.#looks.size > 0;
  }

  async seek({ seconds }: { readonly seconds: number }): Promise<void> {
    while (this.#looks.size > 0) await Promise.all(this.#looks);
    await Promise.all([...this.#shown].map(([image, shown]) => image.isConnected && this.#show(image, shown, seconds)));
  }

  duration(): number | null {
    const ends: number[] = [...this.#shown.values()].flatMap(({ startSeconds, endSeconds }) =>
      endSeconds === null ? [] : [startSeconds + endSeconds],
    );
    return ends.length === 0 ? null : Math.max(...ends);
  }

  async #show(image: HTMLImageElement, shown: ShownImage, seconds: number): Promise<void> {
    const ms: number = Math.max(0, seconds - shown.startSeconds) * 1000;
    // Times of frames are seldom whole numbers of milliseconds, as those of pictures are.
    const index: number = await shown.picture.frameAt(Math.round(ms * 1000) / 1000);
    const { url, image: still }: Still = await this.#stills.of(shown.picture, index, image.ownerDocument);
    if (shown.still === url && image.style.content.includes(url)) return;
    // One of `srcset` may have several pixels to a CSS pixel.
    const density: number = still.naturalWidth / image.naturalWidth;
    image.style.setProperty("content", density === 1 ? `url("${url}")` : `image-set(url("${url}") ${density}x)`, "important");
    shown.still = url;
  }

  #look(target: Element): void {
    if (target.localName !== "img") return;
    const image = target as HTMLImageElement;
    const url: string = image.currentSrc || image.src;
    if (url === "" || this.#lookedAt.get(image) === url) return;
    this.#lookedAt.set(image, url);
    if (this.#shown.delete(image)) image.style.removeProperty("content");
    const startSeconds: number = this.#page.now.seconds;
    const look: Promise<void> = this.#pictureOf(url, image.ownerDocument)
      .then(async (picture) => {
        // It may have got another one meanwhile.
        if (picture === null || this.#lookedAt.get(image) !== url) return;
        this.#shown.set(image, { picture, startSeconds, endSeconds: await picture.endSeconds(), still: null });
      })
      .finally(() => this.#looks.delete(look));
    this.#looks.add(look);
  }

  #pictureOf(url: string, document: Document): Promise<AnimatedPicture | null> {
    // Neither has frames.
    if (/^data:image\/(jpeg|bmp)|\.(jpe?g|bmp|ico)($|[?#])/i.test(url)) return Promise.resolve(null);
    const pictures = this.#pictures.get(document) ?? new Map<string, Promise<AnimatedPicture | null>>();
    this.#pictures.set(document, pictures);
    const known: Promise<AnimatedPicture | null> = pictures.get(url) ?? this.#load(url);
    pictures.set(url, known);
    return known;
  }

  async #load(url: string): Promise<AnimatedPicture | null> {
    const limit = new AbortController();
    const timer: number = realTime.setTimeout(() => limit.abort(), FETCH_MS);
    try {
      const bytes = new Uint8Array(await (await fetch(url, { cache: "force-cache", signal: limit.signal })).arrayBuffer());
      if (isAnimatedSvg(bytes))
        this.#page.warn(
          `The picture ${url} is an SVG with animations, which plays in real time: put its markup into the page, where it is seen`,
        );
      return await animatedPicture(bytes);
    } catch {
      // Of most it cannot be told whether they are animated.
      if (/\.(gif|apng)($|[?#])/i.test(url))
        this.#page.warn(
          `The picture ${url} cannot be read, and plays in real time if it is animated: serve it from the page's origin or with CORS headers`,
        );
      return null;
    } finally {
      realTime.clearTimeout(timer);
    }
  }

  #warnOfBackgrounds({ performance, PerformanceResourceTiming }: Window & typeof globalThis): void {
    for (const entry of performance.getEntriesByType("resource")) {
      if (!(entry instanceof PerformanceResourceTiming) || entry.initiatorType !== "css" || !/\.(gif|apng)($|[?#])/i.test(entry.name))
        continue;
      this.#page.warn(`The picture ${entry.name} of a style sheet plays in real time if it is animated: show it in an <img>`);
    }
  }
}

function isAnimatedSvg(bytes: Uint8Array): boolean {
  // A picture of pixels does not begin like a text.
  if (bytes[0] !== 0x3c && bytes[0] !== 0xef && bytes[0] !== 0x20 && bytes[0] !== 0x0a) return false;
  return /<svg[^]*(<animate|<set[\s/>]|@keyframes)/.test(new TextDecoder().decode(bytes));
}
