import { copyFile, appendFile, mkdir, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import type { Size } from "../core/frame.ts";
import { BENCH_RATE } from "./page-frames.ts";

/** Seconds that the page says it lasts: longer than any run. */
const PAGE_SECONDS = 60;

/** Numbers all copies: those who keep pictures know a file by what is in it. */
let copies = 0;

/**
 * Writes a page that plays films side by side, over the whole size, while something else moves in each frame. Every copy has content
 * of its own, so that no picture of it was ever seen.
 *
 * @param films Paths of video files
 * @param folder Does not exist yet
 * @returns the path of the page
 */
export async function writeFilmPage(films: readonly string[], size: Size, folder: string): Promise<string> {
  await mkdir(folder);
  const names: readonly string[] = await Promise.all(films.map((film, at) => copyInto(film, folder, at)));
  const page: string = join(folder, "index.html");
  await writeFile(page, pageOf(names, size));
  return page;
}

async function copyInto(film: string, folder: string, at: number): Promise<string> {
  const name = `${at}${extname(film)}`;
  const path: string = join(folder, name);
  await copyFile(film, path);
  await appendFile(path, padding(extname(film), copies++));
  return name;
}

/** What readers of the container pass over: a `free` box of MP4, a `Void` element of WebM. */
function padding(extension: string, content: number): Uint8Array {
  const head: readonly number[] = extension === ".webm" ? [0xec, 0x84] : [0, 0, 0, 12, ...Buffer.from("free")];
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(content);
  return Buffer.from([...head, ...bytes]);
}

function pageOf(films: readonly string[], { width, height }: Size): string {
  return `<!doctype html>
<meta charset="utf-8">
<meta name="framewright" content="width=${width}, height=${height}, fps=${BENCH_RATE.numerator / BENCH_RATE.denominator}, duration=${PAGE_SECONDS}">
<style>
  body { margin: 0; width: ${width}px; height: ${height}px; overflow: hidden; background: #14121f; }
  main { display: grid; width: 100%; height: 100%; grid-template: 1fr / repeat(${Math.max(1, films.length)}, 1fr); }
  video { width: 100%; height: 100%; min-width: 0; min-height: 0; object-fit: contain; }
  b { position: fixed; left: 0; top: 0; width: 5%; height: 5%; background: #ffb454; animation: run ${PAGE_SECONDS}s linear infinite; }
  @keyframes run { to { transform: translateX(${width}px); } }
</style>
<main>${films.map((film) => `<video muted data-start="0" src="${film}"></video>`).join("")}</main>
<b></b>
`;
}
