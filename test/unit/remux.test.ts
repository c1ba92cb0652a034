import { readFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { aborted } from "../../src/core/errors.ts";
import { formats, type Container, type VideoCodec } from "../../src/core/formats.ts";
import type { FileSink } from "../../src/core/sink.ts";
import { canRemux } from "../../src/core/container/container-writer.ts";
import { remux, type RemuxPart } from "../../src/core/container/remux.ts";
import { memorySink } from "../../src/testing/index.ts";
import { exactTick, hashOf, readPackets } from "../support/packets.ts";
import { scratch, type Scratch } from "../support/render.ts";
import { colorTags, decodeFrames, runFfmpeg } from "../support/video-frames.ts";

// Encoders are slow to start on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const SIZE = { width: 64, height: 48 } as const;
const NTSC = { numerator: 30000, denominator: 1001 } as const;
const BT709 = { primaries: "bt709", transfer: "bt709", matrix: "bt709", fullRange: false } as const;

/** A small file of some kind, and how ffmpeg makes one quickly. */
interface Kind {
  readonly container: Container;
  readonly codec: VideoCodec;
  readonly format?: string;
  readonly args: readonly string[];
}

const x264 = ["-c:v", "libx264", "-preset", "ultrafast"] as const;
const av1 = ["-c:v", "libaom-av1", "-cpu-used", "8", "-usage", "realtime"] as const;
const vp9 = ["-c:v", "libvpx-vp9", "-cpu-used", "8", "-deadline", "realtime"] as const;
const kinds: readonly Kind[] = [
  { container: "mp4", codec: "h264", args: x264 },
  {
    container: "mp4",
    codec: "hevc",
    args: ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:bframes=0", "-tag:v", "hvc1"],
  },
  { container: "mp4", codec: "av1", args: av1 },
  { container: "webm", codec: "vp9", args: vp9 },
  { container: "webm", codec: "vp9", format: "yuva420p", args: [...vp9, "-auto-alt-ref", "0"] },
  { container: "webm", codec: "av1", args: av1 },
  { container: "webm", codec: "vp8", args: ["-c:v", "libvpx", "-cpu-used", "8"] },
  { container: "mov", codec: "prores-4444", format: "yuva444p10le", args: ["-c:v", "prores_ks", "-profile:v", "4444"] },
  { container: "mov", codec: "prores-422", format: "yuv422p10le", args: ["-c:v", "prores_ks", "-profile:v", "2"] },
  { container: "mov", codec: "h264", args: x264 },
  { container: "mkv", codec: "h264", args: x264 },
];

let folder: Scratch;
beforeAll(async () => {
  folder = await scratch();
});
afterAll(() => folder[Symbol.asyncDispose]());

/** Encodes a moving picture that begins `at` seconds into its movement. */
async function encode(
  { container, args, format = "yuv420p" }: Kind,
  frames: number,
  at = 0,
  extra: readonly string[] = [],
): Promise<string> {
  const path: string = folder.path(`part-${at}-${frames}-${crypto.randomUUID()}.${container}`);
  const [transfer, tags] = [
    "out_color_matrix=bt709:out_range=tv",
    ["-colorspace", "-color_primaries", "-color_trc"].flatMap((tag) => [tag, "bt709"]),
  ];
  const picture: string = `testsrc2=s=${SIZE.width}x${SIZE.height}:r=30000/1001,trim=start=${at},setpts=PTS-STARTPTS,format=rgba,colorchannelmixer=aa=0.5`;
  await runFfmpeg([
    ...["-f", "lavfi", "-i", picture, "-frames:v", `${frames}`, "-vf", `scale=${transfer}`, "-pix_fmt", format],
    ...[...args, ...tags, "-color_range", "tv", ...extra, path],
  ]);
  return path;
}

async function partOf(path: string, frameCount: number, starts?: readonly number[]): Promise<RemuxPart> {
  const file = memorySink(path);
  await file.write(await readFile(path), 0);
  return { file, frameCount, ...(starts ? { starts } : {}) };
}

interface Joined {
  readonly path: string;
  readonly packets: number;
}

async function join(kind: Kind, parts: readonly RemuxPart[], timing: "constant" | "variable" = "constant"): Promise<Joined> {
  const sink = memorySink();
  const packets: number = await remux(parts, sink, { ...kind, frameRate: NTSC, timing });
  const path: string = folder.path(`joined-${crypto.randomUUID()}.${kind.container}`);
  await writeFile(path, sink.bytes);
  return { path, packets };
}

async function decodedHashes(path: string): Promise<string[]> {
  return (await decodeFrames(path, SIZE, "yuv420p")).map(hashOf);
}

it("knows every kind of video file but FFV1", () => {
  const known = (Object.keys(formats) as Container[]).flatMap((container) =>
    formats[container].codecs.filter((codec) => canRemux(container, codec)).map((codec) => `${container} ${codec}`),
  );
  expect(new Set(known)).toEqual(new Set(kinds.map(({ container, codec }) => `${container} ${codec}`)));
});

it.each(kinds)("joins $codec in $container ($format) frame by frame, with its pixels, tags and exact times", async (kind) => {
  const lengths: readonly number[] = [12, 5, 9];
  const paths: string[] = [];
  for (const [at, frames] of lengths.entries()) paths.push(await encode(kind, frames, at));
  const { path, packets } = await join(kind, await Promise.all(paths.map((path, at) => partOf(path, lengths[at]!))));
  const joined = await readPackets(path);
  const parts = await Promise.all(paths.map(readPackets));
  expect(packets).toBe(26);
  expect(joined.packets.map(({ hash }) => hash)).toEqual(parts.flatMap((part) => part.packets.map(({ hash }) => hash)));
  expect(joined.packets.map(({ start }) => start)).toEqual(
    Array.from({ length: 26 }, (_, index) => exactTick(index, NTSC, joined.ticksPerSecond)),
  );
  expect([0, 12, 17].map((seam) => joined.packets[seam]!.isKey)).toEqual([true, true, true]);
  expect(joined.packets.map(({ hasAlpha }) => hasAlpha)).toEqual(Array.from({ length: 26 }, () => kind.format === "yuva420p"));
  expect(joined.codecString).toBe(parts[0]!.codecString);
  expect(joined.colorSpace).toEqual(parts[0]!.colorSpace);
  // The decoder of ProRes says nothing of colours; its container does.
  if (!kind.codec.startsWith("prores")) {
    expect(joined.colorSpace).toEqual(BT709);
    expect(await colorTags(path)).toEqual(await colorTags(paths[0]!));
  }
  expect(await decodedHashes(path)).toEqual((await Promise.all(paths.map(decodedHashes))).flat());
});

it("keeps the order of B-frames", async () => {
  const kind: Kind = { container: "mp4", codec: "h264", args: ["-c:v", "libx264", "-preset", "medium", "-bf", "2"] };
  const paths: string[] = [await encode(kind, 12), await encode(kind, 9, 2)];
  const { path } = await join(kind, [await partOf(paths[0]!, 12), await partOf(paths[1]!, 9)]);
  const { packets } = await readPackets(path);
  const starts: number[] = packets.map(({ start }) => start);
  expect(starts, "the file is in the order of decoding").not.toEqual(starts.toSorted((a, b) => a - b));
  expect(starts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 21 }, (_, index) => index * 1001));
  expect(await decodedHashes(path)).toEqual((await Promise.all(paths.map(decodedHashes))).flat());
});

