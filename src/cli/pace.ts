/** How fast frames come, over the last few seconds: a page may be quick in one part and slow in another. */
export interface Pace {
  /** Null until there is something to measure. */
  readonly framesPerSecond: number | null;
  readonly secondsLeft: number | null;
}

const WINDOW_MS = 5_000;
const SAMPLE_EVERY_MS = 250;

interface Sample {
  readonly at: number;
  readonly done: number;
}

/** Measures from the first call; each call tells how many frames are done by now. */
export function paceOf(total: number): (done: number, now?: number) => Pace {
  const samples: Sample[] = [];
  return (done, now = performance.now()) => {
    const latest: Sample | undefined = samples[samples.length - 1];
    if (!latest || now - latest.at >= SAMPLE_EVERY_MS) samples.push({ at: now, done });
    while (samples.length > 2 && now - samples[1]!.at > WINDOW_MS) samples.shift();
    const first: Sample = samples[0]!;
    if (done === first.done || now === first.at) return { framesPerSecond: null, secondsLeft: null };
    const framesPerSecond: number = ((done - first.done) * 1000) / (now - first.at);
    return { framesPerSecond, secondsLeft: (total - done) / framesPerSecond };
  };
}
