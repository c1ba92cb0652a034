import { describe, expect, it } from "vitest";
import { missingRows, slowDefaults, slowDefaultWords, tableFaults, type BuiltIn } from "../../bench/gate-rules.ts";
import type { BenchContent, MatrixRow } from "../../bench/matrix-row.ts";
import { measuredCosts } from "../../src/core/policy/measured.ts";
import { builtInParts } from "../../src/node/render.ts";

const phases = {
  launchMs: 1,
  openMs: 1,
  probeMs: 1,
  soundMs: 0,
  checkMs: 1,
  captureMs: 1,
  windowMs: 1,
  writeMs: 1,
  finishMs: 1,
  verifyMs: 1,
};

function row(change: Partial<MatrixRow> = {}): MatrixRow {
  return {
    ...{ content: "motion", isDefault: false, capture: "painter", transport: "ring", frameFormat: "I420", encoder: "pipe" },
    ...{ container: "mp4", workers: 1, frames: 48, repeats: 0, seconds: 5, framesPerSecond: 20, cpuSeconds: 6 },
    ...{ peakMemoryBytes: 5e8, byteLength: 1e6, ssim: 0.98, unsafe: null, phases },
    ...change,
  };
}

const builtIn: BuiltIn = {
  captures: [
    { name: "painter", traits: { gives: ["I420", "page"], needsSingleCanvas: false } },
    { name: "reader", traits: { gives: ["I420"], needsSingleCanvas: true } },
  ],
  encoders: [{ name: "pipe", traits: { writes: { mp4: ["h264"] } } }],
  injectors: [{ name: "feeder" }],
  transports: ["ring"],
};

const contents: readonly BenchContent[] = ["motion", "static", "canvas", "webgl", "text", "4k"];
const complete: readonly MatrixRow[] = [...contents.map((content) => row({ content, isDefault: true })), row({ capture: "reader" })];

describe("slowDefaults", () => {
  it("finds a default that gives 11 % fewer frames than a safe way", () => {
    const found = slowDefaults([row({ isDefault: true, framesPerSecond: 17.8 }), row({ encoder: "other" })]);
    expect(found).toHaveLength(1);
    expect(slowDefaultWords(found[0]!)).toBe(
      "motion: the default (painter I420 ring, pipe, 1 worker) gives 17.8 frames/s, 11 % less than painter I420 ring, other, 1 worker with 20; measure anew with npm run bench:policy, or change the policy",
    );
  });

  it("holds it against the best of several", () => {
    const rows = [
      row({ isDefault: true, framesPerSecond: 18 }),
      row({ framesPerSecond: 39, workers: 3 }),
      row({ framesPerSecond: 40, workers: 2 }),
    ];
    expect(slowDefaults(rows)[0]!.better.workers).toBe(2);
  });

  it.each([
    ["is 10 % slower and no more", row({ framesPerSecond: 20, workers: 2 }), 18],
    ["was slower than the same way, measured once more", row({ framesPerSecond: 30 }), 18],
    ["is slower than a way that is unsafe", row({ framesPerSecond: 99, workers: 2, unsafe: "JPEG pictures lose on the way" }), 18],
    ["is slower than one of another content", row({ framesPerSecond: 99, workers: 2, content: "text" }), 18],
    ["is slower than one that writes something else", row({ framesPerSecond: 99, workers: 2, container: "png-sequence" }), 18],
  ])("passes one that %s", (_, other, framesPerSecond) => {
    expect(slowDefaults([row({ isDefault: true, framesPerSecond }), other])).toEqual([]);
  });
});