const retimed: readonly Kind[] = kinds.filter(({ format }) => format === undefined || format === "yuva420p");

it.each(retimed)("gives each picture of $codec in $container ($format) its own time, the last one too", async (kind) => {
  const starts: readonly number[] = [0, 1, 20, 21, 100];
  const { path, packets } = await join(kind, [await partOf(await encode(kind, 5), 250, starts)], "variable");
  const retimed = await readPackets(path);
  expect(packets).toBe(5);
  expect(retimed.packets.map(({ start }) => start)).toEqual(starts.map((at) => exactTick(at, NTSC, retimed.ticksPerSecond)));
  const last = retimed.packets.at(-1)!;
  expect(last.start + last.duration).toBe(exactTick(250, NTSC, retimed.ticksPerSecond));
  expect(await decodeFrames(path, SIZE, "gray")).toHaveLength(5);
  expect(retimed.saysAlpha).toBe(kind.format === "yuva420p");
  expect(retimed.packets.map(({ hasAlpha }) => hasAlpha)).toEqual(starts.map(() => kind.format === "yuva420p"));
});

it("joins files whose pictures last unequally long, by their timestamps", async () => {
  const kind: Kind = kinds[3]!;
  const first: Joined = await join(kind, [await partOf(await encode(kind, 3), 100, [0, 7, 90])], "variable");
  const second: Joined = await join(kind, [await partOf(await encode(kind, 2, 1), 50, [0, 49])], "variable");
  const { path } = await join(kind, [await partOf(first.path, 100), await partOf(second.path, 50)], "variable");
  const { packets, ticksPerSecond } = await readPackets(path);
  expect(packets.map(({ start }) => start)).toEqual([0, 7, 90, 100, 149].map((at) => exactTick(at, NTSC, ticksPerSecond)));
  expect(packets.at(-1)!.start + packets.at(-1)!.duration).toBe(exactTick(150, NTSC, ticksPerSecond));
});

