import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isRenderError, type RenderErrorCode } from "../../src/core/errors.ts";
import type { CachedPicture } from "../../src/core/frame-cache.ts";
import type { Size } from "../../src/core/frame.ts";
import { av1Encoders, ffmpegBuild } from "../../src/ffmpeg/build.ts";
import { findFfmpeg } from "../../src/ffmpeg/find.ts";
import { videoFileFacts } from "../../src/ffmpeg/video-file-facts.ts";
import { videoFrames, type VideoFramesOptions } from "../../src/ffmpeg/video-frames.ts";
import { openVideoPictures, type VideoPictures, type VideoPicturesOptions } from "../../src/ffmpeg/video-pictures.ts";
import { barCodeSize } from "../support/bar-code.ts";
import { makeBarCodeVideo, numberInRgba, numbersShown, type BarCodeVideo } from "../support/bar-code-videos.ts";
import { decodePatches, drawPatches, largestErrors, patchesSize } from "../support/colored-patches.ts";
import { fullBuilds } from "../support/ffmpeg-builds.ts";
import { isRoot, mountMemory } from "../support/mounts.ts";
import { descendants, watchProcesses, type ProcessWatch } from "../support/processes.ts";
import { Random } from "../support/random.ts";
import { runFfmpeg } from "../support/video-frames.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "framewright-pictures-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const X264 = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p"];
const LONG_GOP = [...X264, "-bf", "3", "-g", "1000", "-keyint_min", "1000", "-sc_threshold", "0"];

interface Source extends BarCodeVideo {
  readonly name: string;
  /** When frames are shown, in seconds from the beginning of the file, where their rate does not say it. */
  readonly times?: readonly number[];
  readonly hasAlpha?: boolean;
  readonly size?: Size;
}

/** Half transparent throughout. */
const HALF_ALPHA = "format=yuva420p,colorchannelmixer=aa=0.5";
const irregular: readonly number[] = Array.from({ length: 60 }, (_, at) => (at * at + at) / 400);

const sources: readonly Source[] = [
  { name: "b-frames long gop.mp4", frameCount: 220, frameRate: "30000/1001", encoder: LONG_GOP },
  { name: "open gop.mkv", frameCount: 150, frameRate: "60", encoder: [...X264, "-bf", "3", "-g", "25", "-x264-params", "open-gop=1"] },
  {
    name: "hevc.mp4",
    frameCount: 100,
    frameRate: "25",
    encoder: ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:keyint=40", "-tag:v", "hvc1"],
  },
  {
    name: "vp9.webm",
    frameCount: 100,
    frameRate: "24000/1001",
    encoder: ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "1M"],
  },
  {
    name: "vp8.webm",
    frameCount: 60,
    frameRate: "30",
    encoder: ["-c:v", "libvpx", "-deadline", "good", "-cpu-used", "4", "-auto-alt-ref", "1", "-lag-in-frames", "10", "-b:v", "1M"],
  },
  {
    name: "vp9 alpha.webm",
    frameCount: 40,
    frameRate: "30",
    filter: HALF_ALPHA,
    hasAlpha: true,
    encoder: ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-pix_fmt", "yuva420p", "-auto-alt-ref", "0", "-b:v", "1M"],
  },
  { name: "prores 422.mov", frameCount: 30, frameRate: "24", encoder: ["-c:v", "prores_ks", "-profile:v", "0", "-pix_fmt", "yuv422p10le"] },
  {
    name: "prores 4444.mov",
    frameCount: 30,
    frameRate: "25",
    filter: HALF_ALPHA,
    hasAlpha: true,
    encoder: ["-c:v", "prores_ks", "-profile:v", "4", "-pix_fmt", "yuva444p10le"],
  },
  { name: "50 a second.ts", frameCount: 120, frameRate: "50", encoder: [...X264, "-g", "50", "-bf", "2"] },
  // Its frames come later and later.
  {
    name: "variable.mp4",
    frameCount: 60,
    frameRate: "30",
    times: irregular,
    filter: "settb=1/90000,setpts=(N*N+N)/400/TB",
    encoder: [...X264, "-bf", "2", "-fps_mode", "passthrough", "-enc_time_base", "1/90000", "-video_track_timescale", "90000"],
  },
  { name: "begins at 5.mkv", frameCount: 90, frameRate: "30", encoder: [...X264, "-bf", "2", "-g", "30", "-output_ts_offset", "5"] },
  { name: "wide pixels.mp4", frameCount: 30, frameRate: "30", filter: "scale=160:180,setsar=2", encoder: X264 },
];

