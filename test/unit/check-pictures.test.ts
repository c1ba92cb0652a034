import { readFile, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Container } from "../../src/core/formats.ts";
import type { AnimationFacts } from "../../src/core/output-facts/animation.ts";
import { readApng } from "../../src/core/output-facts/apng.ts";
import { ByteWindow } from "../../src/core/output-facts/byte-window.ts";
import { readGif } from "../../src/core/output-facts/gif.ts";
import { readWebp } from "../../src/core/output-facts/webp.ts";
import { checkOutput, type ExpectedOutput } from "../../src/core/pipeline/check-output.ts";
import type { FolderSink } from "../../src/core/sink.ts";
import { openFolderSink } from "../../src/node/folder-sink.ts";
import { scratch, type Scratch } from "../support/render.ts";
import { runFfmpeg } from "../support/video-frames.ts";

/** Large enough that each picture of the pattern differs. */
const size = { width: 160, height: 120 } as const;
const moving = ["-f", "lavfi", "-i", "testsrc2=s=160x120:r=25:d=1"] as const;
const still = ["-f", "lavfi", "-i", "color=red:s=160x120:r=25:d=1"] as const;
const sheer = ["-vf", "format=rgba,colorchannelmixer=aa=0.3"] as const;

const readers = { gif: readGif, webp: readWebp, apng: readApng } as const;

async function readBytes(kind: keyof typeof readers, bytes: Uint8Array): Promise<AnimationFacts> {
  return readers[kind](new ByteWindow(bytes.length, async (start, end) => bytes.subarray(start, end)));
}

async function made(place: Scratch, kind: keyof typeof readers, args: readonly string[]): Promise<Uint8Array> {
  const path: string = place.path(`made.${kind}`);
  await runFfmpeg(["-y", ...args, "-f", kind, path]);
  return readFile(path);
}

const gifOf = (flag: 0 | 1): string[] => [
  "-filter_complex",
  `${flag === 1 ? "format=rgba,colorchannelmixer=aa=0.3," : ""}split[a][b];[a]palettegen=reserve_transparent=${flag}[p];[b][p]paletteuse=alpha_threshold=128`,
];

describe("a moving picture that is read back", () => {
  it.each<[keyof typeof readers, string, readonly string[], Partial<AnimationFacts>]>([
    ["gif", "opaque, for ever", [...moving, ...gifOf(0), "-loop", "0"], { frameCount: 25, alpha: false, loop: 0 }],
    ["gif", "transparent, three times", [...moving, ...gifOf(1), "-loop", "2"], { frameCount: 25, alpha: true, loop: 3 }],
    ["gif", "once", [...moving, ...gifOf(0), "-loop", "-1"], { frameCount: 25, loop: 1 }],
    ["webp", "opaque, twice", [...moving, "-c:v", "libwebp_anim", "-loop", "2"], { frameCount: 25, alpha: false, loop: 2 }],
    ["webp", "transparent", [...moving, ...sheer, "-c:v", "libwebp_anim", "-loop", "0"], { frameCount: 25, alpha: true, loop: 0 }],
    ["webp", "that nothing moves in", [...still, "-c:v", "libwebp_anim"], { frameCount: 1, durationSeconds: 0 }],
    [
      "webp",
      "that nothing moves in, without loss",
      [...still, ...sheer, "-c:v", "libwebp_anim", "-lossless", "1"],
      { frameCount: 1, alpha: true },
    ],
    ["apng", "opaque, for ever", [...moving, "-vf", "format=rgb24", "-plays", "0"], { frameCount: 25, alpha: false, loop: 0 }],
    ["apng", "transparent, twice", [...moving, ...sheer, "-plays", "2"], { frameCount: 25, alpha: true, loop: 2 }],
    ["apng", "of one picture", [...moving, "-frames:v", "1"], { frameCount: 1, durationSeconds: 0 }],
  ])("%s, %s", async (kind, _, args, facts) => {
    await using place = await scratch();
    const read: AnimationFacts = await readBytes(kind, await made(place, kind, args));
    expect(read).toMatchObject({ size, ...facts });
    if (facts.frameCount === 25) expect(read.durationSeconds).toBeCloseTo(1, 2);
  });

  it.each([
    ["gif", [...moving, ...gifOf(0)]],
    ["webp", [...moving, "-c:v", "libwebp_anim"]],
    ["apng", [...moving]],
  ] as const)("%s is refused where it is cut off anywhere, and where it is another file", async (kind, args) => {
    await using place = await scratch();
    const whole: Uint8Array = await made(place, kind, args);
    for (const length of [0, 5, 20, 40, Math.floor(whole.length / 2), whole.length - 1])
      await expect(readBytes(kind, whole.subarray(0, length)), `cut to ${length} bytes`).rejects.toThrow(Error);
    await expect(readBytes(kind, new Uint8Array(2000).fill(65))).rejects.toThrow(/does not begin as/);
  });
});

