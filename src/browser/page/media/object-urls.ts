import type { PageWindow } from "../clock/page-window.ts";

/** What the page's `blob:` addresses stand for: pages take them back as soon as an element has them. */
export class ObjectUrls {
  readonly #objects = new Map<string, Blob | MediaSource>();

  install(view: PageWindow): void {
    const { createObjectURL, revokeObjectURL } = view.URL;
    const objects: Map<string, Blob | MediaSource> = this.#objects;
    view.URL.createObjectURL = function (object: Blob | MediaSource): string {
      const url: string = createObjectURL.call(view.URL, object);
      objects.set(url, object);
      return url;
    };
    view.URL.revokeObjectURL = function (url: string): void {
      objects.delete(url);
      revokeObjectURL.call(view.URL, url);
    };
  }

  isStream(url: string): boolean {
    const object: Blob | MediaSource | undefined = this.#objects.get(url);
    return object !== undefined && !("size" in object);
  }

  /** An address of the same bytes that lasts. */
  lasting(url: string): string {
    const object: Blob | MediaSource | undefined = this.#objects.get(url);
    return object && "size" in object ? createLasting(object) : url;
  }
}

const createLasting: (blob: Blob) => string = URL.createObjectURL.bind(URL);
