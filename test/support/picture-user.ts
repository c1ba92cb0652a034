import { createHash } from "node:crypto";
import { openVideoPictures } from "../../src/ffmpeg/video-pictures.ts";
import { barCodeSize } from "./bar-code.ts";

/** A program of its own that takes all pictures of a file, and says when it has the first and what it had at the end. */

const [file, folder, frameCount, frameRate] = process.argv.slice(2);
await using pictures = await openVideoPictures(file!, {
  facts: { hasAlpha: false, rotation: 0, size: barCodeSize },
  cache: { folder: folder! },
});
const hash = createHash("sha256");
for (let index = 0; index < Number(frameCount); index++) {
  hash.update((await pictures.at(index / Number(frameRate))).data);
  if (index === 0) console.log("first");
}
console.log(hash.digest("hex"));
