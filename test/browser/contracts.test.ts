import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formats, type Container } from "../../src/core/formats.ts";
import type { OutputSink } from "../../src/core/sink.ts";
import type { MixedSound } from "../../src/core/sound.ts";
import {
  beginFrame,
  canvas,
  ffmpegDisk,
  ffmpegPipe,
  htmlInCanvas,
  launchBrowser,
  openFileSink,
  openFolderSink,
  pngSequence,
  ringFile,
  screenshot,
  webcodecs,
  webSocket,
  type Browser,
} from "../../src/node/index.ts";
import { captureCases, encoderCases, memorySink } from "../../src/testing/index.ts";
import { mixedSound } from "../support/mixed-sound.ts";
import { scratch, type Scratch } from "../support/render.ts";

let browser: Browser;
/** A capture that needs a browser of its own gets this one. */
let ownBrowser: Browser;
let server: Server;
let folder: Scratch;
let html = "";

beforeAll(async () => {
  folder = await scratch();
  server = createServer((_, response) => response.setHeader("content-type", "text/html").end(html));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  browser = await launchBrowser({ flags: htmlInCanvas({ transports: [] }).traits.browserFlags, treatAsSecure: origin() });
  ownBrowser = await launchBrowser({ flags: beginFrame().traits.browserFlags, treatAsSecure: origin() });
});

afterAll(async () => {
  await browser.close();
  await ownBrowser.close();
  server.closeAllConnections();
  server.close();
  await folder[Symbol.asyncDispose]();
});

function origin(): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

// The cases are made before the browser is: they ask for it when they run.
function lazily(get: () => Browser): Browser {
  // One object for each: captures remember what they learned of a browser.
  return new Proxy({} as Browser, { get: (_, key) => Reflect.get(get(), key) });
}
const lazyBrowser: Browser = lazily(() => browser);
const lazyOwnBrowser: Browser = lazily(() => ownBrowser);

async function serve(document: string): Promise<string> {
  html = document;
  return `${origin()}/page.html`;
}

/** A file, or a folder for pictures; by name a new one each time. */
async function openSink(container: Container): Promise<OutputSink> {
  const { kind, extension } = formats[container];
  const name: string = folder.path(crypto.randomUUID());
  return kind === "sequence" ? openFolderSink(name, { extension }) : openFileSink(`${name}${extension}`);
}

const openSound = (samples: Float32Array): Promise<MixedSound> => mixedSound(samples, folder.path(`${crypto.randomUUID()}.wav`));

const encoders = [
  { encoder: ffmpegPipe(), format: "RGBA", openSink, into: "files" },
  { encoder: ffmpegDisk(), format: "I420", openSink, into: "files" },
  { encoder: pngSequence(), format: "RGBA", openSink, into: "folders" },
  { encoder: webcodecs(), format: "I420", openSink: async () => memorySink(), into: "memory" },
] as const;

describe.each(encoders)("encoder $encoder.name from $format into $into", ({ encoder, format, openSink }) => {
  for (const { name, run } of encoderCases(encoder, { browser: lazyBrowser, openSink, openSound, format })) test(name, run);

  test("leaves nothing beside its outputs", async () => {
    expect((await folder.list()).filter((name) => name !== "page.html")).toEqual([]);
  });
});

const captures = [
  { capture: htmlInCanvas({ transports: [ringFile()] }), format: "I420", by: "the ring file" },
  { capture: htmlInCanvas({ transports: [ringFile()] }), format: "RGBA", by: "the ring file" },
  { capture: htmlInCanvas({ transports: [webSocket()] }), format: "I420", by: "the WebSocket" },
  { capture: canvas({ transports: [ringFile()] }), format: "I420", by: "the ring file" },
  { capture: canvas({ transports: [webSocket()] }), format: "RGBA", by: "the WebSocket" },
  { capture: beginFrame(), format: "PNG", by: "the protocol" },
  { capture: beginFrame({ format: "JPEG" }), format: "JPEG", by: "the protocol" },
  { capture: screenshot(), format: "PNG", by: "the protocol" },
  { capture: screenshot({ format: "JPEG" }), format: "JPEG", by: "the protocol" },
] as const;

describe.each(captures)("capture $capture.name gives $format by $by", ({ capture, format }) => {
  const runsIn: Browser = capture.traits.browser === "own" ? lazyOwnBrowser : lazyBrowser;
  for (const { name, run } of captureCases(capture, { browser: runsIn, format, serve })) test(name, run);
});
