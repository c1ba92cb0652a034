import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EncodeRequest, EncodeResult, EncoderContext, EncoderSession } from "../../src/core/encoder.ts";
import type { Container, VideoCodec } from "../../src/core/formats.ts";
import type { Frame } from "../../src/core/frame.ts";
import type { FileSink } from "../../src/core/sink.ts";
import type { Support } from "../../src/core/support.ts";
import { ffmpegPipe, type FfmpegPipeOptions } from "../../src/encoders/ffmpeg-pipe.ts";
import { ffmpegArguments } from "../../src/ffmpeg/arguments.ts";
import type { FfmpegBuild } from "../../src/ffmpeg/build.ts";
import { openFileSink } from "../../src/node/file-sink.ts";
import {
  convertPatches,
  decodeAnimation,
  decodePatches,
  drawPatches,
  largestErrors,
  patchColors,
  patchesSize,
  patchFrame,
  type StoredColor,
} from "../support/colored-patches.ts";
import { fullBuilds, limitedBuild } from "../support/ffmpeg-builds.ts";
import { exactTick, readPackets } from "../support/packets.ts";
import { launchPlainBrowser, type PlainBrowser } from "../support/plain-browser.ts";
import { scratch, type Scratch } from "../support/render.ts";
import { colorTags } from "../support/video-frames.ts";

/** What ffmpeg is told: every format is really written, by every build that the set-up has, and read back. */

const FRAMES = 12;
const NTSC = { numerator: 30000, denominator: 1001 } as const;
/** Animations count hundredths of a second. */
const PAL = { numerator: 25, denominator: 1 } as const;
const builds: readonly FfmpegBuild[] = await fullBuilds();
let place: Scratch;
let browser: PlainBrowser;

