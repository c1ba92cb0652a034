import type { Adapter, AdapterTime } from "./adapter.ts";
import { DrivenLottie } from "./driven-lottie.ts";

/** As much of lottie-web 5 as is used here. */
interface Lottie {
  getRegisteredAnimations(): LottieItem[];
  searchAnimations(): void;
  freeze(): void;
}

/** One animation. Frames are those of its file. */
export interface LottieItem {
  readonly isLoaded: boolean;
  readonly isPaused: boolean;
  readonly autoplay: boolean;
  /** A number says how often it is repeated. */
  readonly loop: boolean | number;
  readonly totalFrames: number;
  readonly firstFrame: number;
  readonly currentRawFrame: number;
  /** Frames a second, at speed 1. */
  readonly frameRate: number;
  /** Frames a millisecond, with speed and direction. */
  readonly frameModifier: number;
  /** Segments that are to be played after this one. */
  readonly segments: readonly unknown[];
  readonly name: string;
  readonly path: string;
  readonly fileName?: string;
  readonly imagePreloader: { loadedImages(): boolean } | null;
  readonly renderer: { readonly globalData: { readonly fontManager?: { readonly isLoaded: boolean } } } | null;
  readonly _cbs: Readonly<Record<string, readonly unknown[] | undefined>> | null;
  readonly onComplete?: unknown;
  readonly onLoopComplete?: unknown;
  playCount: number;
  advanceTime(ms: number): void;
  setCurrentRawFrameValue(frame: number): void;
  play(): void;
  pause(): void;
  trigger(event: string): void;
}

interface LottieWindow extends Window {
  readonly lottie?: Partial<Lottie>;
  /** Its older name, which it still has where it was no module. */
  readonly bodymovin?: Partial<Lottie>;
}

/** Plays the animations of lottie-web by time. One that a bundle keeps to itself plays by the page's clock alone. */
export function lottieAdapter(): Adapter {
  const libraries = new Set<Lottie>();
  const found = new Map<LottieItem, DrivenLottie>();
  let warn: (reason: string) => void = () => {};
  let isSequential = false;
  const take = (now: AdapterTime): void => {
    for (const library of libraries) {
      for (const item of library.getRegisteredAnimations()) {
        if (!found.has(item)) found.set(item, new DrivenLottie(item, now));
      }
    }
  };
  return {
    name: "lottie",
    runs: "before-frames",
    discover(page) {
      warn = page.warn;
      for (const { lottie, bodymovin } of page.windows as readonly LottieWindow[]) {
        for (const library of [lottie, bodymovin]) {
          if (!isDrivable(library) || libraries.has(library)) continue;
          libraries.add(library);
          library.freeze();
          // Those that the page's markup declares would come after a tenth of a second.
          library.searchAnimations();
        }
      }
      take(page.now);
      return found.size > 0;
    },
    async seek(time) {
      for (const driven of found.values()) {
        if (!(await driven.loaded()))
          warn(`The Lottie animation ${driven.name} was not loaded in time: frames before it is do not show it`);
        driven.seek(time);
        isSequential ||= driven.isSequential;
      }
    },
    duration() {
      const ends: number[] = [...found.values()].flatMap((driven) => driven.endSeconds() ?? []);
      return ends.length === 0 ? null : Math.max(...ends);
    },
    isSequential: () => isSequential,
  };
}

function isDrivable(library: Partial<Lottie> | undefined): library is Lottie {
  return typeof library?.getRegisteredAnimations === "function" && typeof library.freeze === "function";
}
