// Writes src/browser/generated/: the scripts that run inside pages, as text, so that every bundler and runtime can load them.
import { mkdir, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { compileKernel } from "./compile-kernel.mjs";

const source = new URL("../src/browser/page/", import.meta.url);
const target = new URL("../src/browser/generated/", import.meta.url);

const write = (file, name, value) =>
  writeFile(new URL(file, target), `// Written by scripts/generate.mjs\nexport const ${name}: string = ${JSON.stringify(value)};\n`);

async function bundle(entry, legalComments = "none") {
  const result = await build({
    entryPoints: [new URL(entry, source).pathname],
    bundle: true,
    format: "iife",
    platform: "browser",
    target: "chrome140",
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments,
    write: false,
  });
  return result.outputFiles[0].text;
}

await mkdir(target, { recursive: true });
// The shell carries the kernel and the worker, so these come first.
await write("rgba-to-i420-wasm.ts", "rgbaToI420Wasm", await compileKernel());
await write("ring-file-worker.ts", "ringFileWorker", await bundle("senders/ring-file-worker.ts"));
await write("early-script.ts", "earlyScript", await bundle("early.ts"));
await write("shell-script.ts", "shellScript", await bundle("shell.ts"));
await write("frame-keeper-script.ts", "frameKeeperScript", await bundle("frame-keeper.ts"));
await write("top-page-script.ts", "topPageScript", await bundle("top-page.ts"));
await write("averages-script.ts", "averagesScript", await bundle("averages.ts"));
await write("encoder-script.ts", "encoderScript", await bundle("encoder.ts"));
await write("opus-encoder-script.ts", "opusEncoderScript", await bundle("opus-encoder.ts"));
// A megabyte, of which few renders need any: packed it is a third of that.
await write("aac-encoder-gzip.ts", "aacEncoderGzip", gzipSync(await bundle("aac-encoder.ts", "eof"), { level: 9 }).toString("base64"));
await write("picture-feed-script.ts", "pictureFeedScript", await bundle("media/picture-feed.ts"));
// The package that reads media is under a licence of its own, whose notice goes with it.
await write("media-reader-script.ts", "mediaReaderScript", await bundle("media/read-media.ts", "eof"));
