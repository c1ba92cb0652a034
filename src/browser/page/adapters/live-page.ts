import type { PaintedRoot } from "../painted-roots.ts";
import type { AdapterPage, AdapterTime } from "./adapter.ts";

/** What of a page may be another at each look. */
export interface LivePage {
  windows(): Window[];
  roots(): PaintedRoot[];
  now(): AdapterTime;
  isListening(): boolean;
  warn(reason: string): void;
}

/** The page as adapters see it, at whatever time they look; what has changed is laid over it. */
export function livePage(live: LivePage): AdapterPage {
  return {
    get windows() {
      return live.windows();
    },
    get roots() {
      return live.roots();
    },
    get now() {
      return live.now();
    },
    get isListening() {
      return live.isListening();
    },
    added: null,
    restyled: null,
    hasNewStyles: true,
    warn: live.warn,
  };
}
