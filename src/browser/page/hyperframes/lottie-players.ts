import type { HyperframesWindow } from "./hyperframes-window.ts";
import type { Timeline } from "./timeline.ts";

/** An animation of lottie-web. */
interface LottieWebPlayer {
  readonly totalFrames: number;
  /** Frames a millisecond, with speed and direction. */
  readonly frameModifier: number;
  readonly loop?: unknown;
  readonly wrapper?: Element | null;
  readonly path?: string;
  readonly fileName?: string;
  goToAndStop(frame: number, isFrame: true): void;
}

/** A player of dotLottie. */
interface DotLottiePlayer {
  readonly totalFrames: number;
  /** Seconds. */
  readonly duration: number;
  readonly loop?: unknown;
  readonly canvas?: Element | null;
  setFrame(frame: number): void;
}

type LottiePlayer = LottieWebPlayer | DotLottiePlayer;

/** Those that compositions register, in `__hfLottie`: they show the time of the composition that they are in. */
export function registeredPlayers({ __hfLottie: registered }: HyperframesWindow): LottiePlayer[] {
  return Array.isArray(registered) ? [...new Set(registered.filter(isPlayer))] : [];
}

/** Those that nobody plays: a composition's time plays them, registered or not. */
export function unplayedPlayers({ lottie }: HyperframesWindow): LottiePlayer[] {
  const items: unknown = lottie?.getRegisteredAnimations?.();
  if (!Array.isArray(items)) return [];
  return items.filter(
    (item: Partial<Record<string, unknown>>) => item["autoplay"] === false && item["isPaused"] === true && item["currentRawFrame"] === 0,
  );
}

export function isLoaded({ totalFrames }: LottiePlayer): boolean {
  return totalFrames > 0;
}

/** For messages, as a noun. */
export function describePlayer(player: LottiePlayer): string {
  const file: string | undefined = "fileName" in player && player.fileName ? `${player.path}${player.fileName}.json` : undefined;
  return `the Lottie animation ${file ?? "in window.__hfLottie"}`;
}

/** Null where it is in none. */
export function compositionOf(player: LottiePlayer): HTMLElement | null {
  const container: Element | null | undefined = "goToAndStop" in player ? player.wrapper : player.canvas;
  return container?.closest<HTMLElement>("[data-composition-id]") ?? null;
}

/** A player as a timeline: over and over where it loops, else its last frame stays. */
export function playerTimeline(player: LottiePlayer): Timeline {
  const duration = (): number => ("goToAndStop" in player ? player.totalFrames / Math.abs(player.frameModifier) / 1000 : player.duration);
  return {
    duration,
    seek(seconds) {
      const { totalFrames, loop } = player;
      const frame: number = (seconds / duration()) * totalFrames;
      // Frames where rounds meet are not exact.
      const shown: number = loop === true ? (frame + ROUNDING_FRAMES) % totalFrames : Math.min(frame, totalFrames - 1);
      if (!Number.isFinite(shown)) return;
      if ("goToAndStop" in player) player.goToAndStop(shown, true);
      else player.setFrame(shown);
    },
  };
}

const ROUNDING_FRAMES = 1e-6;

function isPlayer(value: unknown): value is LottiePlayer {
  const { goToAndStop, setFrame } = (value ?? {}) as Partial<LottieWebPlayer & DotLottiePlayer>;
  return typeof goToAndStop === "function" || typeof setFrame === "function";
}
