import { describe, expect, it } from "vitest";
import { outputFaults, type ExpectedOutput, type OutputFacts, type ReadOutput } from "../../src/core/pipeline/check-output.ts";

const bt709 = { primaries: "bt709", transfer: "bt709", matrix: "bt709", fullRange: false } as const;
const untagged = { primaries: null, transfer: null, matrix: null, fullRange: null } as const;

const expected: ExpectedOutput = {
  container: "mp4",
  codec: "h264",
  size: { width: 320, height: 180 },
  frameRate: { numerator: 30000, denominator: 1001 },
  frameCount: 3,
  pictures: 3,
  timing: "constant",
  alpha: false,
  loop: 0,
  audio: null,
};
const facts: OutputFacts = {
  container: "mp4",
  codec: "h264",
  size: { width: 320, height: 180 },
  frameCount: 3,
  durationSeconds: 3003 / 30000,
  alpha: false,
  loop: null,
  colorSpace: bt709,
  audio: null,
  byteLength: 1000,
};
const good: ReadOutput = { facts, timestamps: [0, 1001 / 30000, 2002 / 30000], tickSeconds: 1 / 30000, faults: [] };

function faultsOf(change: Partial<OutputFacts>, asked: Partial<ExpectedOutput> = {}, read: Partial<ReadOutput> = {}): string[] {
  return outputFaults({ ...good, ...read, facts: { ...facts, ...change } }, { ...expected, ...asked });
}

describe("the check of a finished video", () => {
  it("finds nothing wrong with one that is as asked for", () => {
    expect(faultsOf({})).toEqual([]);
  });

  it.each([
    [{ frameCount: 2 }, "the number of frames is 2 instead of 3"],
    [{ frameCount: 4 }, "the number of frames is 4 instead of 3"],
    [{ size: { width: 318, height: 180 } }, "the width is 318 instead of 320"],
    [{ size: { width: 320, height: 182 } }, "the height is 182 instead of 180"],
    [{ codec: "hevc" }, "the codec is hevc instead of h264"],
    [{ codec: null }, "the codec is null instead of h264"],
    [{ colorSpace: { ...bt709, matrix: "smpte170m" } }, "the colour matrix is smpte170m instead of bt709"],
    [{ colorSpace: { ...bt709, primaries: null } }, "the colour primaries is null instead of bt709"],
    [{ colorSpace: { ...bt709, transfer: "iec61966-2-1" } }, "the transfer function is iec61966-2-1 instead of bt709"],
    [{ colorSpace: { ...bt709, fullRange: true } }, "the full colour range is true instead of false"],
    [{ durationSeconds: 0.12 }, "the duration is 0.12 s instead of 0.1001 s"],
  ])("says of %o: %s", (change, fault) => {
    expect(faultsOf(change)).toEqual([fault]);
  });

  it("says where a picture begins at a wrong time, though their number and the duration are right", () => {
    const second: string = `picture 1 begins at 0.05 s instead of ${1001 / 30000} s`;
    expect(faultsOf({}, {}, { timestamps: [0, 0.05, 2002 / 30000] })).toEqual([second]);
    expect(faultsOf({}, {}, { timestamps: [0.01, 1001 / 30000, 2002 / 30000] })).toEqual(["picture 0 begins at 0.01 s instead of 0 s"]);
  });

  it("takes the ticks of a file as they are", () => {
    expect(faultsOf({ durationSeconds: 0.101 }, {}, { timestamps: [0, 0.033, 0.067], tickSeconds: 0.001 })).toEqual([]);
  });

  it("wants as many pictures as changed with variable timing, each where a frame begins, and the whole duration", () => {
    const variable = { timing: "variable", pictures: 2 } as const;
    const times = [0, 2002 / 30000];
    expect(faultsOf({ frameCount: 2 }, variable, { timestamps: times })).toEqual([]);
    expect(faultsOf({ frameCount: 3 }, variable)).toEqual(["the number of frames is 3 instead of 2"]);
    expect(faultsOf({ frameCount: 2 }, variable, { timestamps: [0, 0.05] })).toEqual([
      `picture 1 begins at 0.05 s instead of ${1001 / 30000} s`,
    ]);
    expect(faultsOf({ frameCount: 2 }, variable, { timestamps: [0, 0] })).toEqual([`picture 1 begins at 0 s instead of ${1001 / 30000} s`]);
    expect(faultsOf({ frameCount: 2 }, variable, { timestamps: [1001 / 30000, 2002 / 30000] })).toHaveLength(1);
    expect(faultsOf({ frameCount: 2, durationSeconds: 2002 / 30000 }, variable, { timestamps: times })).toHaveLength(1);
    expect(faultsOf({ frameCount: 9 }, { timing: "variable", pictures: 9 })).not.toEqual([]);
  });

  it("misses alpha that was asked for, and does not mind alpha that was not", () => {
    const vp9 = { container: "webm", codec: "vp9" } as const;
    expect(faultsOf({ codec: "vp9" }, { ...vp9, alpha: true })).toEqual(["its alpha is missing"]);
    expect(faultsOf({ codec: "vp9", alpha: true }, { ...vp9, alpha: true })).toEqual([]);
    expect(faultsOf({ codec: "vp9", alpha: true }, vp9)).toEqual([]);
  });

  it("wants RGB of FFV1", () => {
    const ffv1 = { container: "mkv", codec: "ffv1" } as const;
    expect(faultsOf({ codec: "ffv1", colorSpace: { ...untagged, matrix: "rgb", fullRange: true } }, ffv1)).toEqual([]);
    expect(faultsOf({ codec: "ffv1" }, ffv1)).toEqual([
      "the colour matrix is bt709 instead of rgb",
      "the full colour range is false instead of true",
    ]);
  });
});