beforeAll(async () => {
  place = await scratch();
  browser = await launchPlainBrowser();
});
afterAll(async () => {
  await browser[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

function requestFor(container: Container, codec: VideoCodec, changes: Partial<EncodeRequest> = {}): EncodeRequest {
  return {
    ...{ size: patchesSize, frameRate: NTSC, frameCount: FRAMES, frameFormat: "RGBA", container, codec, alpha: false },
    ...{ quality: { level: "standard" }, timing: "constant", hardware: null, loop: 0, audio: null },
    ...changes,
  };
}

function contextFor(output: FileSink): EncoderContext {
  return {
    ...{ output, signal: new AbortController().signal, page: null, sound: null, inactivityTimeoutMs: 60_000, warn: () => {} },
    // It encodes in no page.
    browser: null as unknown as EncoderContext["browser"],
  };
}

let files = 0;

/** Encodes frames through the pipe and gives the file. */
async function encode(
  options: FfmpegPipeOptions,
  request: EncodeRequest,
  frames: readonly Frame[] = patchFrames(request.alpha),
): Promise<{ path: string; result: EncodeResult }> {
  const path: string = place.path(`${files++}.${request.container}`);
  const sink: FileSink = await openFileSink(path);
  try {
    const session: EncoderSession = await ffmpegPipe(options).open(request, contextFor(sink));
    for (const frame of frames) await session.write(frame);
    const result: EncodeResult = await session.finish();
    await sink.commit();
    return { path, result };
  } catch (thrown) {
    await sink.discard();
    throw thrown;
  }
}

function patchFrames(alpha: boolean): Frame[] {
  return Array.from({ length: FRAMES }, (_, index) => patchFrame(index, { format: "RGBA", data: drawPatches(index, alpha) }));
}

const indexes: readonly number[] = Array.from({ length: FRAMES }, (_, index) => index);

/** Its tags, as ffmpeg's decoder gives them. */
const bt709 = { matrix: "bt709", primaries: "bt709", transfer: "bt709", range: "tv" };

interface Cell {
  readonly container: Container;
  readonly codec: VideoCodec;
  readonly alpha: boolean;
  readonly color: StoredColor;
  /** Of 255, at the level `standard`. */
  readonly tolerance: number;
  /** FFmpeg's own decoder of VP9 leaves alpha out. */
  readonly decoder?: readonly string[];
}

const cells: readonly Cell[] = [
  { container: "mp4", codec: "h264", alpha: false, color: "bt709", tolerance: 6 },
  { container: "mp4", codec: "hevc", alpha: false, color: "bt709", tolerance: 6 },
  { container: "mp4", codec: "av1", alpha: false, color: "bt709", tolerance: 6 },
  { container: "webm", codec: "vp9", alpha: false, color: "bt709", tolerance: 6 },
  { container: "webm", codec: "vp9", alpha: true, color: "bt709", tolerance: 6, decoder: ["-c:v", "libvpx-vp9"] },
  { container: "webm", codec: "av1", alpha: false, color: "bt709", tolerance: 6 },
  { container: "webm", codec: "vp8", alpha: false, color: "bt709", tolerance: 8 },
  { container: "mov", codec: "prores-4444", alpha: false, color: "bt709", tolerance: 2 },
  { container: "mov", codec: "prores-4444", alpha: true, color: "bt709", tolerance: 2 },
  { container: "mov", codec: "prores-422", alpha: false, color: "bt709", tolerance: 2 },
  { container: "mov", codec: "h264", alpha: false, color: "bt709", tolerance: 6 },
  { container: "mkv", codec: "h264", alpha: false, color: "bt709", tolerance: 6 },
  { container: "mkv", codec: "ffv1", alpha: false, color: "rgb", tolerance: 0 },
  { container: "mkv", codec: "ffv1", alpha: true, color: "rgb", tolerance: 0 },
];

describe.for(builds)("ffmpeg $version", ({ executablePath }) => {
  it.for(cells)("writes $codec into $container, alpha $alpha: every frame, in its colours", async (cell) => {
    const { container, codec, alpha, color, tolerance, decoder = [] } = cell;
    const { path, result } = await encode({ executablePath }, requestFor(container, codec, { alpha }));
    expect(result).toMatchObject({ framesIn: FRAMES, framesOut: FRAMES, codec });
    const pictures = await decodePatches(path, color, decoder);
    expect(pictures).toHaveLength(FRAMES);
    for (const error of largestErrors(pictures, indexes, alpha)) expect(error).toBeLessThanOrEqual(tolerance);
    // VP8 has no place for them, and BT.709 in WebM and RGB need none.
    if (color === "bt709") expect(await colorTags(path)).toMatchObject(codec === "vp8" ? { range: "tv" } : bt709);
  });

  it.for(cells.filter(({ codec }) => codec !== "ffv1"))(
    "gives each frame of $codec in $container its exact time, and begins with a key frame",
    async ({ container, codec }) => {
      const { path } = await encode({ executablePath }, requestFor(container, codec));
      const { packets, ticksPerSecond } = await readPackets(path);
      expect(packets.map(({ start }) => start)).toEqual(indexes.map((index) => exactTick(index, NTSC, ticksPerSecond)));
      expect(packets[0]!.isKey).toBe(true);
      if (container === "mp4" || container === "mov") expect(ticksPerSecond % NTSC.numerator).toBe(0);
    },
  );

  it.for(["mp4", "mov"] as const)("puts the index of %s in front of the pictures", async (container) => {
    const bytes: Buffer = await readFile((await encode({ executablePath }, requestFor(container, "h264"))).path);
    expect(bytes.indexOf("moov")).toBeGreaterThan(0);
    expect(bytes.indexOf("moov")).toBeLessThan(bytes.indexOf("mdat"));
  });

  it("tags HEVC as Apple's players want it", async () => {
    const bytes: Buffer = await readFile((await encode({ executablePath }, requestFor("mp4", "hevc"))).path);
    expect([bytes.includes("hvc1"), bytes.includes("hev1")]).toEqual([true, false]);
  });

  it.for([
    ["h264", "yuv444p"],
    ["hevc", "yuv444p"],
    ["vp9", "yuv444p"],
    ["av1", "yuv444p"],
  ] as const)("loses nothing of the pixels that %s gets, in %s", async ([codec]) => {
    const request = requestFor(codec === "vp9" ? "webm" : "mp4", codec, { quality: { level: "lossless" } });
    const { path } = await encode({ executablePath }, request);
    const pictures = await decodePatches(path, "bt709");
    // On the way to 8 bits of BT.709 a channel of RGB is rounded.
    for (const error of largestErrors(pictures, indexes, false)) expect(error).toBeLessThanOrEqual(2);
    const { stderr } = await promisify(execFile)(executablePath, ["-hide_banner", "-i", path, "-f", "null", "-"]);
    expect(stderr).toMatch(/yuv444p|gbrp/);
  });

  it("keeps RGB bit for bit in FFV1, for odd sides too", async () => {
    const size = { width: 97, height: 63 } as const;
    const noise = Uint8Array.from({ length: size.width * size.height * 4 }, (_, at) => (at * 7919 + (at >> 3) * 104729) & 255);
    const frame: Frame = { ...patchFrame(0, { format: "RGBA", data: noise }), size };
    const { path } = await encode({ executablePath }, requestFor("mkv", "ffv1", { alpha: true, size, frameCount: 1 }), [frame]);
    const [picture] = await decodePatches(path, "rgb", [], size);
    expect(Buffer.compare(picture!, noise)).toBe(0);
  });

  it.for(["PNG", "JPEG", "I420"] as const)("takes frames as %s", async (format) => {
    const frames: Frame[] = await Promise.all(
      indexes.map(async (index) => patchFrame(index, { format, data: await convertPatches(drawPatches(index, false), format) })),
    );
    const { path } = await encode({ executablePath }, requestFor("mp4", "h264", { frameFormat: format }), frames);
    const pictures = await decodePatches(path, "bt709");
    expect(pictures).toHaveLength(FRAMES);
    for (const error of largestErrors(pictures, indexes, false)) expect(error).toBeLessThanOrEqual(8);
  });

  it("takes PNG with alpha as straight", async () => {
    const frames: Frame[] = await Promise.all(
      indexes.map(async (index) => patchFrame(index, { format: "PNG", data: await convertPatches(drawPatches(index, true), "PNG") })),
    );
    const { path } = await encode({ executablePath }, requestFor("mov", "prores-4444", { frameFormat: "PNG", alpha: true }), frames);
    for (const error of largestErrors(await decodePatches(path, "bt709"), indexes, true)) expect(error).toBeLessThanOrEqual(2);
  });

  it("sets a key frame at least every gop frames", async () => {
    const request = requestFor("mp4", "h264", { quality: { level: "standard", gop: 5 } });
    // A cut would be a key frame of its own.
    const frames = indexes.map((index) => patchFrame(index, { format: "RGBA", data: drawPatches(0, false) }));
    const { packets } = await readPackets((await encode({ executablePath }, request, frames)).path);
    expect(packets.flatMap(({ isKey }, at) => (isKey ? [at] : []))).toEqual([0, 5, 10]);
  });

  it("follows a bitrate", async () => {
    const frames: Frame[] = indexes.map((index) => patchFrame(index, { format: "RGBA", data: noiseOf(index) }));
    const bytesAt = async (bitrate: number): Promise<number> =>
      (await encode({ executablePath }, requestFor("mp4", "h264", { quality: { level: "standard", bitrate } }), frames)).result.byteLength;
    expect(await bytesAt(200_000)).toBeLessThan((await bytesAt(4_000_000)) / 2);
  });

  it("hands extra arguments on, over its own", async () => {
    const options = { executablePath, args: ["-tune", "animation", "-preset", "ultrafast"] };
    expect(await probe(options, requestFor("mp4", "h264"))).toMatchObject({ ok: true });
    const bytes: Buffer = await readFile((await encode(options, requestFor("mp4", "h264"))).path);
    // x264 writes its settings into the stream: ultrafast alone has no deblocking, animation deblocks by 1:1.
    expect(bytes.toString("latin1")).toMatch(/x264.*subme=0.*psy_rd=0\.40/s);
  });

  it("refuses extra arguments that ffmpeg does not take, in its words", async () => {
    const support = await probe({ executablePath, args: ["-tune", "nonsense"] }, requestFor("mp4", "h264"));
    expect(support).toMatchObject({
      ok: false,
      reasons: [expect.stringMatching(/With the arguments -tune nonsense.*encoded 0 of 10 frames/s)],
    });
  });

  it.for(["nvenc", "qsv", "vaapi", "videotoolbox"] as const)("says why %s does not work here", async (hardware) => {
    const support = await probe({ executablePath }, requestFor("mp4", "h264", { hardware }));
    // Where there is such hardware, ten frames came out of it.
    if (support.ok) expect(support.details).toMatchObject({ encoder: `h264_${hardware}` });
    else expect(support.reasons.join()).toMatch(/is built without h264_\w+, which makes h264|encoded \d of 10 frames; it said: \S/);
  });
});

describe.for(builds)("variable timing, ffmpeg $version", ({ executablePath }) => {
  const videos = cells.filter(({ codec }) => codec !== "ffv1");

  it.for(videos)("encodes the changed frames of $codec in $container, alpha $alpha, and gives each its time", async (cell) => {
    const { container, codec, alpha, color, tolerance, decoder = [] } = cell;
    // A picture that stays three frames, one that stays one, and one that stays to the end.
    const changed: readonly number[] = [0, 3, 4];
    const frames = indexes.map((index) =>
      changed.includes(index) ? patchFrame(index, { format: "RGBA", data: drawPatches(index, alpha) }) : patchFrame(index, null),
    );
    const { path, result } = await encode({ executablePath }, requestFor(container, codec, { alpha, timing: "variable" }), frames);
    expect(result).toMatchObject({ framesIn: FRAMES, framesOut: changed.length });
    const { packets, ticksPerSecond } = await readPackets(path);
    const tick = (index: number): number => exactTick(index, NTSC, ticksPerSecond);
    expect(packets.map(({ start }) => start)).toEqual(changed.map(tick));
    const ends = packets.map(({ start, duration }) => start + duration);
    expect(ends).toEqual([tick(3), tick(4), tick(FRAMES)]);
    const pictures = await decodePatches(path, color, decoder);
    expect(pictures).toHaveLength(changed.length);
    for (const error of largestErrors(pictures, changed, alpha)) expect(error).toBeLessThanOrEqual(tolerance);
    if (codec !== "vp8") expect(await colorTags(path)).toMatchObject(bt709);
    expect((await place.list()).filter((name) => name.includes(".packets"))).toEqual([]);
  });

  it.for([
    ["mkv", "ffv1"],
    ["webp", "webp"],
    ["apng", "png"],
  ] as const)("is refused for %s with %s", async ([container, codec]) => {
    const support = await probe({ executablePath }, requestFor(container, codec, { timing: "variable" }));
    expect(support).toMatchObject({ ok: false, reasons: [expect.stringContaining("constant rate")] });
  });

  it("leaves nothing behind when it is aborted in the middle", async () => {
    const sink = await openFileSink(place.path("aborted.mp4"));
    const session = await ffmpegPipe({ executablePath }).open(requestFor("mp4", "h264", { timing: "variable" }), contextFor(sink));
    await session.write(patchFrame(0, { format: "RGBA", data: drawPatches(0, false) }));
    await session.abort();
    await sink.discard();
    expect((await place.list()).filter((name) => name.includes("aborted"))).toEqual([]);
  });
});

/** Frames of a folder, as `ffmpeg-disk` and `png-sequence` have them. */
async function encodeFolder(
  build: FfmpegBuild,
  request: EncodeRequest,
  draw: (index: number) => Uint8Array = (index) => drawPatches(index, request.alpha),
): Promise<string> {
  // A per cent sign in a path must not become a number.
  const folder: string = place.path(`100%05d-${files++}`);
  const output: string = `${folder}-out`;
  await mkdir(folder);
  for (const index of indexes) await writeFile(`${folder}/${String(index).padStart(6, "0")}.raw`, draw(index));
  const isSequence: boolean = request.container.endsWith("-sequence");
  if (isSequence) await mkdir(output);
  const args = ffmpegArguments(request, {
    ...{ encoder: "test", input: { from: "folder", folder, pattern: "%06d.raw" }, build, sound: null, extra: [] },
    output: isSequence ? { to: "folder", folder: output, pattern: "%06d.bin" } : { to: "file", path: output },
  });
  await promisify(execFile)(build.executablePath, [...args]);
  return output;
}

describe.for(builds)("pictures, ffmpeg $version", (build) => {
  const animations = [
    { container: "gif", codec: "gif", type: "image/gif", tolerance: 3 },
    { container: "webp", codec: "webp", type: "image/webp", tolerance: 12 },
    { container: "apng", codec: "png", type: "image/png", tolerance: 0 },
  ] as const;

  it.for(animations.flatMap((one) => [Object.assign({ alpha: false }, one), Object.assign({ alpha: true }, one)]))(
    "a $container, alpha $alpha, shows every frame for its time, for ever",
    async ({ container, codec, type, tolerance, alpha }) => {
      // GIF knows pixels that are there and such that are not.
      const isGif: boolean = codec === "gif";
      const request = requestFor(container, codec, { alpha, frameRate: PAL });
      const path: string = isGif
        ? await encodeFolder(build, request)
        : (await encode({ executablePath: build.executablePath }, request)).path;
      const { pictures, durationsMs, repeats } = await decodeAnimation(browser, path, type);
      expect(durationsMs).toEqual(indexes.map(() => 40));
      expect(repeats).toBeNull();
      if (!(isGif && alpha)) for (const error of largestErrors(pictures, indexes, alpha)) expect(error).toBeLessThanOrEqual(tolerance);
      else expect(pictures.map(alphasOf)).toEqual(indexes.map(alphasWanted));
    },
  );

  it.for(animations.flatMap((one) => [Object.assign({ plays: 1 }, one), Object.assign({ plays: 3 }, one)]))(
    "a $container plays $plays times",
    async ({ container, codec, type, plays }) => {
      const request = requestFor(container, codec, { loop: plays, frameRate: PAL });
      const isGif: boolean = codec === "gif";
      const path: string = isGif
        ? await encodeFolder(build, request)
        : (await encode({ executablePath: build.executablePath }, request)).path;
      expect((await decodeAnimation(browser, path, type)).repeats).toBe(plays - 1);
    },
  );

  it("a WebP without loss is bit for bit what came", async () => {
    const request = requestFor("webp", "webp", { quality: { level: "lossless" }, alpha: true, frameRate: PAL });
    const { path } = await encode({ executablePath: build.executablePath }, request);
    const { pictures } = await decodeAnimation(browser, path, "image/webp");
    expect(largestErrors(pictures, indexes, true)).toEqual(indexes.map(() => 0));
  });

  it("a GIF's palette is made of all frames, not of the first", async () => {
    const grey: Uint8Array = new Uint8Array(patchesSize.width * patchesSize.height * 4).fill(255);
    const draw = (index: number): Uint8Array => (index < 6 ? grey : drawPatches(index, false));
    const path: string = await encodeFolder(build, requestFor("gif", "gif", { frameRate: PAL }), draw);
    const { pictures } = await decodeAnimation(browser, path, "image/gif");
    for (const error of largestErrors(pictures.slice(-6), indexes.slice(-6), false)) expect(error).toBeLessThanOrEqual(3);
  });

  const sequences = [
    { container: "png-sequence", codec: "png", alpha: false, color: "rgb", tolerance: 0 },
    { container: "png-sequence", codec: "png", alpha: true, color: "rgb", tolerance: 0 },
    { container: "jpeg-sequence", codec: "jpeg", alpha: false, color: "jpeg", tolerance: 4 },
    { container: "webp-sequence", codec: "webp", alpha: false, color: "webp", tolerance: 12 },
    { container: "webp-sequence", codec: "webp", alpha: true, color: "webp", tolerance: 12 },
  ] as const;

  it.for(sequences)(
    "a $container, alpha $alpha, holds every frame, numbered from 0",
    async ({ container, codec, alpha, color, tolerance }) => {
      const folder: string = await encodeFolder(build, requestFor(container, codec, { alpha }));
      expect((await readdir(folder)).toSorted()).toEqual(indexes.map((index) => `${String(index).padStart(6, "0")}.bin`));
      if (color === "webp") {
        const { pictures } = await decodeAnimation(browser, `${folder}/000007.bin`, "image/webp");
        for (const error of largestErrors(pictures, [7], alpha)) expect(error).toBeLessThanOrEqual(tolerance);
        return;
      }
      const decoder: readonly string[] = ["-f", "image2", "-c:v", codec === "png" ? "png" : "mjpeg"];
      const pictures: Uint8Array[] = await decodePatches(`${folder.replaceAll("%", "%%")}/%06d.bin`, color, decoder);
      expect(pictures).toHaveLength(FRAMES);
      for (const error of largestErrors(pictures, indexes, alpha)) expect(error).toBeLessThanOrEqual(tolerance);
    },
  );
});

describe("a build that cannot", () => {
  it("is refused for H.264, with the encoder and the muxer that it lacks and what to do", async () => {
    const { executablePath } = await limitedBuild();
    const support = await probe({ executablePath }, requestFor("mp4", "h264"));
    expect(support).toMatchObject({
      ok: false,
      reasons: [
        expect.stringMatching(/"[^"]+" n4\.3\.1\S* is built without libx264, which makes h264: install a full build/),
        expect.stringMatching(/is built without the muxer mp4, which writes mp4: install a full build/),
      ],
    });
  });

  it.for(cells.filter(({ codec }) => codec !== "vp8"))("is refused for $codec in $container", async ({ container, codec, alpha }) => {
    const { executablePath } = await limitedBuild();
    const support = await probe({ executablePath }, requestFor(container, codec, { alpha }));
    expect(support.ok ? [] : support.reasons[0]).toContain("is built without");
  });

  it("is taken for what it can", async () => {
    const { executablePath } = await limitedBuild();
    expect(await probe({ executablePath }, requestFor("webm", "vp8"))).toMatchObject({ ok: true, details: { encoder: "libvpx" } });
  });
});

/** Pixels that no encoder makes small. */
function noiseOf(index: number): Uint8Array {
  let state: number = index + 1;
  return Uint8Array.from({ length: patchesSize.width * patchesSize.height * 4 }, () => (state = (state * 48271) % 2147483647) & 255);
}

/** A pixel of GIF is there from an alpha of 128 on. */
function alphasWanted(index: number): number[] {
  return patchColors(index, true).map(([, , , alpha]) => (alpha < 128 ? 0 : 255));
}

/** The alpha in the middle of each patch. */
function alphasOf(rgba: Uint8Array): number[] {
  return patchColors(0, true).map(
    (_, patch) => rgba[((Math.floor(patch / 3) * 32 + 16) * patchesSize.width + (patch % 3) * 32 + 16) * 4 + 3]!,
  );
}

function probe(options: FfmpegPipeOptions, request: EncodeRequest): Promise<Support> {
  return ffmpegPipe(options).probe(request, { browser: null as unknown as EncoderContext["browser"] });
}
