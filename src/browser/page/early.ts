/**
 * Runs in every frame of the composition's page before the scripts of the frame: makes its time virtual, and remembers what
 * cannot be found later, documents of frames and shadow trees, closed ones too, as they come.
 */
import type { EarlySettings } from "../messages.ts";
import type { Adapter } from "./adapters/adapter.ts";
import { builtInAdapters } from "./adapters/built-in.ts";
import type { PageWindow } from "./clock/page-window.ts";
import { Composition } from "./composition.ts";
import { compositionIn, COMPOSITION_KEY } from "./composition-key.ts";
import { keepOwnFunctions } from "./media/own-functions.ts";
import type { PageMedia } from "./media/page-media.ts";
import { compositionWindow } from "./painted-roots.ts";

/** Put before this script by the host, in the scope around it. */
declare const __settings: EarlySettings;
declare const __adapters: readonly (() => Adapter)[];

const view = window as PageWindow;
const top: Window | null = compositionWindow(view);
// The empty document of a frame that is about to load the composition.
const isBlank: boolean = top === view && view.location.href === "about:blank";
if (top !== null && !isBlank) {
  if (top === view) {
    keepOwnFunctions(view);
    const adaptersFor = (media: PageMedia): readonly Adapter[] => [
      ...builtInAdapters(media, __settings.frameRate),
      ...__adapters.map((make) => make()),
    ];
    Object.defineProperty(view, COMPOSITION_KEY, { value: new Composition(view, __settings, adaptersFor) });
  }
  compositionIn(top)?.adopt(view);
}
