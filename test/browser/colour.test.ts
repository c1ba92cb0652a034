import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ringFile } from "../../src/browser/transport/ring-file.ts";
import { htmlInCanvas } from "../../src/capture/html-in-canvas.ts";
import { screenshot } from "../../src/capture/screenshot.ts";
import type { Capture } from "../../src/core/capture.ts";
import type { Encoder } from "../../src/core/encoder.ts";
import type { FrameFormat, Size } from "../../src/core/frame.ts";
import type { PageAddress } from "../../src/core/host.ts";
import type { RenderResult } from "../../src/core/result.ts";
import { ffmpegPipe } from "../../src/encoders/ffmpeg-pipe.ts";
import { webcodecs } from "../../src/encoders/webcodecs.ts";
import { openPageAddress } from "../../src/node/file-server.ts";
import { render } from "../../src/node/render.ts";
import { boxAverage } from "../support/block-pictures.ts";
import { launchPlainBrowser, type PlainBrowser } from "../support/plain-browser.ts";
import { scratch, type Scratch } from "../support/render.ts";
import { colorTags, decodeFrames, decodePictures } from "../support/video-frames.ts";

type Color = readonly [red: number, green: number, blue: number];

const size: Size = { width: 384, height: 256 };
const [COLUMNS, PATCH_WIDTH, PATCH_HEIGHT] = [8, 48, 64];

/** In the order of the page's grid. Conversion with one matrix and tags of another shifts the first patch by 12. */
const hexColors: readonly string[] = [
  ...["dd382e", "000000", "101010", "404040", "808080", "c0c0c0", "ebebeb", "ffffff"],
  ...["ff0000", "00ff00", "0000ff", "00ffff", "ff00ff", "ffff00", "ff8000", "8000ff"],
  // Skin, light to dark, and two pale colours.
  ...["ffe0c4", "f1c27d", "e0ac69", "c68642", "8d5524", "4a2c18", "c8e6ff", "ffd2e6"],
  // Dark ones, and such as are common in designs.
  ...["280000", "002800", "00003c", "140a1e", "17123b", "0f7c72", "6a4cff", "ff5a2b"],
];
const colors: readonly Color[] = hexColors.map((hex) => [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)) as unknown as Color);

/** One way for a picture from the page to the file: all that exist. */
interface Way {
  readonly capture: Capture;
  readonly encoder: Encoder;
  readonly format: FrameFormat;
  /** Largest error of one channel after the way back by ffmpeg, of 255. */
  readonly limit: number;
}

/**
 * Two is what is left by rounding to 8 bits three times: to Y, Cb and Cr, by the encoder, and back to RGB. JPEG adds a round
 * of its own, in the other matrix and in full range, even in its best quality.
 */
const ROUNDING = 2;
const ROUNDING_WITH_JPEG = 3;

const painted = htmlInCanvas({ transports: [ringFile()] });
const shotPng = screenshot();
const shotJpeg = screenshot({ format: "JPEG", quality: 100 });

const pictures: readonly Omit<Way, "encoder">[] = [
  { capture: painted, format: "I420", limit: ROUNDING },
  { capture: painted, format: "RGBA", limit: ROUNDING },
  { capture: painted, format: "page", limit: ROUNDING },
  { capture: shotPng, format: "PNG", limit: ROUNDING },
  { capture: shotJpeg, format: "JPEG", limit: ROUNDING_WITH_JPEG },
];

const ways: readonly Way[] = [ffmpegPipe(), webcodecs()].flatMap((encoder) =>
  pictures
    .filter(({ format }) => encoder.traits.accepts.includes(format))
    .map(({ capture, format, limit }) => ({ capture, encoder, format, limit })),
);

let folder: Scratch;
let address: PageAddress;
let plain: PlainBrowser;
let player: PageAddress;

beforeAll(async () => {
  folder = await scratch();
  address = await openPageAddress(fileURLToPath(new URL("../pages/patches.html", import.meta.url)));
  plain = await launchPlainBrowser();
  player = await openPageAddress(await folder.page("<!doctype html><body>", "player.html"));
});

