import { readdir, readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { render } from "../../src/node/render.ts";
import { codedCodecs } from "../support/coded-videos.ts";
import { scratch, type Scratch } from "../support/render.ts";
import { decodePictures, runFfmpeg } from "../support/video-frames.ts";

/** Videos that do not say how their colours are coded, and some that do, beside the browser's own player. */

const size = { width: 960, height: 90 };
const [CELL, HEIGHT] = [120, 90];
let folder: Scratch;

interface Film {
  readonly file: string;
  readonly codec: readonly string[];
  readonly filter?: string;
}

const tags = (name: string): readonly string[] => ["-colorspace", name, "-color_primaries", name, "-color_trc", name, "-color_range", "tv"];
const films: readonly Film[] = [
  { file: "vp8.webm", codec: codedCodecs.vp8 },
  { file: "vp9.webm", codec: codedCodecs.vp9 },
  { file: "av1.webm", codec: codedCodecs.av1 },
  { file: "h264.mp4", codec: codedCodecs.h264 },
  { file: "h264-large.mp4", codec: codedCodecs.h264, filter: "scale=1440:720" },
  { file: "vp9-large.webm", codec: codedCodecs.vp9, filter: "scale=1440:720" },
  { file: "h264-709.mp4", codec: [...codedCodecs.h264, ...tags("bt709")], filter: "scale=out_color_matrix=bt709:out_range=tv" },
  { file: "h264-601.mp4", codec: [...codedCodecs.h264, ...tags("smpte170m")], filter: "scale=out_color_matrix=bt601:out_range=tv" },
];

beforeAll(async () => {
  folder = await scratch();
  const halves = "color=c=0xdd382e:s=180x180:r=10:d=1[a];color=c=0x2ea0dd:s=180x180:r=10:d=1[b];[a][b]hstack";
  for (const { file, codec, filter } of films)
    await runFfmpeg(["-filter_complex", [halves, ...(filter === undefined ? [] : [filter])].join(","), ...codec, folder.path(file)]);
});
afterAll(() => folder[Symbol.asyncDispose]());

/** Red, green and blue in both halves of each film, as the first frame of the output has them. */
async function colorsBy(injector: string): Promise<number[][]> {
  const videos: string[] = films.map(({ file }) => `<video muted data-start="0" src="${file}"></video>`);
  const style = `body { margin: 0; display: flex } video { width: ${CELL}px; height: ${HEIGHT}px; object-fit: fill }`;
  const page: string = await folder.page(`<!doctype html><style>${style}</style>${videos.join("")}`, `${injector}.html`);
  await render({
    page,
    output: folder.path(`${injector}/%d.png`),
    ...size,
    frameRate: 10,
    duration: 0.2,
    capture: "screenshot",
    media: { injector },
  });
  const [first] = (await readdir(folder.path(injector))).toSorted();
  const [pixels] = await decodePictures([await readFile(folder.path(`${injector}/${first}`))], size);
  return films.flatMap((_, at) =>
    [CELL / 4, (CELL * 3) / 4].map((x) => {
      const from: number = ((HEIGHT / 2) * size.width + at * CELL + x) * 3;
      return Array.from(pixels!.subarray(from, from + 3));
    }),
  );
}

it("are shown in the same colours by every injector", async () => {
  // Now and then a screenshot lacks videos that the browser itself plays: no colour of them is black.
  let wanted: number[][] = [];
  const isWhole = (): boolean => wanted.length > 0 && wanted.every((color) => color.some((value) => value > 0));
  for (let tries = 0; tries < 10 && !isWhole(); tries++) wanted = await colorsBy("native");
  const farthest = (colors: readonly number[][]): number =>
    Math.max(...colors.flatMap((color, at) => color.map((value, channel) => Math.abs(value - wanted[at]![channel]!))));
  expect(farthest(await colorsBy("webcodecs"))).toBeLessThanOrEqual(1);
  // ffmpeg rounds otherwise, and a JPEG lies in between. Another matrix would be 15 away.
  expect(farthest(await colorsBy("base64"))).toBeLessThanOrEqual(5);
});
