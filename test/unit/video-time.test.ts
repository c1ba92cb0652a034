import { expect, it } from "vitest";
import { VideoBegin } from "../../src/browser/page/adapters/video-begin.ts";
import { VirtualClock } from "../../src/browser/page/clock/virtual-clock.ts";
import { VideoTime } from "../../src/browser/page/video-time.ts";

const ntsc = { numerator: 30_000, denominator: 1001 };

it("begins where loading ended, and no frame is shifted by it", () => {
  const clock = new VirtualClock(() => {});
  const time = new VideoTime(clock, ntsc);
  expect(time.now).toEqual({ seconds: 0, milliseconds: 0, index: 0 });
  clock.jumpTo(250);
  time.begin();
  expect(time.beginMs).toBe(250);
  expect([0, 30, 30_000].map((index) => time.pageMsOf(index))).toEqual([250, 250 + 1001, 250 + 1_001_000]);
  expect([0, 30, 30_000].map((index) => time.secondsOf(index))).toEqual([0, 1.001, 1001]);
});

it("tells adapters of the frame that is made, and of the page's time, which is still on its way to it", async () => {
  const clock = new VirtualClock(() => {});
  const time = new VideoTime(clock, ntsc);
  time.index = 30;
  expect(time.now).toEqual({ seconds: 1.001, milliseconds: 0, index: 30 });
  await clock.advanceTo(time.pageMsOf(30), () => Promise.resolve());
  expect(time.now).toEqual({ seconds: 1.001, milliseconds: 1001, index: 30 });
});

it("counts the time of media from the first frame, and before it they stand at their begin", () => {
  const begin = new VideoBegin(() => null);
  expect([begin.isPast, begin.secondsAt(5000)]).toEqual([false, 0]);
  begin.tell(200);
  begin.tell(900);
  expect([begin.isPast, begin.secondsAt(5200)]).toEqual([true, 5]);
});

it("counts it from when the page was ready, where no frame was sought before", () => {
  let openedAtMs: number | null = null;
  const begin = new VideoBegin(() => openedAtMs);
  expect(begin.isPast).toBe(false);
  openedAtMs = 300;
  expect(begin.secondsAt(1300)).toBe(1);
  begin.tell(0);
  expect(begin.secondsAt(1300)).toBe(1);
});