async function factsOf(file: string): Promise<NonNullable<VideoPicturesOptions["facts"]>> {
  return videoFileFacts(file);
}

/** A number of a file's cache, so that no test finds what another left. */
let caches = 0;
function freshCache(): { readonly folder: string } {
  return { folder: join(folder, `cache-${caches++}`) };
}

function timesOf({ frameCount, frameRate, times }: Source): readonly number[] {
  const [numerator, denominator = 1] = frameRate.split("/").map(Number);
  return times ?? Array.from({ length: frameCount }, (_, at) => (at * denominator) / numerator!);
}

async function all(pictures: VideoPictures, times: readonly number[]): Promise<CachedPicture[]> {
  const got: CachedPicture[] = [];
  for (const time of times) got.push(await pictures.at(time));
  return got;
}

async function rejectionOf(promise: Promise<unknown>): Promise<{ readonly code: RenderErrorCode | null; readonly message: string }> {
  const thrown: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  return { code: isRenderError(thrown) ? thrown.code : null, message: String(thrown) };
}

describe("the pictures of a video file", () => {
  for (const source of sources) {
    it(`are right in order and by random access: ${source.name}`, async () => {
      const file: string = join(folder, source.name);
      await makeBarCodeVideo(file, source);
      const facts = await factsOf(file);
      await using pictures = await openVideoPictures(file, { facts, cache: freshCache() });
      const times: readonly number[] = timesOf(source);
      const type = source.hasAlpha === true ? "image/png" : "image/jpeg";
      const inOrder: CachedPicture[] = await all(pictures, times);
      expect(facts.size).toEqual(barCodeSize);
      expect(new Set(inOrder.map((picture) => picture.type))).toEqual(new Set([type]));
      expect(await numbersShown(inOrder, type)).toEqual(times.map((_, at) => at));
      // Shown from one start to the next, and the last for ever.
      expect(inOrder.map(({ end }) => end)).toEqual([...inOrder.slice(1).map(({ start }) => start), Number.POSITIVE_INFINITY]);

      const random = new Random(7);
      const end: number = times.at(-1)! * 1.2;
      const asked: number[] = Array.from({ length: 25 }, () => random.next() * end);
      const shown: number[] = asked.map((seconds) => times.findLastIndex((time) => time <= seconds + 0.001));
      const near: number[] = shown.map((_, at) => Math.min(...times.map((time) => Math.abs(asked[at]! + 0.001 - time))));
      const got: (number | null)[] = await numbersShown(await all(pictures, asked), type);
      // A container that rounds its times may be either side of the very border.
      expect(got.filter((_, at) => near[at]! > 0.001)).toEqual(shown.filter((_, at) => near[at]! > 0.001));
    });
  }

  it("are right of AV1, whatever encodes it here", async () => {
    const build = await ffmpegBuild(await findFfmpeg());
    const encoder: string = av1Encoders(build).find((name) => build.encoders.has(name))!;
    const speed: readonly string[] = encoder === "libsvtav1" ? ["-preset", "12"] : ["-cpu-used", "8", "-usage", "realtime"];
    const file: string = join(folder, "av1.mp4");
    await makeBarCodeVideo(file, { frameCount: 50, frameRate: "50", encoder: ["-c:v", encoder, ...speed, "-crf", "30", "-g", "20"] });
    await using pictures = await openVideoPictures(file, { facts: await factsOf(file), cache: freshCache() });
    const inOrder = await all(
      pictures,
      Array.from({ length: 50 }, (_, at) => at / 50),
    );
    expect(await numbersShown(inOrder, "image/jpeg")).toEqual(Array.from({ length: 50 }, (_, at) => at));
  });

  it("stand upright where the file says that it lies on its side", async () => {
    const [flat, file] = [join(folder, "flat.mp4"), join(folder, "turned.mp4")];
    await makeBarCodeVideo(flat, { frameCount: 10, frameRate: "30", filter: "transpose=cclock", encoder: X264 });
    await turn(flat, file);
    const facts = await factsOf(file);
    await using pictures = await openVideoPictures(file, { facts, cache: freshCache() });
    expect(facts.size).toEqual(barCodeSize);
    const inOrder = await all(
      pictures,
      Array.from({ length: 10 }, (_, at) => at / 30),
    );
    expect(await numbersShown(inOrder, "image/jpeg")).toEqual(Array.from({ length: 10 }, (_, at) => at));
  });

  it("begin where an edit list says", async () => {
    const [whole, file] = [join(folder, "whole.mp4"), join(folder, "edited.mp4")];
    await makeBarCodeVideo(whole, { frameCount: 90, frameRate: "30", encoder: [...X264, "-g", "30", "-bf", "2"] });
    // Copied from the key frame 30 on, with a list that leaves out the frames before 40.
    await runFfmpeg(["-ss", "1.334", "-i", whole, "-c", "copy", "-y", file]);
    await using pictures = await openVideoPictures(file, { facts: await factsOf(file), cache: freshCache() });
    const [first] = await numbersShown([await pictures.at(0)], "image/jpeg");
    const later = await numbersShown(await all(pictures, [0.5, 1]), "image/jpeg");
    expect(first).toBeGreaterThanOrEqual(39);
    expect(first).toBeLessThanOrEqual(41);
    expect(later.map((number) => number! - first!)).toEqual([15, 30]);
  });

  it("come from a file of any name", async () => {
    const plain: string = join(folder, "plain.mp4");
    await makeBarCodeVideo(plain, { frameCount: 5, frameRate: "30", encoder: X264 });
    for (const name of [
      "with space.mp4",
      "a 'quote' \"two\".mp4",
      "100% %d %03d.mp4",
      "视频 文件.mp4",
      "🎬🎉.mp4",
      "-i.mp4",
      "a:b|c[d].mp4",
    ]) {
      const file: string = join(folder, name);
      await writeFile(file, await readFile(plain));
      await using pictures = await openVideoPictures(file, { facts: await factsOf(file), cache: { ...freshCache(), limitBytes: 0 } });
      expect(await numbersShown([await pictures.at(0.1)], "image/jpeg"), name).toEqual([3]);
    }
  });

  it("have the colours of the file, in either matrix, range and every build", async () => {
    const tagged = (matrix: string): string[] => ["-colorspace", matrix, "-color_primaries", "bt709", "-color_trc", "bt709"];
    const exact = "flags=accurate_rnd+full_chroma_inp+full_chroma_int";
    const forms: readonly (readonly [string, string, readonly string[]])[] = [
      ["709.mp4", "out_color_matrix=bt709:out_range=tv", ["-pix_fmt", "yuv420p", ...tagged("bt709"), "-color_range", "tv"]],
      ["601.mp4", "out_color_matrix=bt601:out_range=tv", ["-pix_fmt", "yuv420p", ...tagged("smpte170m"), "-color_range", "tv"]],
      ["full.mp4", "out_color_matrix=bt709:out_range=pc", ["-pix_fmt", "yuvj420p", ...tagged("bt709"), "-color_range", "pc"]],
      ["444 deep.mp4", "out_color_matrix=bt709:out_range=tv", ["-pix_fmt", "yuv444p10le", ...tagged("bt709"), "-color_range", "tv"]],
      // Browsers take a small picture that says nothing for BT.601.
      ["untagged.mp4", "out_color_matrix=bt601:out_range=tv", ["-pix_fmt", "yuv420p"]],
    ];
    for (const build of await fullBuilds()) {
      for (const [name, scale, options] of forms) {
        const file: string = join(folder, name);
        const raw: Uint8Array[] = [0, 1, 2].map((index) => drawPatches(index, false));
        const size = `${patchesSize.width}x${patchesSize.height}`;
        await runFfmpeg(
          [
            ...["-f", "rawvideo", "-pix_fmt", "rgba", "-s", size, "-framerate", "30", "-i", "pipe:0", "-vf", `scale=${scale}:${exact}`],
            ...["-c:v", "libx264", "-qp", "1", "-preset", "ultrafast", ...options, "-y", file],
          ],
          raw,
        );
        const facts = await factsOf(file);
        for (const type of ["image/jpeg", "image/png"] as const) {
          const { executablePath } = build;
          await using pictures = await openVideoPictures(file, { facts, type, executablePath, cache: freshCache() });
          const got: CachedPicture[] = await all(pictures, [0, 1 / 30, 2 / 30]);
          const joined: string = join(folder, "joined.bin");
          await writeFile(joined, Buffer.concat(got.map(({ data }) => data)));
          const decoder: string[] = ["-f", "image2pipe", "-c:v", type === "image/jpeg" ? "mjpeg" : "png"];
          const decoded: Uint8Array[] = await decodePatches(joined, type === "image/jpeg" ? "jpeg" : "rgb", decoder);
          const errors: number[] = largestErrors(decoded, [0, 1, 2], false);
          // The file itself rounds them by one.
          expect(Math.max(...errors), `${name} as ${type} by ${build.version}: ${errors.join(", ")}`).toBeLessThanOrEqual(2);
        }
      }
    }
  });

  it("keep the transparency of VP9 and ProRes", async () => {
    for (const name of ["vp9 alpha.webm", "prores 4444.mov"]) {
      const file: string = join(folder, name);
      await using pictures = await openVideoPictures(file, { facts: await factsOf(file), cache: freshCache() });
      const { data } = await pictures.at(0.5);
      const rgba: Uint8Array = await runFfmpeg(
        ["-f", "image2pipe", "-c:v", "png", "-i", "pipe:0", "-f", "rawvideo", "-pix_fmt", "rgba", "pipe:1"],
        [data],
      );
      expect(Math.abs(rgba[3]! - 128), name).toBeLessThanOrEqual(2);
    }
  });
});

