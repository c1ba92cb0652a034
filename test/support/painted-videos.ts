import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { MediaQuestion } from "../../src/browser/messages.ts";
import { mediaLink, type MediaLinkDouble } from "./media-link.ts";

/** What a painted video is: a file of JSON, which no browser plays. */
export interface PaintedVideo {
  readonly frames: number;
  readonly rate: number;
  readonly width: number;
  readonly height: number;
  /** Green of its pictures. */
  readonly green: number;
  /** It has sound as well. */
  readonly sounds: boolean;
}

/** Red of a picture, from frame to frame. */
export const RED_STEP = 4;
export const PAINTED_BLUE = 128;

export function paintedFile(video: Partial<PaintedVideo> = {}): string {
  return JSON.stringify({ frames: 60, rate: 30, width: 64, height: 64, green: 0, sounds: false, ...video });
}

const READER = `({
  sourceOf: async (url) => (url.startsWith("data:") ? "data:" + url.length : url),
  async read(url) {
    let response;
    try {
      response = await fetch(url);
    } catch {
      throw Object.assign(new Error("its server refuses scripts of other origins"), { name: "MediaFault", kind: "refused" });
    }
    if (!response.ok) throw Object.assign(new Error("its server answered with " + response.status), { name: "MediaFault", kind: "missing" });
    const text = await response.text();
    let video;
    try {
      video = JSON.parse(text);
    } catch {
      throw Object.assign(new Error("it is no video"), { name: "MediaFault", kind: "broken" });
    }
    (globalThis.__painted ??= {})[await this.sourceOf(url)] = video;
    const { frames, rate, width, height } = video;
    return {
      source: await this.sourceOf(url),
      durationSeconds: frames / rate,
      byteLength: text.length,
      video: { codec: "painted", size: { width, height }, rotation: 0, hasAlpha: false, tickSeconds: 0.001, frameRate: rate, decodesInPage: false },
      audio: video.sounds ? { codec: "painted", sampleRate: 48000, channels: 2, decodesInPage: false } : null,
    };
  },
  bytes: async () => "",
})`;

/** Pictures as the file says, or what the function \`__paint\` of the page's window paints. Those of a host that is asked come later. */
const feedOf = (asks: boolean): string => `(async ({ facts, url }, host) => {
  const { frames, rate, width, height, green } = await fetch(url).then((response) => response.json());
  const paint = globalThis.__paint ?? globalThis.frames[0]?.__paint;
  return {
    async picture(seconds) {
      if (${asks}) await host.ask({ seconds });
      const index = Math.max(0, Math.min(frames - 1, Math.floor((seconds + 0.001) * rate)));
      host.memory.count("miss");
      const canvas = new OffscreenCanvas(width, height);
      const context = canvas.getContext("2d");
      if (paint) paint(context, index);
      else {
        context.fillStyle = "rgb(" + index * ${RED_STEP} + ", " + green + ", ${PAINTED_BLUE})";
        context.fillRect(0, 0, width, height);
      }
      return new VideoFrame(canvas, { timestamp: Math.round((index * 1e6) / rate) });
    },
    ahead(seconds) {
      (globalThis.__ahead ??= []).push([facts.source, seconds]);
    },
    close() {},
  };
})`;

export interface PaintedLink {
  /** Null leaves videos to the browser. */
  readonly injector?: string | null;
  /** Answers what the feed asks of the host; unless it is given, nothing is asked. */
  ask?(question: unknown): unknown;
}

/** A link whose videos are painted. */
export function paintedLink({ injector = "painted", ask }: PaintedLink = {}): MediaLinkDouble {
  return mediaLink({
    reader: READER,
    feeds: { painted: feedOf(ask !== undefined) },
    answer: (question: Exclude<MediaQuestion, { ask: "reader" }>) => {
      if (question.ask === "feed") return { injector, cacheBytes: 1_000_000 };
      return question.ask === "injector" ? ask!(question.question) : null;
    },
  });
}

export interface ServedFile {
  readonly type: string;
  readonly body: string | Uint8Array;
}

export interface MediaServer extends AsyncDisposable {
  readonly url: string;
  /** Paths that a browser asked for to play them itself. */
  readonly played: readonly string[];
}

/** Serves files by path, with ranges, and notices who asks. */
export async function serveMedia(
  files: Readonly<Record<string, ServedFile>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<MediaServer> {
  const played: string[] = [];
  const server: Server = createServer((request: IncomingMessage, response) => {
    const path: string = request.url!.replace(/\?.*/, "");
    const file: ServedFile | undefined = files[path];
    const destination: string | string[] | undefined = request.headers["sec-fetch-dest"];
    if (destination === "video" || destination === "audio") played.push(path);
    if (!file) return void response.writeHead(404).end();
    const bytes: Buffer = Buffer.from(file.body);
    const [, first, last] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? "") ?? [];
    const all: Record<string, string> = { "content-type": file.type, "accept-ranges": "bytes", ...headers };
    if (first === undefined) return void response.writeHead(200, all).end(bytes);
    const end: number = last === "" ? bytes.length - 1 : Math.min(Number(last), bytes.length - 1);
    response
      .writeHead(206, { ...all, "content-range": `bytes ${first}-${end}/${bytes.length}` })
      .end(bytes.subarray(Number(first), end + 1));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    played,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