it("finds its way in a Matroska file of several clusters whose last picture lasts long", async () => {
  const kind: Kind = { container: "mkv", codec: "h264", args: [...x264, "-g", "1"] };
  const starts: readonly number[] = Array.from({ length: 40 }, (_, index) => index * 45);
  const { path } = await join(kind, [await partOf(await encode(kind, 40), 4_000, starts)], "variable");
  const sought: Uint8Array = await runFfmpeg(["-ss", "58", "-i", path, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1"]);
  expect(sought, "a seek by the index finds a picture").toHaveLength(SIZE.width * SIZE.height);
  const { packets } = await readPackets(path);
  expect(packets).toHaveLength(40);
  expect(packets.at(-1)!.start + packets.at(-1)!.duration).toBe(exactTick(4_000, NTSC, 1000));
});

it.each(["mp4", "mov"] as const)("puts the index of %s in front of the pictures", async (container) => {
  const kind: Kind = { container, codec: "h264", args: x264 };
  const { path } = await join(kind, [await partOf(await encode(kind, 12), 12)]);
  const bytes: Buffer = await readFile(path);
  expect(bytes.indexOf("moov")).toBeGreaterThan(0);
  expect(bytes.indexOf("moov")).toBeLessThan(bytes.indexOf("mdat"));
});

it("refuses files that were encoded otherwise than the first", async () => {
  const kind: Kind = kinds[0]!;
  const parts: RemuxPart[] = [await partOf(await encode(kind, 4), 4), await partOf(await encode(kind, 4, 1, ["-vf", "scale=128:96"]), 4)];
  await expect(join(kind, parts)).rejects.toMatchObject({
    code: "encoder-failed",
    message: expect.stringMatching(/128×96\) was encoded otherwise than/),
  });
});

it("refuses a file that holds other frames than it should", async () => {
  const kind: Kind = kinds[0]!;
  const path: string = await encode(kind, 4);
  await expect(join(kind, [await partOf(path, 5)])).rejects.toMatchObject({
    code: "encoder-failed",
    message: expect.stringContaining("holds 4 pictures instead of 5"),
  });
  await expect(join(kind, [await partOf(path, 9, [0, 3, 3, 5])], "variable")).rejects.toMatchObject({
    code: "encoder-failed",
    message: expect.stringContaining("at frame 3 would last 0 frames"),
  });
});

it("refuses what is no video", async () => {
  const path: string = await folder.page("<p>no video");
  await expect(join(kinds[0]!, [await partOf(path, 5)])).rejects.toMatchObject({
    code: "encoder-failed",
    message: expect.stringContaining("cannot be taken over"),
  });
});

it("streams: what was read and is not yet written stays the same however long the video is", async () => {
  const path: string = folder.path("noise.mp4");
  const noise: string = "nullsrc=s=640x360:r=30000/1001,geq=random(1)*255:128:128";
  await runFfmpeg(["-f", "lavfi", "-i", noise, "-frames:v", "30", ...x264, "-qp", "0", path]);
  const bytes: Buffer = await readFile(path);
  let [read, written, mostHeld]: [number, number, number] = [0, 0, 0];
  const file: RemuxPart["file"] = {
    name: path,
    byteLength: async () => bytes.length,
    async read(start, end) {
      read += end - start;
      mostHeld = Math.max(mostHeld, read - written);
      return bytes.subarray(start, end);
    },
  };
  const output: FileSink = { ...memorySink(), write: async (data) => void (written += data.length) };
  const parts: RemuxPart[] = Array.from({ length: 20 }, () => ({ file, frameCount: 30 }));
  await remux(parts, output, { ...kinds[0]!, frameRate: NTSC, timing: "constant" });
  expect(written).toBeGreaterThan(150e6);
  expect(mostHeld).toBeLessThan(60e6);
});

it("stops when it is told to", async () => {
  const stop = new AbortController();
  const part: RemuxPart = await partOf(await encode(kinds[0]!, 4), 4);
  stop.abort("enough");
  const joining = remux([part], memorySink(), { ...kinds[0]!, frameRate: NTSC, timing: "constant", signal: stop.signal });
  await expect(joining).rejects.toEqual(aborted("enough"));
});
