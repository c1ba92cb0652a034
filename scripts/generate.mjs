// Writes src/browser/generated/: the scripts that run inside pages, as text, so that every bundler and runtime can load them.
import { mkdir, writeFile } from "node:fs/promises";
import { build } from "esbuild";
import { compileKernel } from "./compile-kernel.mjs";

const source = new URL("../src/browser/page/", import.meta.url);
const target = new URL("../src/browser/generated/", import.meta.url);

const write = (file, name, value) =>
  writeFile(new URL(file, target), `// Written by scripts/generate.mjs\nexport const ${name}: string = ${JSON.stringify(value)};\n`);

async function bundle(entry) {
  const result = await build({
    entryPoints: [new URL(entry, source).pathname],
    bundle: true,
    format: "iife",
    platform: "browser",
    target: "chrome140",
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "none",
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
await write("top-page-script.ts", "topPageScript", await bundle("top-page.ts"));
await write("encoder-script.ts", "encoderScript", await bundle("encoder.ts"));