describe("files that fall short", () => {
  it("give what they hold, and then say how far they can be read", async () => {
    const file: string = join(folder, "cut.mp4");
    await makeBarCodeVideo(file, {
      frameCount: 120,
      frameRate: "30",
      encoder: [...X264, "-g", "15", "-bf", "0", "-movflags", "+faststart"],
    });
    await truncate(file, Math.round((await stat(file)).size * 0.6));
    await using pictures = await openVideoPictures(file, {
      facts: { hasAlpha: false, rotation: 0, size: barCodeSize },
      cache: freshCache(),
    });
    expect(await numbersShown(await all(pictures, [0, 0.5, 1]), "image/jpeg")).toEqual([0, 15, 30]);
    const { code, message } = await rejectionOf(pictures.at(3.9));
    expect(code).toBe("media-unreadable");
    expect(message).toMatch(/cut off, and can be played up to [12]\.\d+ s/);
  });

  it("that are none are refused in ffmpeg's words", async () => {
    const noPictures: string = join(folder, "sound.mp4");
    await runFfmpeg(["-f", "lavfi", "-i", "sine=d=1", "-y", noPictures]);
    const wanted: Readonly<Record<string, readonly [string | null, RegExp]>> = {
      "empty.mp4": ["", /holds 0 bytes/],
      "text.mp4": ["no film at all\n".repeat(200), /ffmpeg says: .*Invalid data/],
      "missing.mp4": [null, /ENOENT/],
      "sound.mp4": [null, /matches no streams/],
    };
    for (const [name, [content, words]] of Object.entries(wanted)) {
      if (content !== null) await writeFile(join(folder, name), content);
      const opening = openVideoPictures(join(folder, name), {
        facts: { hasAlpha: false, rotation: 0, size: barCodeSize },
        cache: freshCache(),
      });
      const { code, message } = await rejectionOf(opening);
      expect(code, name).toBe("media-unreadable");
      expect(message, name).toMatch(words);
    }
  });

  it("in a codec that the build does not know are refused in its words", async () => {
    const [file, unknown] = [join(folder, "known.avi"), join(folder, "unknown.avi")];
    await makeBarCodeVideo(file, { frameCount: 5, frameRate: "30", encoder: ["-c:v", "mpeg4"] });
    const bytes: Buffer = await readFile(file);
    for (let at = bytes.indexOf("FMP4"); at >= 0; at = bytes.indexOf("FMP4")) bytes.write("XXQZ", at);
    await writeFile(unknown, bytes);
    const facts = { hasAlpha: false, rotation: 0, size: barCodeSize } as const;
    const { code, message } = await rejectionOf(
      openVideoPictures(unknown, { facts, cache: freshCache() }).then((pictures) => pictures.at(0)),
    );
    expect(code).toBe("media-unreadable");
    expect(message).toMatch(/codec|decod/i);
  });
});

