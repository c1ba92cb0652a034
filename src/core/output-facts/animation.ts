import type { Size } from "../frame.ts";

/** What a moving picture says of itself. */
export interface AnimationFacts {
  readonly frameCount: number;
  /** 0 where it is a still picture. */
  readonly durationSeconds: number;
  readonly size: Size;
  /** Whether pixels may be transparent. */
  readonly alpha: boolean;
  /** How often it plays; 0 is for ever. */
  readonly loop: number;
}
