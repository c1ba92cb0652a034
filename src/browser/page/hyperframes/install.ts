import type { CompositionSettings } from "../../../core/capture.ts";
import { animeRegistry, type AnimeRegistry } from "./anime-registry.ts";
import { fitTextFontSize } from "./fit-text.ts";
import type { HyperframesApi, HyperframesWindow } from "./hyperframes-window.ts";
import { pageVariables } from "./variables.ts";

/** Gives a window what compositions expect to find before their scripts run. Pages that are none do not see it, unless they ask by name. */
export function installHyperframes(view: Window, { variables }: Pick<CompositionSettings, "variables">): void {
  const hyperframesAnime: AnimeRegistry = animeRegistry();
  const api: HyperframesApi = {
    getVariables: () => pageVariables(view as HyperframesWindow),
    fitTextFontSize: (text, options) => fitTextFontSize(view, text, options),
    hyperframesAnime,
  };
  const given: Record<string, unknown> = {
    __hyperframes: api,
    __timelines: {},
    hyperframesAnime,
    __hfAnime: [],
    __hfLottie: [],
    // Said after a timeline was built late. Ours are awaited.
    __hfForceTimelineRebind: () => {},
    // Where a page carries HyperFrames' own player, two would seek: this tells it that one is at work.
    __hyperframeRuntimeBootstrapped: true,
  };
  if (Object.keys(variables).length > 0) given["__hfVariables"] = variables;
  for (const [name, value] of Object.entries(given)) Object.defineProperty(view, name, { value, writable: true, configurable: true });
}
