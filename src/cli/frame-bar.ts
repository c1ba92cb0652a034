import cliProgress, { type Options, type Params, type SingleBar } from "cli-progress";
import { paceOf, type Pace } from "./pace.ts";
import { withColors, type Paint } from "./paint.ts";
import type { Printer } from "./print.ts";
import { clock, rate } from "./quantities.ts";

/** The bar of a running render. */
export interface FrameBar {
  update(done: number): void;
  /** Takes it off the terminal, so that lines can be written; `update` brings it back. */
  remove(): void;
}

const LONGEST_BAR = 40;
const SHORTEST_BAR = 5;

export function frameBar(printer: Printer, frameCount: number): FrameBar {
  const { paint } = printer;
  const measure: (done: number) => Pace = paceOf(frameCount);
  let pace: Pace = { framesPerSecond: null, secondsLeft: null };
  const bar: SingleBar = new cliProgress.SingleBar({
    stream: printer.stream(),
    format: (_: Options, { value, total, progress, maxWidth }: Params) => {
      const facts: string = factsOf(value, total, progress, pace);
      const length: number = Math.min(LONGEST_BAR, maxWidth - facts.length - 4);
      return length < SHORTEST_BAR ? facts.slice(0, maxWidth - 1) : `  ${withColors(drawn(paint, progress, length))}  ${facts}`;
    },
    clearOnComplete: true,
    hideCursor: true,
    // Signals end a render through its AbortSignal, which takes the bar away as well.
    gracefulExit: false,
  });
  return {
    update(done) {
      pace = measure(done);
      if (bar.isActive) bar.update(done);
      else bar.start(frameCount, done);
    },
    remove() {
      if (bar.isActive) bar.stop();
    },
  };
}

function factsOf(done: number, total: number, progress: number, { framesPerSecond, secondsLeft }: Pace): string {
  return [
    `${String(Math.floor(progress * 100)).padStart(3)} %`,
    `${String(done).padStart(String(total).length)}/${total} frames`,
    ...(framesPerSecond === null ? [] : [rate(framesPerSecond)]),
    ...(secondsLeft === null ? [] : [`${clock(secondsLeft)} left`]),
  ].join("  ");
}

function drawn(paint: Paint, progress: number, length: number): string {
  const full: number = Math.round(progress * length);
  return paint.green("█".repeat(full)) + paint.dim("░".repeat(length - full));
}
