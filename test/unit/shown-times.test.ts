import { expect, it } from "vitest";
import { ShownTimes, timesOf, type ShownTime } from "../../src/injectors/shown-times.ts";
import { Random } from "../support/random.ts";

it.each([1, 2, 3])("what was shown once is known from then on, whichever times were asked for first (seed %i)", (seed) => {
  const random = new Random(seed);
  // The first picture begins late, as those of some files do, and is shown before; the others are of any length.
  const starts: number[] = [random.next()];
  for (let count = 0; count < 40; count++) starts.push(starts.at(-1)! + 0.001 + random.next());
  const pictures: readonly ShownTime[] = starts.map((start, at) => ({ start, end: starts[at + 1] ?? Infinity }));
  const shownAt = (seconds: number): ShownTime => pictures.findLast(({ start }) => start <= seconds) ?? pictures[0]!;
  const known = new ShownTimes();
  let answers = 0;
  for (let asked = 0; asked < 1000; asked++) {
    const seconds: number = random.chance(20) ? random.pick(starts) : random.next() * (starts.at(-1)! + 2);
    const start: number | null = known.startAt(seconds);
    if (start === null) known.learn(seconds, shownAt(seconds));
    else answers++;
    expect(start ?? shownAt(seconds).start).toBe(shownAt(seconds).start);
    expect(known.startAt(seconds)).toBe(shownAt(seconds).start);
  }
  // Each picture was learned once, the first perhaps from earlier and earlier times on.
  expect(answers).toBeGreaterThan(900);
});

it("says in JSON that the last picture has no end", () => {
  expect([timesOf({ start: 1, end: 2 }), timesOf({ start: 2, end: Infinity })]).toEqual([
    { start: 1, end: 2 },
    { start: 2, end: null },
  ]);
});
