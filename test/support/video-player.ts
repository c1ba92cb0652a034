import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { barCodeSize, readBarCode } from "./bar-code.ts";
import { html, serveLoopback } from "./loopback.ts";
import type { PlainBrowser } from "./plain-browser.ts";

/** Chromium plays H.264 in QuickTime files as MP4. */
const types: Readonly<Record<string, string>> = {
  ".mp4": "video/mp4",
  ".mov": "video/mp4",
  ".webm": "video/webm",
  ".mkv": "video/x-matroska",
};

/** What a `<video>` makes of a file. */
export interface Played {
  readonly durationSeconds: number;
  /** The number that the bar code shows at each time; null where it shows none. */
  readonly shown: readonly (number | null)[];
}

/** Seeks a `<video>` in a page of Chromium to one time after another. */
export async function playVideo(browser: PlainBrowser, file: string, times: readonly number[]): Promise<Played> {
  const bytes: Buffer = await readFile(file);
  await using server = await serveLoopback({
    "/": html(""),
    "/video": (response) => response.setHeader("content-type", types[extname(file)]!).end(bytes),
  });
  const { durationSeconds, grays } = await browser.evaluate<{ durationSeconds: number; grays: string[] }>(
    `http://127.0.0.1:${server.port}/`,
    inPage(times),
  );
  return { durationSeconds, shown: grays.map((gray) => readBarCode(Buffer.from(gray, "base64"))) };
}

/** A blob, for a file can be sought in only where its server answers ranges. */
function inPage(times: readonly number[]): string {
  const { width, height } = barCodeSize;
  return `(async () => {
    const video = document.createElement("video");
    const happens = (name) => new Promise((resolve, reject) => {
      video.addEventListener(name, resolve, { once: true });
      video.addEventListener("error", () => reject(new Error(video.error.message)), { once: true });
    });
    const loaded = happens("loadeddata");
    video.src = URL.createObjectURL(await (await fetch("/video")).blob());
    await loaded;
    const context = new OffscreenCanvas(${width}, ${height}).getContext("2d", { willReadFrequently: true });
    // Now and then "seeked" comes before the picture does; where the picture stays the same none comes at all.
    const painted = () => new Promise((resolve) => {
      video.requestVideoFrameCallback(resolve);
      let left = 6;
      const next = () => (left-- > 0 ? requestAnimationFrame(next) : resolve());
      next();
    });
    const grays = [];
    for (const time of ${JSON.stringify(times)}) {
      const sought = happens("seeked");
      const shown = painted();
      video.currentTime = time;
      await sought;
      await shown;
      await painted();
      context.drawImage(video, 0, 0);
      const { data } = context.getImageData(0, 0, ${width}, ${height});
      grays.push(btoa(Array.from({ length: ${width * height} }, (_, at) => String.fromCharCode(data[at * 4])).join("")));
    }
    return { durationSeconds: video.duration, grays };
  })()`;
}
