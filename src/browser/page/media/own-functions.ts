import type { PageWindow } from "../clock/page-window.ts";

/** What scripts need that come into a window later than the page's own, which may have replaced it, as we do to wait for the page. */
export interface OwnFunctions {
  fetch(url: string, init: RequestInit): Promise<Response>;
  blobOf(response: Response): Promise<Blob>;
  bytesOf(blob: Blob): Promise<ArrayBuffer>;
  setTimeout(callback: () => void, delayMs: number): number;
  clearTimeout(id: number): void;
  createImageBitmap(picture: Blob, options: ImageBitmapOptions): Promise<ImageBitmap>;
}

const KEY = "__framewrightOwnFunctions";

/** Keeps them for later, before any script of the page has run. */
export function keepOwnFunctions(view: PageWindow): void {
  Object.defineProperty(view, KEY, { value: functionsOf(view) });
}

/** Those of this window that were kept, or, in a document of ours, as they are. */
export function ownFunctions(): OwnFunctions {
  const view: PageWindow = window as PageWindow;
  return (view as unknown as Record<string, OwnFunctions | undefined>)[KEY] ?? functionsOf(view);
}

function functionsOf(view: PageWindow): OwnFunctions {
  const { fetch, setTimeout, clearTimeout } = view;
  const createImageBitmap: OwnFunctions["createImageBitmap"] = view.createImageBitmap;
  const { blob } = view.Response.prototype;
  const { arrayBuffer } = view.Blob.prototype;
  return {
    fetch: (url, init) => fetch.call(view, url, init),
    blobOf: (response) => blob.call(response),
    bytesOf: (blob) => arrayBuffer.call(blob),
    setTimeout: (callback, delayMs) => setTimeout.call(view, callback, delayMs),
    clearTimeout: (id) => clearTimeout.call(view, id),
    createImageBitmap: (picture, options) => createImageBitmap.call(view, picture, options),
  };
}
