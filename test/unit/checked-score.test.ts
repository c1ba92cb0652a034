import { describe, expect, it } from "vitest";
import { checkedScore } from "../../src/core/checked-score.ts";
import { isRenderError } from "../../src/core/errors.ts";
import type { SoundClip, SoundRecording, SoundScore } from "../../src/core/sound.ts";

const VIDEO_SECONDS = 10;
const clip: SoundClip = {
  ...{ source: "a.wav", start: 0, duration: 2, mediaStart: 0, playbackRate: 1, preservesPitch: true, loopFrom: null },
  gain: [
    { seconds: 0, gain: 1 },
    { seconds: 1, gain: 0 },
  ],
};
const recording: SoundRecording = { sampleRate: 48_000, start: 1, channels: [new Float32Array(480), new Float32Array(480)] };

function faultOf(score: Partial<SoundScore>): string {
  try {
    checkedScore({ clips: [], recordings: [], ...score }, VIDEO_SECONDS);
    return "none";
  } catch (thrown) {
    return isRenderError(thrown) ? `${thrown.code}: ${thrown.message}` : String(thrown);
  }
}

describe("a score that a page reports", () => {
  it("is taken where every number is within its range", () => {
    const score: SoundScore = { clips: [clip, { ...clip, start: -1, loopFrom: 0 }], recordings: [recording] };
    expect(checkedScore(score, VIDEO_SECONDS)).toBe(score);
  });

  it.each([
    [{ playbackRate: 1e12 }, "playbackRate of clip 0 is 1000000000000 instead of 0.1 to 5"],
    [{ playbackRate: 0 }, "playbackRate of clip 0 is 0"],
    [{ playbackRate: Number.NaN }, "playbackRate of clip 0 is NaN"],
    [{ playbackRate: "2,volume=9" as unknown as number }, "playbackRate of clip 0 is a value of type string"],
    [{ start: Number.NEGATIVE_INFINITY }, "start of clip 0 is -Infinity"],
    [{ duration: 1e300 }, "duration of clip 0"],
    [{ duration: -1 }, "duration of clip 0 is -1"],
    [{ mediaStart: -1e9 }, "mediaStart of clip 0"],
    [{ loopFrom: Number.POSITIVE_INFINITY }, "loopFrom of clip 0"],
    [{ gain: [{ seconds: 0, gain: 1e30 }] }, "a gain of clip 0 is 1e+30 instead of 0 to 1000"],
    [{ gain: [{ seconds: Number.NaN, gain: 1 }] }, "a gain point's time of clip 0 is NaN"],
    [
      {
        gain: [
          { seconds: 2, gain: 1 },
          { seconds: 1, gain: 1 },
        ],
      },
      "not in order: 1 comes after 2",
    ],
  ] as [Partial<SoundClip>, string][])("is refused for a clip with %j", (wrong, words) => {
    const fault: string = faultOf({ clips: [{ ...clip, ...wrong }] });
    expect(fault).toContain("page-failed");
    expect(fault).toContain(words);
  });

  it.each([
    [{ sampleRate: 1e9 }, "sampleRate of recording 0"],
    [{ sampleRate: 44_100.5 }, "instead of an integer"],
    [{ start: -1 }, "start of recording 0"],
    [{ start: 1e9 }, "start of recording 0"],
    [{ channels: [] }, "the number of channels of recording 0 is 0"],
    [{ channels: [new Float32Array(2), new Float32Array(1)] }, "differ in length"],
    [{ channels: [new Float32Array(48_000 * 11)] }, "the end of recording 0"],
  ] as [Partial<SoundRecording>, string][])("is refused for a recording %#", (wrong, words) => {
    expect(faultOf({ recordings: [{ ...recording, ...wrong }] })).toContain(words);
  });

  it("is refused for too many clips, points or recordings", () => {
    expect(faultOf({ clips: Array.from({ length: 10_001 }, () => clip) })).toContain("the number of clips is 10001");
    expect(faultOf({ recordings: Array.from({ length: 10_001 }, () => recording) })).toContain("the number of recordings is 10001");
    const gain = Array.from({ length: 1_000_001 }, () => ({ seconds: 0, gain: 1 }));
    expect(
      faultOf({
        clips: [
          { ...clip, gain },
          { ...clip, gain },
        ],
      }),
    ).toContain("the number of gain points is 2000002");
  });
});
