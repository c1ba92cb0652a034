import { copyFile } from "node:fs/promises";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serveFolder } from "../../src/node/file-server.ts";
import { codedCodecs, makeCodedVideo, type CodedVideo } from "../support/coded-videos.ts";
import { launchByPlaywright } from "../support/plain-browser.ts";
import { fedPictures, openReadingPage, type FedPictures, type FeedTask } from "../support/reading-page.ts";
import { Random } from "../support/random.ts";
import { scratch, type Scratch } from "../support/render.ts";
import { writeTurned } from "../support/turned-video.ts";
import { runFfmpeg } from "../support/video-frames.ts";

let folder: Scratch;
let server: Server;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  folder = await scratch();
  await copyFile(fileURLToPath(new URL("../pages/media-feeds.html", import.meta.url)), folder.path("media-feeds.html"));
  server = await serveFolder(folder.folder);
  browser = await launchByPlaywright(["--disable-gpu"]);
  page = await browser.newPage();
  await openReadingPage(page, urlOf("media-feeds.html"));
});

afterAll(async () => {
  await browser.close();
  server.close();
  await folder[Symbol.asyncDispose]();
});

function urlOf(name: string): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/${name}`;
}

/** A video, and when its frames begin. */
interface Timed extends Omit<CodedVideo, "path"> {
  readonly name: string;
  /** Times of the file are rounded to whole milliseconds. */
  readonly isRounded?: boolean;
}

function timesOf({ rate, frames, ticks }: Timed): readonly number[] {
  const [numerator, denominator] = [...rate.split("/"), "1"].map(Number) as [number, number];
  return Array.from({ length: frames }, (_, index) => ((ticks?.[index] ?? index) * denominator) / numerator);
}

/** The frame that is shown: the last that begins by then, before the first the first. */
function frameAt(times: readonly number[], seconds: number): number {
  return Math.max(
    0,
    times.findLastIndex((time) => time <= seconds + 1e-6),
  );
}

/** Everything that elements ask of a feed: in order at many rates, at random, backwards, and past the end. */
function askedTimes(durationSeconds: number): readonly number[] {
  const random = new Random(7);
  const inOrder = (from: number, rate: number): number[] => Array.from({ length: 40 }, (_, index) => from + (index * rate) / 30);
  return [
    ...[0.1, 0.5, 1, 2, 5].flatMap((rate, at) => inOrder(at * 0.3, rate)),
    ...Array.from({ length: 30 }, () => random.next() * durationSeconds),
    ...Array.from({ length: 30 }, (_, index) => durationSeconds - index / 25),
    ...[durationSeconds + 0.5, durationSeconds + 100, 0.05, durationSeconds * 2],
  ];
}

/** Asks for all of them and says of each picture that is wrong how. */
async function wrongPictures(
  name: string,
  seconds: readonly number[],
  expected: (seconds: number) => readonly number[],
  options: Partial<FeedTask> = {},
): Promise<{ readonly wrong: readonly string[]; readonly fed: FedPictures }> {
  const fed: FedPictures = await fedPictures(page, { url: urlOf(name), seconds, ...options });
  expect(fed.shown).toHaveLength(seconds.length);
  const wrong: string[] = seconds.flatMap((time, index) => {
    const right: readonly number[] = expected(time);
    return right.includes(fed.shown[index]!) ? [] : [`${time.toFixed(4)} s shows ${fed.shown[index]} and not ${right.join(" or ")}`];
  });
  // A feed that is closed leaves nothing behind, and takes nothing away that is not its own.
  expect({ open: fed.open, closedTwice: fed.closedTwice, bytes: fed.memory.bytes }).toEqual({ open: 0, closedTwice: 0, bytes: 0 });
  return { wrong, fed };
}

/** Frames that may be shown at a time. */
function framesAt(video: Timed): (seconds: number) => readonly number[] {
  const times: readonly number[] = timesOf(video);
  // Where the file itself rounds, a frame that is about to begin may be shown.
  return (seconds) => [frameAt(times, seconds), frameAt(times, seconds + (video.isRounded ? 0.001 : 0))];
}

const variable: readonly number[] = Array.from({ length: 90 }, (_, index) => index * 4 + (index % 3));
const inH264: Pick<Timed, "codec"> = { codec: codedCodecs.h264 };
const videos: readonly Timed[] = [
  { name: "film.mp4", rate: "24000/1001", frames: 96, ...inH264 },
  { name: "pal.mov", rate: "25", frames: 100, ...inH264 },
  { name: "ntsc.mp4", rate: "30000/1001", frames: 120, ...inH264 },
  { name: "fifty.mkv", rate: "50", frames: 150, ...inH264, isRounded: true },
  { name: "sixty.mp4", rate: "60", frames: 180, ...inH264 },
  { name: "variable.mp4", rate: "120", frames: 90, ticks: variable, ...inH264 },
  { name: "stream.ts", rate: "25", frames: 75, ...inH264 },
  {
    name: "open-gop.mp4",
    rate: "25",
    frames: 120,
    codec: [...codedCodecs.h264, "-x264-params", "open-gop=1:keyint=24:bframes=3:b-pyramid=normal"],
  },
  { name: "vp8.webm", rate: "25", frames: 100, codec: codedCodecs.vp8, isRounded: true },
  { name: "vp9.webm", rate: "24000/1001", frames: 96, codec: codedCodecs.vp9, isRounded: true },
  {
    name: "vp9-hidden.webm",
    rate: "30",
    frames: 90,
    codec: [
      "-c:v",
      "libvpx-vp9",
      "-deadline",
      "good",
      "-cpu-used",
      "5",
      "-crf",
      "30",
      "-b:v",
      "0",
      "-auto-alt-ref",
      "1",
      "-lag-in-frames",
      "16",
    ],
    isRounded: true,
  },
  {
    name: "vp8-hidden.webm",
    rate: "30",
    frames: 90,
    codec: ["-c:v", "libvpx", "-deadline", "good", "-cpu-used", "5", "-b:v", "500k", "-auto-alt-ref", "1", "-lag-in-frames", "16"],
    isRounded: true,
  },
  {
    name: "vp9-10bit.webm",
    rate: "30",
    frames: 60,
    codec: ["-c:v", "libvpx-vp9", "-pix_fmt", "yuv420p10le", "-profile:v", "2", "-deadline", "realtime", "-cpu-used", "8"],
    isRounded: true,
  },
  { name: "av1.webm", rate: "50", frames: 150, codec: codedCodecs.av1, isRounded: true },
  { name: "av1.mp4", rate: "30000/1001", frames: 90, codec: codedCodecs.av1 },
];

describe("the right frame of a video, whatever time is asked for", () => {
  it.each(videos)("$name, $rate frames a second", async (video) => {
    await makeCodedVideo({ ...video, path: folder.path(video.name) });
    const durationSeconds: number = timesOf(video).at(-1)! + 1 / 30;
    const { wrong } = await wrongPictures(video.name, askedTimes(durationSeconds), framesAt(video));
    expect(wrong).toEqual([]);
  });

  it("a file that begins later shows its first frame at once", async () => {
    const video: Timed = { name: "late.mkv", rate: "25", frames: 75, ...inH264, isRounded: true };
    await makeCodedVideo({ ...video, path: folder.path(video.name), more: ["-output_ts_offset", "1.5"] });
    expect((await wrongPictures(video.name, askedTimes(3), framesAt(video))).wrong).toEqual([]);
  });

  it("pictures that begin after the sound: the first is shown until the second", async () => {
    const video: Timed = { name: "quiet.mp4", rate: "25", frames: 50, ...inH264 };
    await makeCodedVideo({ ...video, path: folder.path(video.name) });
    await runFfmpeg([
      ...["-f", "lavfi", "-i", "sine=frequency=440:duration=3", "-itsoffset", "0.5", "-i", folder.path(video.name)],
      ...["-map", "0:a", "-map", "1:v", "-c:v", "copy", "-c:a", "aac", "-y", folder.path("late-pictures.mp4")],
    ]);
    const { wrong } = await wrongPictures("late-pictures.mp4", askedTimes(2.5), (seconds) => framesAt(video)(Math.max(0, seconds - 0.5)));
    expect(wrong).toEqual([]);
  });

  it("an edit list that cuts the begin off in the middle of a group of pictures", async () => {
    const video: Timed = { name: "whole.mp4", rate: "25", frames: 100, ...inH264 };
    await makeCodedVideo({ ...video, path: folder.path(video.name) });
    // Copied from the key frame before, with an edit list that begins at 0.8 s.
    await runFfmpeg(["-ss", "0.8", "-i", folder.path(video.name), "-c", "copy", "-y", folder.path("cut.mp4")]);
    const { wrong } = await wrongPictures("cut.mp4", askedTimes(3.2), (seconds) => framesAt(video)(seconds + 0.8));
    expect(wrong).toEqual([]);
  });
});

describe("how pictures are shown", () => {
  it.each([
    [90, "transpose=cclock"],
    [180, "hflip,vflip"],
    [270, "transpose=clock"],
  ] as const)("turned by %i degrees, upright", async (degrees, lying) => {
    const video: Timed = { name: `lying-${degrees}.mp4`, rate: "25", frames: 50, codec: [...codedCodecs.h264, "-vf", lying] };
    await makeCodedVideo({ ...video, path: folder.path(video.name) });
    await writeTurned(folder.path(video.name), folder.path(`turned-${degrees}.mp4`), degrees);
    const { wrong, fed } = await wrongPictures(`turned-${degrees}.mp4`, [0, 0.5, 1, 0.2], framesAt(video));
    expect(wrong).toEqual([]);
    expect(fed.size).toEqual({ width: 320, height: 180 });
  });

  it("with pixels that are no squares, in their right width", async () => {
    const video: Timed = { name: "wide.mp4", rate: "25", frames: 25, codec: [...codedCodecs.h264, "-vf", "setsar=2/1"] };
    await makeCodedVideo({ ...video, path: folder.path(video.name) });
    const { wrong, fed } = await wrongPictures(video.name, [0, 0.5], framesAt(video));
    expect(wrong).toEqual([]);
    expect(fed.size).toEqual({ width: 640, height: 180 });
  });

  it("with odd numbers of rows and columns", async () => {
    const codec: readonly string[] = ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-vf", "scale=321:181"];
    const video: Timed = { name: "odd.webm", rate: "25", frames: 25, codec, isRounded: true };
    await makeCodedVideo({ ...video, path: folder.path(video.name) });
    const { wrong, fed } = await wrongPictures(video.name, [0, 0.5], framesAt(video));
    expect(wrong).toEqual([]);
    expect(fed.size).toEqual({ width: 321, height: 181 });
  });

  it.each([
    ["vp9", ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"]],
    ["vp8", ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "2M"]],
  ] as const)("%s with the alpha of the same frame", async (name, codec) => {
    // The bars themselves are the alpha.
    const alpha = "split[color][bars];[color][bars]alphamerge,format=yuva420p";
    const video: Timed = {
      name: `alpha-${name}.webm`,
      rate: "25",
      frames: 75,
      codec: [...codec, "-auto-alt-ref", "0", "-g", "20", "-vf", alpha],
      isRounded: true,
    };
    await makeCodedVideo({ ...video, path: folder.path(video.name) });
    const seconds: readonly number[] = askedTimes(3);
    const fed: FedPictures = await fedPictures(page, { url: urlOf(video.name), seconds });
    const wrong: readonly number[] = seconds.filter((time, index) => !framesAt(video)(time).includes(fed.alpha[index]!));
    expect(wrong).toEqual([]);
    expect({ open: fed.open, closedTwice: fed.closedTwice, bytes: fed.memory.bytes }).toEqual({ open: 0, closedTwice: 0, bytes: 0 });
  });
});

describe("what a feed takes", () => {
  const video: Timed = { name: "budget.mp4", rate: "30", frames: 150, ...inH264 };
  const inOrder: readonly number[] = Array.from({ length: 150 }, (_, index) => index / 30);

  beforeAll(() => makeCodedVideo({ ...video, path: folder.path(video.name) }));

  it("without any memory for pictures it shows all of them, and decodes none ahead", async () => {
    const { wrong, fed } = await wrongPictures(video.name, askedTimes(5), framesAt(video), { budgetBytes: 0 });
    expect(wrong).toEqual([]);
    expect(fed.memory).toMatchObject({ peakBytes: 0, hit: expect.any(Number) as number });
    expect(fed.memory.rejection).toBeGreaterThan(0);
  });

  it("keeps within its memory", async () => {
    // Room for three pictures of 320 by 180.
    const budgetBytes: number = 3 * 320 * 180 * 1.5;
    const { wrong, fed } = await wrongPictures(video.name, askedTimes(5), framesAt(video), { budgetBytes });
    expect(wrong).toEqual([]);
    expect(fed.memory.peakBytes).toBeLessThanOrEqual(budgetBytes);
  });

  it("holds few pictures, however long the video", async () => {
    const { wrong, fed } = await wrongPictures(video.name, inOrder, framesAt(video));
    expect(wrong).toEqual([]);
    expect(fed.mostOpen).toBeLessThanOrEqual(8);
  });

  it("a decoder that dies is opened anew, and all pictures are right", async () => {
    const { wrong } = await wrongPictures(video.name, inOrder, framesAt(video), { killsDecoderAt: [0, 1, 40, 149] });
    expect(wrong).toEqual([]);
  });

  it.each([0, 1, 2, 4, 8, 16, 32])(
    "closed after %i turns of the page, in the middle of its work, it leaves nothing behind",
    async (turns) => {
      const task: string = JSON.stringify({ url: urlOf(video.name), turns });
      const end = await page.evaluate<{ readonly ends: readonly string[] }>(`closedAfter(${task})`);
      expect(end).toMatchObject({ open: 0, closedTwice: 0, bytes: 0, decoders: 0 });
      expect(end.ends.at(-1)).toBe("its pictures were no longer needed");
      expect(end.ends.filter((one) => one !== "shown" && one !== "its pictures were no longer needed")).toEqual([]);
    },
  );
});