describe("a folder of pictures that is checked", () => {
  const expected: Omit<ExpectedOutput, "container" | "codec"> = {
    ...{ size, frameRate: { numerator: 25, denominator: 1 }, frameCount: 5, pictures: 5 },
    ...{ timing: "constant", alpha: false, loop: 0, audio: null },
  };

  async function folderOf(place: Scratch, extension: string, args: readonly string[]): Promise<FolderSink> {
    const sink: FolderSink = await openFolderSink(place.path("frames"), { extension });
    await runFfmpeg([...moving, ...args, "-frames:v", "5", "-start_number", "0", "-f", "image2", join(sink.temporaryPath, sink.pattern)]);
    return sink;
  }

  it.each<[Container, string, readonly string[], boolean]>([
    ["png-sequence", ".png", sheer, true],
    ["png-sequence", ".png", ["-pix_fmt", "rgb24"], false],
    ["webp-sequence", ".webp", [...sheer, "-c:v", "libwebp"], true],
    ["webp-sequence", ".webp", [...sheer, "-c:v", "libwebp", "-lossless", "1"], true],
    ["webp-sequence", ".webp", ["-c:v", "libwebp"], false],
    ["jpeg-sequence", ".jpg", [], false],
  ])("%s%s of %o has alpha: %s", async (container, extension, args, alpha) => {
    await using place = await scratch();
    const sink: FolderSink = await folderOf(place, extension, args);
    const codec = { "png-sequence": "png", "webp-sequence": "webp", "jpeg-sequence": "jpeg" }[container as "png-sequence"] as "png";
    expect(await checkOutput(sink, { ...expected, container, codec, alpha })).toMatchObject({
      ...{ frameCount: 5, size, alpha, durationSeconds: 0.2, codec, container },
    });
    await sink.discard();
  });

  const spoil: Record<string, (folder: string) => Promise<void>> = {
    '"000002.png" is missing': (folder) => rm(join(folder, "000002.png")),
    "the number of frames is 6 instead of 5": async (folder) =>
      writeFile(join(folder, "000005.png"), await readFile(join(folder, "000004.png"))),
    '"000001.png" is no good: it is empty': (folder) => truncate(join(folder, "000001.png")),
    '"000001.png" is no good: it is cut off': async (folder) =>
      truncate(join(folder, "000001.png"), (await readFile(join(folder, "000001.png"))).length - 1),
    '"000003.png" is no good: it does not begin as a PNG does': (folder) => writeFile(join(folder, "000003.png"), new Uint8Array(5000)),
    '"000004.png" has the size 32×48 where others have 160×120': (folder) =>
      runFfmpeg(["-y", "-f", "lavfi", "-i", "testsrc2=s=32x48", "-frames:v", "1", join(folder, "000004.png")]).then(() => {}),
  };

  it("takes a picture without alpha among those with it for one that is opaque", async () => {
    await using place = await scratch();
    const sink: FolderSink = await folderOf(place, ".png", sheer);
    await runFfmpeg(["-y", ...moving, "-pix_fmt", "rgb24", "-frames:v", "1", join(sink.temporaryPath, "000004.png")]);
    expect(await checkOutput(sink, { ...expected, container: "png-sequence", codec: "png", alpha: true })).toMatchObject({ alpha: true });
    await sink.discard();
  });

  it.each(Object.keys(spoil))("fails: %s", async (fault) => {
    await using place = await scratch();
    const sink: FolderSink = await folderOf(place, ".png", sheer);
    await spoil[fault]!(sink.temporaryPath);
    await expect(checkOutput(sink, { ...expected, container: "png-sequence", codec: "png", alpha: true })).rejects.toMatchObject({
      code: "output-invalid",
      details: { faults: expect.arrayContaining([fault]) },
    });
    expect(await readdir(sink.temporaryPath)).not.toEqual([]);
    await sink.discard();
  });

  it.each([
    ["jpeg-sequence", "jpeg", ".jpg", []],
    ["webp-sequence", "webp", ".webp", ["-c:v", "libwebp"]],
  ] as const)("fails where a picture of %s is cut off", async (container, codec, extension, args) => {
    await using place = await scratch();
    const sink: FolderSink = await folderOf(place, extension, args);
    const path: string = join(sink.temporaryPath, `000003${extension}`);
    await truncate(path, (await readFile(path)).length - 1);
    await expect(checkOutput(sink, { ...expected, container, codec })).rejects.toMatchObject({
      details: { faults: [`"000003${extension}" is no good: it is cut off`] },
    });
    await sink.discard();
  });
});
