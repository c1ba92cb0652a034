import type { BrowserPage } from "../core/browser.ts";

/** A frame as the protocol's event `Page.frameNavigated` describes it. */
export interface NavigatedFrame {
  readonly id: string;
  readonly parentId?: string;
  readonly url: string;
  /** With the "#". */
  readonly urlFragment?: string;
}

/** Where the document of a frame came from, as the browser says: `location` is the page's own word, and `history` may change it. */
export function addressOf({ url, urlFragment = "" }: NavigatedFrame): string {
  return url + urlFragment;
}

/** The address of the document in the first frame that a shell makes: the composition's. */
export interface FramedAddress {
  /** Null before a document has arrived. */
  readonly url: string | null;
}

/** Call before the shell is opened. */
export function watchFramedAddress(page: BrowserPage): FramedAddress {
  let [topId, framedId]: [string | null, string | null] = [null, null];
  let url: string | null = null;
  page.on<{ frameId: string; parentFrameId: string }>("Page.frameAttached", ({ frameId, parentFrameId }) => {
    if (parentFrameId === topId) framedId ??= frameId;
  });
  page.on<{ frame: NavigatedFrame }>("Page.frameNavigated", ({ frame }) => {
    if (frame.parentId === undefined) topId = frame.id;
    else if (frame.id === framedId) url = addressOf(frame);
  });
  return {
    get url(): string | null {
      return url;
    },
  };
}
