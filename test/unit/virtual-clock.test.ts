import { beforeEach, describe, expect, it } from "vitest";
import { randomNumbers } from "../../src/browser/page/clock/random.ts";
import { VirtualClock } from "../../src/browser/page/clock/virtual-clock.ts";

let clock: VirtualClock;
let thrown: unknown[];
let log: string[];
const settle = (): Promise<void> => Promise.resolve();
const say = (word: string) => (): void => {
  log.push(`${word}@${clock.nowMs}`);
};

beforeEach(() => {
  thrown = [];
  log = [];
  clock = new VirtualClock((reason) => thrown.push(reason));
});

describe("timers", () => {
  it("run in order of their time, and then of their age", async () => {
    clock.setTimer(say("c"), 20, false);
    clock.setTimer(say("a"), 10, false);
    clock.setTimer(say("b"), 10, false);
    clock.setTimer(say("late"), 21, false);
    await clock.advanceTo(20, settle);
    expect(log).toEqual(["a@10", "b@10", "c@20"]);
    expect(clock.nowMs).toBe(20);
    expect(clock.isWaiting).toBe(true);
  });

  it("repeat until they are cleared, by themselves too", async () => {
    let left = 3;
    const id: number = clock.setTimer(() => (say("tick")(), --left === 0 && clock.clearTimer(id)), 10, true);
    await clock.advanceTo(100, settle);
    expect(log).toEqual(["tick@10", "tick@20", "tick@30"]);
    expect(clock.isWaiting).toBe(false);
  });

  it("of one interval and a timeout at the same time keep their age: the interval is set anew each time", async () => {
    clock.setTimer(say("every"), 10, true);
    clock.setTimer(say("once"), 20, false);
    await clock.advanceTo(20, settle);
    expect(log).toEqual(["every@10", "once@20", "every@20"]);
  });

  it("without delay come at once, and at least 4 ms apart from the sixth nested one on", async () => {
    let depth = 0;
    const again = (): void => {
      say(`${++depth}`)();
      if (depth < 8) clock.setTimer(again, 0, false);
    };
    clock.setTimer(again, 0, false);
    await clock.advanceTo(20, settle);
    expect(log).toEqual(["1@0", "2@0", "3@0", "4@0", "5@0", "6@4", "7@8", "8@12"]);
  });

  it("that await one another are nested, and end a loop that awaits time to pass", async () => {
    const wait = (): Promise<void> => new Promise((resolve) => void clock.setTimer(resolve, 0, false));
    const loop = async (): Promise<void> => {
      while (clock.nowMs < 20) await wait().then(say("turn"));
    };
    void loop();
    await clock.advanceTo(20, () => new Promise((resolve) => void setImmediate(resolve)));
    expect(log).toEqual(["turn@0", "turn@0", "turn@0", "turn@0", "turn@0", "turn@4", "turn@8", "turn@12", "turn@16", "turn@20"]);
  });

  it("without delay run while time stands only as long as they may have an end", async () => {
    let depth = 0;
    const again = (): void => {
      depth++;
      clock.setTimer(again, 0, false);
    };
    again();
    while (await clock.runStanding(settle));
    expect(depth).toBe(201);
    expect(clock.nowMs).toBe(0);
  });

  it("of a scheduler come again at once", async () => {
    let turns = 0;
    const again = (): void => {
      if (++turns < 500) clock.setTask(again, 0);
    };
    clock.setTask(again, 10);
    await clock.advanceTo(10, settle);
    expect(turns).toBe(500);
  });

  it("take delays as browsers do", async () => {
    for (const delay of [-5, Number.NaN, Infinity, 1.9]) clock.setTimer(say(`${delay}`), delay, false);
    await clock.advanceTo(1, settle);
    expect(log).toEqual(["-5@0", "NaN@0", "Infinity@0", "1.9@1"]);
  });

  it("that throw are reported, and the others still run", async () => {
    clock.setTimer(
      () => {
        throw new Error("no");
      },
      1,
      false,
    );
    clock.setTimer(say("next"), 2, false);
    await clock.advanceTo(5, settle);
    expect(thrown).toEqual([new Error("no")]);
    expect(log).toEqual(["next@2"]);
  });

  it("let promises run between them", async () => {
    clock.setTimer(() => void Promise.resolve().then(say("promise")), 1, false);
    clock.setTimer(say("second"), 1, false);
    await clock.advanceTo(1, () => new Promise((resolve) => void setImmediate(resolve)));
    expect(log).toEqual(["promise@1", "second@1"]);
  });

  it("run while time stands still: those that are due, or those that came since", async () => {
    clock.setTimer(say("old"), 100, false);
    const since: number = clock.lastId;
    clock.setTimer(say("new"), 500, false);
    expect(await clock.runStanding(settle)).toBe(false);
    expect(await clock.runStanding(settle, since)).toBe(true);
    expect(await clock.runStanding(settle, since)).toBe(false);
    expect(log).toEqual(["new@0"]);
  });
});

describe("animation frames", () => {
  it("run once each, those that are asked for meanwhile in the next one", async () => {
    clock.requestFrame(() => {
      say("first")();
      clock.requestFrame(say("next"));
    });
    clock.requestFrame(say("second"));
    await clock.advanceTo(40, settle);
    expect(log).toEqual([]);
    expect(await clock.runFrames(settle)).toBe(true);
    expect(log).toEqual(["first@40", "second@40"]);
    await clock.advanceTo(80, settle);
    await clock.runFrames(settle);
    expect(log.at(-1)).toBe("next@80");
    expect(await clock.runFrames(settle)).toBe(false);
  });

  it("can be cancelled, also by one that runs before them in the same frame", async () => {
    const cancelled: number = clock.requestFrame(say("never"));
    clock.cancelFrame(cancelled);
    clock.requestFrame(() => clock.cancelFrame(second));
    const second: number = clock.requestFrame(say("neither"));
    clock.requestFrame(say("third"));
    await clock.runFrames(settle);
    expect(log).toEqual(["third@0"]);
  });
});

describe("reading the time", () => {
  it("answers the same until time goes on", async () => {
    expect(Array.from({ length: 100 }, () => clock.read())).toEqual(Array.from({ length: 100 }, () => 0));
    await clock.advanceTo(33, settle);
    expect(clock.read()).toBe(33);
  });

  it("ends a loop that waits for time to pass, and never goes back", async () => {
    let reads = 0;
    while (clock.read() < 50) reads++;
    expect(reads).toBeLessThan(20_000);
    const last: number = clock.read();
    await clock.advanceTo(10, settle);
    expect(clock.read()).toBeGreaterThanOrEqual(last);
    await clock.advanceTo(100, settle);
    expect(clock.read()).toBe(100);
  });
});

describe("random numbers", () => {
  const row = (seed: number, stream: number): number[] => {
    const numbers = randomNumbers(seed, stream);
    return Array.from({ length: 2_000 }, () => numbers.next());
  };

  it("are the same for the same seed, and others for another seed or stream", () => {
    expect(row(1, 0)).toEqual(row(1, 0));
    for (const other of [row(2, 0), row(1, 1), row(4294967295, 0)])
      expect(other.filter((value, at) => value === row(1, 0)[at])).toEqual([]);
  });

  it("lie evenly from 0 up to 1", () => {
    const tenths: number[] = Array.from({ length: 10 }, () => 0);
    for (const value of row(0, 0)) {
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThan(1);
      tenths[Math.floor(value * 10)]!++;
    }
    for (const count of tenths) expect(Math.abs(count - 200)).toBeLessThan(60);
  });
});