describe("frames of a video file", () => {
  const RATE = 30;
  const FRAMES = 90;
  let file: string;
  beforeAll(async () => {
    file = join(folder, "frames.mp4");
    await makeBarCodeVideo(file, { frameCount: FRAMES, frameRate: String(RATE), encoder: [...X264, "-g", "40", "-bf", "3"] });
  });

  async function numbersOf(options: VideoFramesOptions): Promise<{ numbers: (number | null)[]; repeats: number }> {
    await using frames = await videoFrames(file, { cache: freshCache(), ...options });
    const numbers: (number | null)[] = [];
    let repeats = 0;
    for await (const frame of frames.read({ start: 0, end: frames.frameCount })) {
      if (frame.repeats) repeats++;
      numbers.push(frame.pixels === null ? numbers.at(-1)! : numberInRgba(frame.pixels.data));
      frame.close();
    }
    return { numbers, repeats };
  }

  it("are right at every playback rate", async () => {
    for (const playbackRate of [0.1, 0.5, 1, 1.5, 2, 5]) {
      const { numbers, repeats } = await numbersOf({ frameRate: RATE, playbackRate, mediaStart: 0.5, durationSeconds: 0.45 });
      const wanted: number[] = Array.from({ length: 14 }, (_, at) => Math.floor(15 + at * playbackRate + 0.03));
      expect(numbers, `at ${playbackRate}`).toEqual(wanted);
      expect(repeats, `at ${playbackRate}`).toBe(14 - new Set(wanted).size);
    }
  });

  it("hold the last one behind the end, and loop where they are told", async () => {
    const held = await numbersOf({ frameRate: RATE, mediaStart: 2.8, durationSeconds: 0.5 });
    expect(held.numbers).toEqual([84, 85, 86, 87, 88, 89, 89, 89, 89, 89, 89, 89, 89, 89, 89]);
    const looped = await numbersOf({ frameRate: RATE, mediaStart: 2.8, durationSeconds: 0.5, loop: true });
    expect(looped.numbers).toEqual([84, 85, 86, 87, 88, 89, 84, 85, 86, 87, 88, 89, 84, 85, 86]);
  });

  it("are read by random access, and as pictures too", async () => {
    for (const format of ["RGBA", "PNG", "JPEG"] as const) {
      await using frames = await videoFrames(file, { frameRate: 60, format, cache: freshCache() });
      expect(frames.frameCount).toBe(180);
      for (const start of [100, 3, 179, 55]) {
        for await (const frame of frames.read({ start, end: start + 1 })) {
          const { data } = frame.pixels!;
          const type = format === "PNG" ? "image/png" : "image/jpeg";
          const shown = format === "RGBA" ? numberInRgba(data) : (await numbersShown([{ data }], type))[0];
          expect(shown, `${format} ${start}`).toBe(Math.floor(start / 2));
          frame.close();
        }
      }
    }
  });

  it("release their ffmpeg when the loop is left", async () => {
    await using frames = await videoFrames(file, { frameRate: RATE, cache: freshCache() });
    for await (const frame of frames.read({ start: 0, end: 90 })) {
      frame.close();
      break;
    }
    expect(descendants().filter(({ commandLine }) => commandLine.includes(file))).toEqual([]);
  });

  it("are refused with settings that make no sense", async () => {
    for (const options of [{ playbackRate: 6 }, { playbackRate: 0 }, { mediaStart: 3.5 }, { mediaStart: -1 }, { loop: true }]) {
      expect((await rejectionOf(videoFrames(file, { frameRate: RATE, ...options }))).code, JSON.stringify(options)).toBe("job-invalid");
    }
  });
});

