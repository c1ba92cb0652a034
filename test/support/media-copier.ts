import { stat } from "node:fs/promises";
import { openMediaFiles } from "../../src/node/media-files.ts";

/** A program of its own that copies a file out of a page, and ends without closing anything. */
const files = openMediaFiles(
  { url: "http://127.0.0.1/", [Symbol.asyncDispose]: async () => {} },
  {
    temporaryFolder: process.argv[2]!,
  },
);
const path: string = await files.pathOf("blob:1", async (start) => new Uint8Array(start === 0 ? 300_000 : 0));
console.log(`${(await stat(path)).size} bytes`);
process.exit(7);
