import type { Browser, BrowserPage } from "./browser.ts";
import type { Support } from "./support.ts";

/**
 * Carries raw pixels from a page to the host through a ring of slots. The page fills a free slot and announces it; the
 * host takes the pixels out and gives the slot back.
 */
export interface PixelTransport {
  readonly contract: 1;
  readonly name: string;
  /** Moves a small pattern through a real page. */
  probe(browser: Browser, page: BrowserPage): Promise<Support>;
  open(request: TransportRequest): Promise<TransportSession>;
}

export interface TransportRequest {
  readonly browser: Browser;
  /** A page of ours, a secure context, with the capture shell in it. */
  readonly page: BrowserPage;
  readonly slotBytes: number;
  readonly slots: number;
}

export interface TransportSession extends AsyncDisposable {
  /** Copies a slot that the page has announced into `target`. One call at a time. */
  take(slot: number, target: Uint8Array): Promise<void>;
  /** Forgets a slot that the page has announced and nobody takes; once it resolves the slot may be given back. */
  drop(slot: number): Promise<void>;
  close(): Promise<void>;
}
