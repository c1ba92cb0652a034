import type { PageWindow } from "./clock/page-window.ts";

/** As pages ask for it: the old name still gives a context. */
const WEBGL: ReadonlySet<unknown> = new Set(["webgl", "webgl2", "experimental-webgl"]);

type GetContext = (this: object, ...given: unknown[]) => unknown;

/**
 * Whether a page has got a WebGL context. A canvas does not say later what it was asked for, and to ask it for a context
 * gives it one: so it is noticed as it happens.
 */
export class WebGlUse {
  #isSeen = false;

  get isSeen(): boolean {
    return this.#isSeen;
  }

  install(view: PageWindow): void {
    for (const holder of [view.HTMLCanvasElement, view.OffscreenCanvas]) {
      const prototype = holder.prototype as { getContext: GetContext };
      const { getContext } = prototype;
      const notice = (): void => {
        this.#isSeen = true;
      };
      prototype.getContext = function (...given) {
        const context: unknown = getContext.apply(this, given);
        if (context !== null && WEBGL.has(given[0])) notice();
        return context;
      };
    }
  }
}