afterAll(async () => {
  await plain[Symbol.asyncDispose]();
  await player[Symbol.asyncDispose]();
  await address[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

function fileOf({ capture, encoder, format }: Way): string {
  return `${capture.name}-${encoder.name}-${format}.mp4`;
}

async function renderPatches(way: Way): Promise<RenderResult> {
  const { capture, encoder, format } = way;
  // Hardly any compression: what is left is the handling of colour.
  const quality = encoder.name === "webcodecs" ? { bitrate: 20_000_000 } : { crf: 4 };
  return render(
    { page: `${address.url}?colors=${hexColors.join(",")}`, output: folder.path(fileOf(way)), ...size, frameRate: 10, quality },
    {
      parts: {
        captures: [{ ...capture, traits: { ...capture.traits, gives: [format] } }],
        encoders: [{ ...encoder, traits: { ...encoder.traits, accepts: [format] } }],
      },
    },
  );
}

interface Deviation {
  readonly error: number;
  /** Which colour became what. */
  readonly where: string;
}

/** The largest error of a channel in the middle of any patch; `excused` is what each channel of a colour may miss beside it. */
function largestError(picture: Uint8Array, excused: (color: Color) => Color = () => [0, 0, 0]): Deviation {
  let largest: Deviation = { error: 0, where: "nowhere" };
  for (const [at, color] of colors.entries()) {
    const [x, y] = [(at % COLUMNS) * PATCH_WIDTH + 12, Math.floor(at / COLUMNS) * PATCH_HEIGHT + 16];
    const seen: number[] = boxAverage(picture, size, 3, { x, y, width: PATCH_WIDTH - 24, height: PATCH_HEIGHT - 32 });
    const excuses: Color = excused(color);
    const error: number = Math.max(...color.map((channel, which) => Math.abs(channel - seen[which]!) - excuses[which]!));
    if (error > largest.error) largest = { error, where: `${color.join(",")} is ${seen.map((value) => value.toFixed(1)).join(",")}` };
  }
  return largest;
}

/**
 * Without a GPU Chromium converts by libyuv, which on x86 holds the factor from Cb to blue in so few bits that it stops at
 * 2 where BT.709 has 2.1124: pure blue is shown as 0,0,243 in every BT.709 video.
 */
function missedByLibyuv([red, green, blue]: Color): Color {
  const luma: number = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  const cb: number = ((blue - luma) / 1.8556 / 255) * 224;
  return [0, 0, Math.abs(cb) * 0.1124];
}

/** What a browser shows of the middle of a file, drawn to a canvas: as rgb24. */
async function playedFrame(file: string): Promise<Uint8Array> {
  const expression = `(async () => {
    const video = document.body.appendChild(document.createElement("video"));
    video.muted = true;
    video.src = ${JSON.stringify(file)};
    await new Promise((resolve, reject) => { video.onloadeddata = resolve; video.onerror = () => reject(new Error(video.error.message)); });
    // A seek is over before its picture is there.
    const shown = new Promise(resolve => video.requestVideoFrameCallback(resolve));
    video.currentTime = .55;
    await shown;
    const canvas = Object.assign(document.createElement("canvas"), { width: video.videoWidth, height: video.videoHeight });
    canvas.getContext("2d").drawImage(video, 0, 0);
    return canvas.toDataURL("image/png").split(",")[1];
  })()`;
  const picture: string = await plain.evaluate<string>(player.url, expression);
  return (await decodePictures([Buffer.from(picture, "base64")], size))[0]!;
}

const cases = ways.map((way) => [`${way.capture.name}, ${way.format}, ${way.encoder.name}`, way] as const);

it.each(cases)("colours survive: %s", async (_name, way) => {
  const { plan, facts } = await renderPatches(way);
  expect(plan).toMatchObject({ capture: way.capture.name, encoder: way.encoder.name, frameFormat: way.format });
  const file: string = fileOf(way);
  expect(await colorTags(folder.path(file))).toEqual({ matrix: "bt709", primaries: "bt709", transfer: "bt709", range: "tv" });
  expect(facts.colorSpace).toEqual({ matrix: "bt709", primaries: "bt709", transfer: "bt709", fullRange: false });

  const frames: Uint8Array[] = await decodeFrames(folder.path(file), size, "rgb24");
  expect(frames).toHaveLength(10);
  const [first, last] = [largestError(frames[0]!), largestError(frames[9]!)];
  const played: Deviation = largestError(await playedFrame(file), missedByLibyuv);
  expect(first.error, first.where).toBeLessThanOrEqual(way.limit);
  expect(last.error, last.where).toBeLessThanOrEqual(way.limit);
  // The browser's way back to RGB rounds once more.
  expect(played.error, played.where).toBeLessThanOrEqual(way.limit + 1);
});
