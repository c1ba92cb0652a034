import type { Adapter } from "./adapters/adapter.ts";
import type { Declaring } from "./declared.ts";

/** `window.framewright`, by which a page takes part; every part of it may be left out. */
export interface PageContract {
  /** Seconds. */
  readonly duration?: number;
  /** CSS pixels. */
  readonly width?: number;
  readonly height?: number;
  /** Frames a second: a number, or a fraction such as "30000/1001". */
  readonly fps?: number | string;
  /** Brings the page to a time in seconds, in any order; a promise is awaited before the picture is taken. Called after timers, animation frames and animations. */
  seek?(timeSeconds: number): unknown;
  /** Awaited before the first frame; a function is called. */
  readonly ready?: PromiseLike<unknown> | (() => unknown);
  /** Adapters besides the built-in ones. */
  readonly adapters?: readonly Adapter[];
  /** `sequential`: what `seek` shows depends on what was shown before; frames are then asked for in order, and going back loads the page again. */
  readonly access?: "random" | "sequential";
}

export interface FoundContract {
  readonly name: "framewright" | "__hf";
  readonly contract: PageContract;
}

/** The contract that a page offers now. */
export function contractOf(view: Window): FoundContract | null {
  const { framewright, __hf } = view as Window & { readonly framewright?: PageContract; readonly __hf?: PageContract };
  if (typeof framewright === "object" && framewright !== null) return { name: "framewright", contract: framewright };
  return typeof __hf?.seek === "function" ? { name: "__hf", contract: __hf } : null;
}

export function contractDeclaring(found: FoundContract | null): Declaring {
  const { width, height, fps, duration } = found?.contract ?? {};
  return { by: "contract", width, height, frameRate: fps, duration };
}
