import type { PageWindow } from "../clock/page-window.ts";
import type { AnimeRegistry } from "./anime-registry.ts";

/** What HyperFrames gives to the scripts of a composition. */
export interface HyperframesApi {
  /** The variables of the composition that asks: declared defaults under the values that it was given. */
  getVariables(): Record<string, unknown>;
  fitTextFontSize(text: string, options?: FitTextOptions): FittedText;
  readonly hyperframesAnime: AnimeRegistry;
}

export interface FitTextOptions {
  readonly maxWidth?: number;
  readonly baseFontSize?: number;
  readonly minFontSize?: number;
  readonly fontWeight?: string | number;
  readonly fontFamily?: string;
  readonly step?: number;
}

export interface FittedText {
  readonly fontSize: number;
  readonly fits: boolean;
}

/** The names of the contract on a composition's window. */
export type HyperframesWindow = PageWindow & ContractNames;

interface ContractNames {
  __timelines?: Record<string, unknown> | unknown[];
  __hyperframes?: HyperframesApi;
  hyperframesAnime?: AnimeRegistry;
  /** What anime.js is to play in the time of the page, registered without a name. */
  __hfAnime?: unknown;
  /** Players of Lottie animations. */
  __hfLottie?: unknown;
  lottie?: { getRegisteredAnimations?(): unknown };
  /** Values that the render was given, over the declared defaults. */
  __hfVariables?: Readonly<Record<string, unknown>>;
  __hf?: { readonly seek?: unknown; readonly buildReady?: unknown };
  /** Functions that draw the page at a time, in seconds. */
  __hfRender?: unknown;
  __hfTime?: number;
  __hfThreeTime?: number;
  __hfTypegpuTime?: number;
  gsap?: object;
}