describe("pictures that are kept", () => {
  const FRAMES = 240;
  let file: string;
  const facts = { hasAlpha: false, rotation: 0, size: barCodeSize } as const;
  const user: string = fileURLToPath(new URL("../support/picture-user.ts", import.meta.url));
  const loader: string = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  beforeAll(async () => {
    file = join(folder, "kept.mp4");
    await makeBarCodeVideo(file, { frameCount: FRAMES, frameRate: "30", encoder: [...X264, "-g", "100", "-bf", "2"] });
  });

  function startUser(cache: string): { readonly child: ChildProcess; readonly closed: Promise<unknown>; readonly said: () => string } {
    const child: ChildProcess = spawn(process.execPath, ["--import", loader, user, file, cache, String(FRAMES), "30"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    child.stdout!.on("data", (piece: Buffer) => {
      text += piece.toString();
    });
    return { child, closed: once(child, "close"), said: () => text };
  }

  it("are there for the next render, which runs no ffmpeg for them", async () => {
    const cache = freshCache();
    const short: string = join(folder, "short.mp4");
    await makeBarCodeVideo(short, { frameCount: 60, frameRate: "30", encoder: X264 });
    const times: number[] = Array.from({ length: 60 }, (_, at) => at / 30);
    const first: CachedPicture[] = await (async () => {
      await using pictures = await openVideoPictures(short, { facts, cache });
      return await all(pictures, times);
    })();
    // A copy is the same film.
    const copy: string = join(folder, "copy of short.mp4");
    await writeFile(copy, await readFile(short));
    const watch: ProcessWatch = watchProcesses();
    await using again = await openVideoPictures(copy, { facts, cache });
    const second: CachedPicture[] = await all(again, times);
    watch.stop();
    expect(second).toEqual(first);
    expect(watch.seen().filter(({ commandLine }) => commandLine.includes(copy))).toEqual([]);
  });

  it("are decoded by one ffmpeg from beginning to end, and no further than they are asked for", async () => {
    const times: number[] = Array.from({ length: FRAMES }, (_, at) => at / 30);
    const watch: ProcessWatch = watchProcesses();
    const decoding = (): number =>
      watch.seen().filter(({ commandLine }) => commandLine.includes(file) && commandLine.includes("mjpeg")).length;
    await using pictures = await openVideoPictures(file, { facts, cache: freshCache() });
    const shown: CachedPicture[] = await all(pictures, times);
    watch.look();
    expect(decoding()).toBe(1);
    expect(await numbersShown([shown[0]!, shown[130]!, shown[239]!], "image/jpeg")).toEqual([0, 130, 239]);
    const cache = freshCache();
    await using moment = await openVideoPictures(file, { facts, cache });
    // As a page asks that shows one frame: for that, and what would come next.
    await all(moment, [3, 3 + 1 / 30, 3 + 2 / 30, 3 + 3 / 30]);
    watch.stop();
    expect(decoding()).toBe(2);
    // It rests in the middle of its chunk: only the times of the pictures are kept so far.
    expect((await readdir(cache.folder)).filter((name) => name.endsWith(".kept"))).toEqual([expect.stringContaining("index")]);
  });

  it("are right where two processes take them at once, and one is killed in the middle", async () => {
    const cache: string = freshCache().folder;
    const [one, other, killed] = [startUser(cache), startUser(cache), startUser(cache)];
    await once(killed.child.stdout!, "data");
    killed.child.kill("SIGKILL");
    await Promise.all([one, other, killed].map(({ closed }) => closed));
    const [, ofOne] = one.said().trim().split("\n");
    expect(ofOne).toMatch(/^[0-9a-f]{64}$/);
    expect(other.said()).toBe(one.said());
    expect(killed.said()).not.toContain(ofOne);
    const after = startUser(cache);
    await after.closed;
    expect(after.said()).toBe(one.said());
    expect((await readdir(cache)).filter((name) => !name.endsWith(".kept"))).toEqual([]);
  });

  it("take no more than their limit, and are right where hardly any fit", async () => {
    const cache = { ...freshCache(), limitBytes: 400_000 };
    await using pictures = await openVideoPictures(file, { facts, cache });
    const times: number[] = Array.from({ length: FRAMES }, (_, at) => at / 30);
    for (const [at, time] of times.entries()) {
      const picture = await pictures.at(time);
      if (at % 40 === 0) expect(await numbersShown([picture], "image/jpeg")).toEqual([at]);
      const sizes: number[] = await Promise.all(
        (await readdir(cache.folder)).map(async (name) => (await stat(join(cache.folder, name)).catch(() => ({ size: 0 }))).size),
      );
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(cache.limitBytes + 4_096);
    }
  });

  it.runIf(isRoot)("are handed on without being kept where the disk is full", async () => {
    await using mount = await mountMemory(join(folder, "full"), "size=64k");
    await using pictures = await openVideoPictures(file, { facts, cache: { folder: mount.folder } });
    const times: number[] = [0, 1, 4, 7.9, 2];
    expect(await numbersShown(await all(pictures, times), "image/jpeg")).toEqual([0, 30, 120, 237, 60]);
    expect((await readdir(mount.folder)).filter((name) => name.endsWith(".partial"))).toEqual([]);
  });

  it("are waited for no longer than the signal lets", async () => {
    const controller = new AbortController();
    await using pictures = await openVideoPictures(file, { facts, cache: freshCache() });
    const asked = pictures.at(7, controller.signal);
    controller.abort(new Error("enough"));
    expect((await rejectionOf(asked)).code).toBe("aborted");
    expect(await numbersShown([await pictures.at(7)], "image/jpeg")).toEqual([210]);
  });

  it("leave no ffmpeg behind when they are closed in the middle", async () => {
    const pictures = await openVideoPictures(file, { facts, cache: freshCache() });
    const asked = rejectionOf(pictures.at(7));
    await pictures[Symbol.asyncDispose]();
    expect((await asked).code).toBe("aborted");
    expect((await rejectionOf(pictures.at(0))).code).toBe("aborted");
    expect(descendants().filter(({ commandLine }) => commandLine.includes(file))).toEqual([]);
  });
});

/** Marks a file to be turned by 90 degrees clockwise: newer releases of ffmpeg in another way than older ones, which count the other way round. */
async function turn(from: string, to: string): Promise<void> {
  const marked = (options: readonly string[]): Promise<unknown> => runFfmpeg([...options, "-y", to]);
  await marked(["-display_rotation", "-90", "-i", from, "-c", "copy"]).catch(() =>
    marked(["-i", from, "-c", "copy", "-metadata:s:v:0", "rotate=270"]),
  );
}
