import type { Composition } from "./composition.ts";

/** Where the early script leaves the composition on its window. */
export const COMPOSITION_KEY = "__framewrightComposition";

/** The composition of a window; null where the early script did not run. */
export function compositionIn(view: Window): Composition | null {
  return (view as unknown as Record<string, Composition | undefined>)[COMPOSITION_KEY] ?? null;
}
