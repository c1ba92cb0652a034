import type { PageWindow } from "./clock/page-window.ts";

/** As much of the Navigation API as is used here; TypeScript does not know it yet (HTML, 7.2.7). */
interface NavigationWindow {
  readonly navigation?: EventTarget;
}

interface NavigateEvent extends Event {
  readonly destination: { readonly sameDocument: boolean };
  readonly downloadRequest: string | null;
}

/** A refresh that comes within so many seconds is a redirect. */
const REDIRECT_SECONDS = 1;

/** Tells whether a page is about to go elsewhere: what it shows until the other answers is nothing to render. */
export class Departure {
  readonly #view: PageWindow;
  #isUnderWay = false;

  constructor(view: PageWindow) {
    this.#view = view;
    const { navigation } = view as NavigationWindow;
    navigation?.addEventListener("navigate", (event) => {
      const { destination, downloadRequest } = event as NavigateEvent;
      this.#isUnderWay ||= !destination.sameDocument && downloadRequest === null;
    });
    // The page made it a change of its own.
    for (const type of ["navigatesuccess", "navigateerror"])
      navigation?.addEventListener(type, () => {
        this.#isUnderWay = false;
      });
  }

  get isNear(): boolean {
    return this.#isUnderWay || this.#isRedirected();
  }

  #isRedirected(): boolean {
    const refresh = this.#view.document.querySelector<HTMLMetaElement>('meta[http-equiv="refresh" i]');
    const [, seconds] = /^\s*([\d.]+)\s*[;,]\s*\S/.exec(refresh?.content ?? "") ?? [];
    return seconds !== undefined && Number(seconds) <= REDIRECT_SECONDS;
  }
}
