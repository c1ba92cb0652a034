/** One of `window.__hf.media`: a file that an element shows, or that is only heard, from one time of the video to another, in seconds. */
interface DeclaredMedia {
  readonly elementId?: string;
  readonly src?: string;
  readonly startTime?: number;
  readonly endTime?: number;
  /** Seconds of the file at which it begins. */
  readonly mediaOffset?: number;
  readonly volume?: number;
  readonly hasAudio?: boolean;
}

/** Media that a page of the `__hf` contract declares in a list, written into its elements as attributes: what these say themselves holds. */
export class DeclaredMediaList {
  readonly #taken = new WeakSet<object>();

  /** To be called again and again: lists grow. */
  take(view: Window): void {
    const { __hf } = view as Window & { readonly __hf?: { readonly media?: unknown } };
    if (!Array.isArray(__hf?.media)) return;
    for (const one of __hf.media as readonly unknown[]) {
      if (typeof one !== "object" || one === null || this.#taken.has(one)) continue;
      this.#taken.add(one);
      declare(one, view.document);
    }
  }
}

function declare(one: DeclaredMedia, document: Document): void {
  const { startTime = 0, endTime, mediaOffset, volume, hasAudio, src } = one;
  const media: HTMLMediaElement | null = elementOf(one, document);
  if (media === null) return;
  const said: Readonly<Record<string, string | number | undefined>> = {
    "data-start": startTime,
    "data-duration": endTime === undefined ? undefined : endTime - startTime,
    "data-media-start": mediaOffset,
    "data-volume": volume,
    // Its numbers count from the start of the page.
    "data-hf-media-start-basis": "global",
  };
  for (const [name, value] of Object.entries(said)) {
    if (value !== undefined && !media.hasAttribute(name)) media.setAttribute(name, String(value));
  }
  if (hasAudio === false) media.setAttribute("data-has-audio", "false");
  const hasSource: boolean = media.hasAttribute("src") || media.querySelector("source") !== null;
  if (!hasSource && src !== undefined) media.setAttribute("src", src);
}

/** What is only heard has no element; it gets one that shows nothing. */
function elementOf({ elementId, src, hasAudio }: DeclaredMedia, document: Document): HTMLMediaElement | null {
  const found: HTMLElement | null = elementId === undefined ? null : document.getElementById(elementId);
  if (found?.localName === "video" || found?.localName === "audio") return found as HTMLMediaElement;
  if (found !== null || src === undefined || hasAudio === false) return null;
  const audio: HTMLAudioElement = document.createElement("audio");
  (document.body ?? document.documentElement).append(audio);
  return audio;
}