describe("the check of the sound", () => {
  const sound = { codec: "aac", sampleRate: 48_000, channels: 2, durationSeconds: 0.1001 } as const;
  const asked = { audio: { codec: "aac", bitrate: 192_000 } } as const;

  it("finds nothing wrong with what is as asked for, and one packet longer or shorter than the pictures", () => {
    expect(faultsOf({ audio: sound }, asked)).toEqual([]);
    expect(faultsOf({ audio: { ...sound, durationSeconds: 0.1001 + 1024 / 48_000 } }, asked)).toEqual([]);
    expect(faultsOf({ audio: { ...sound, durationSeconds: 0.1001 - 1024 / 48_000 } }, asked)).toEqual([]);
  });

  it.each([
    [null, "its sound is missing"],
    [{ ...sound, codec: "opus" }, "the codec of the sound is opus instead of aac"],
    [{ ...sound, sampleRate: 44_100 }, "the sample rate of the sound is 44100 instead of 48000"],
    [{ ...sound, channels: 1 }, "the number of channels of the sound is 1 instead of 2"],
    [{ ...sound, durationSeconds: 0.0501 }, "the sound lasts 0.0501 s instead of 0.1001 s"],
    [{ ...sound, durationSeconds: 0.13 }, "the sound lasts 0.13 s instead of 0.1001 s"],
  ])("%j", (audio, fault) => {
    expect(faultsOf({ audio }, asked)).toEqual([fault]);
  });

  it("holds sound without packets to the sample", () => {
    const pcm = { ...sound, codec: "pcm" } as const;
    const wanted = { audio: { codec: "pcm", bitrate: null } } as const;
    expect(faultsOf({ audio: pcm }, wanted)).toEqual([]);
    expect(faultsOf({ audio: { ...pcm, durationSeconds: 0.1001 + 2 / 48_000 } }, wanted)).toHaveLength(1);
  });

  it("finds sound that nobody asked for", () => {
    expect(faultsOf({ audio: sound })).toEqual(["it holds sound that nobody asked for"]);
  });
});

describe("the check of a moving picture", () => {
  const gif = { container: "gif", codec: "gif", frameCount: 30, pictures: 30, frameRate: { numerator: 30, denominator: 1 } } as const;
  const read = { timestamps: null, tickSeconds: 0.01 } as const;
  const found = { container: "gif", codec: "gif", frameCount: 30, durationSeconds: 1, loop: 0, colorSpace: untagged } as const;

  it("takes what hundredths of a second round to, and no more", () => {
    expect(faultsOf(found, gif, read)).toEqual([]);
    expect(faultsOf({ ...found, durationSeconds: 1.02 }, gif, read)).toEqual([]);
    expect(faultsOf({ ...found, durationSeconds: 1.2 }, gif, read)).toEqual(["the duration is 1.2 s instead of 1 s"]);
  });

  it("holds the loops against the job", () => {
    expect(faultsOf({ ...found, loop: 1 }, gif, read)).toEqual(["how often it plays (0 is for ever) is 1 instead of 0"]);
  });

  it("takes fewer pictures of WebP alone, which joins equal ones, and a still one where nothing moves", () => {
    expect(faultsOf({ ...found, frameCount: 29 }, gif, read)).toEqual(["the number of frames is 29 instead of 30"]);
    const webp = { ...gif, container: "webp", codec: "webp" } as const;
    expect(faultsOf({ ...found, codec: "webp", frameCount: 29 }, webp, read)).toEqual([]);
    expect(faultsOf({ ...found, codec: "webp", frameCount: 31 }, webp, read)).toHaveLength(1);
    expect(faultsOf({ ...found, codec: "webp", frameCount: 1, durationSeconds: 0, loop: 1 }, webp, read)).toEqual([]);
  });

  it("misses the alpha of APNG, and not that of WebP and GIF, which have none where no pixel is transparent", () => {
    expect(faultsOf({ ...found, codec: "png" }, { ...gif, container: "apng", codec: "png", alpha: true }, read)).toEqual([
      "its alpha is missing",
    ]);
    expect(faultsOf(found, { ...gif, alpha: true }, read)).toEqual([]);
  });
});

it("tells what was found wrong while the output was read", () => {
  expect(faultsOf({}, {}, { faults: ['"000002.png" is missing'] })).toEqual(['"000002.png" is missing']);
});