describe("missingRows", () => {
  it("passes a matrix with a row for each part, and a default for each content", () => {
    expect(missingRows(complete, builtIn)).toEqual([]);
  });

  it.each<[string, BuiltIn]>([
    [
      "the capture shot",
      { ...builtIn, captures: [...builtIn.captures, { name: "shot", traits: { gives: ["PNG"], needsSingleCanvas: false } }] },
    ],
    ["the encoder disk", { ...builtIn, encoders: [...builtIn.encoders, { name: "disk", traits: { writes: {} } }] }],
    ["the transport socket", { ...builtIn, transports: ["ring", "socket"] }],
  ])("finds %s without a row", (name, parts) => {
    expect(missingRows(complete, parts)).toEqual([`${name} has no row; add one to bench/matrix.ts`]);
  });

  it("finds a content without a default", () => {
    expect(
      missingRows(
        complete.filter(({ content }) => content !== "4k"),
        builtIn,
      ),
    ).toEqual(["the default of the content 4k has no row; add one to bench/matrix.ts"]);
  });
});

const costOf = (capture: string, frameFormat: string, content: string): object => {
  return { capture, frameFormat, content, msPerMegapixel: 10, cpuMsPerMegapixel: 20, memoryBytes: 4e8 };
};
const all = ["motion", "canvas", "webgl", "text", "static"];
const captures = [
  ...all.flatMap((content) => ["I420", "page"].map((frameFormat) => costOf("painter", frameFormat, content))),
  ...["canvas", "webgl"].map((content) => costOf("reader", "I420", content)),
];
const encoders = [{ encoder: "pipe", codec: "h264", level: "standard", frameFormat: "I420", cpuMsPerMegapixel: 14 }];
const injectors = ["avc1", "any"].map((codec) => {
  return { injector: "feeder", codec, msPerMegapixel: 9, cpuMsPerMegapixel: 18, memoryBytes: 1e7, decoderBytes: 0, pageBytes: 0 };
});
const table = {
  ...{ version: 1, basis: "measured on a reference machine", machine: "some processor", cores: 2, usage: "measured" },
  ...{ captures, encoders, injectors },
};

describe("tableFaults", () => {
  it("passes a table that is whole", () => {
    expect(tableFaults(table, builtIn)).toEqual([]);
  });

  it.each<[string, unknown, string]>([
    ["no object", null, "the table is no object"],
    ["another version", { ...table, version: 2 }, "version is 2"],
    ["no machine", { ...table, machine: "" }, 'machine is ""'],
    ["a key too many", { ...table, extra: 1 }, "the table holds extra, which the shape does not know"],
    [
      "a row that lacks a value",
      { ...table, captures: [...captures.slice(1), { ...captures[0], memoryBytes: undefined }] },
      "captures[11].memoryBytes is not there",
    ],
    ["a cost of nothing", { ...table, encoders: [{ ...encoders[0], cpuMsPerMegapixel: 0 }] }, "encoders[0].cpuMsPerMegapixel is 0"],
    [
      "a value under another name",
      { ...table, encoders: [{ ...encoders[0], ms: 1 }] },
      "encoders[0] holds ms, which the shape does not know",
    ],
    ["a capture on a content missing", { ...table, captures: captures.slice(1) }, "painter I420 on motion is not in the table"],
    [
      "a part that is gone",
      { ...table, encoders: [...encoders, { ...encoders[0], encoder: "gone" }] },
      "gone is in the table, and no part has that name",
    ],
    ["an encoder missing", { ...table, encoders: [] }, "pipe is not in the table"],
    [
      "H.264 at another level alone",
      { ...table, encoders: [{ ...encoders[0], level: "draft" }] },
      "pipe h264 standard is not in the table",
    ],
    ["an injector without a row for other codecs", { ...table, injectors: injectors.slice(0, 1) }, "feeder any is not in the table"],
    [
      "an injector that is gone",
      { ...table, injectors: [...injectors, { ...injectors[0], injector: "gone" }] },
      "gone is in the table, and no part has that name",
    ],
    [
      "bytes below nothing",
      { ...table, injectors: [{ ...injectors[0], decoderBytes: -1 }, injectors[1]] },
      "injectors[0].decoderBytes is -1",
    ],
  ])("finds %s", (_, drifted, fault) => {
    expect(tableFaults(drifted, builtIn)).toEqual([fault]);
  });
});

describe("the policy's own table", () => {
  it("has the shape that the policy reads, and a row for every built-in part", () => {
    expect(tableFaults(measuredCosts, { ...builtInParts(), transports: [] })).toEqual([]);
  });
});
