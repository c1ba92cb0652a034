import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parseFrameRate } from "../../src/core/frame-rate.ts";
import type { PageAddress } from "../../src/core/host.ts";
import { openPageAddress } from "../../src/node/file-server.ts";
import { render } from "../../src/node/render.ts";
import { barCodeSize, readBarCode } from "../support/bar-code.ts";
import { scratch, type Scratch } from "../support/render.ts";
import { decodeFrames } from "../support/video-frames.ts";

const FRAMES = 2_000;
let folder: Scratch;
let address: PageAddress;

beforeAll(async () => {
  folder = await scratch();
  address = await openPageAddress(fileURLToPath(new URL("../pages/bar-code.html", import.meta.url)));
});
afterAll(async () => {
  await address[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

it.each(["24", "25", "30", "50", "60", "120", "24000/1001", "30000/1001"])(
  "a page that reads the time in animation frames: 2,000 frames at %s, none doubled, none missing",
  async (rate) => {
    const { numerator, denominator } = parseFrameRate(rate);
    const output: string = folder.path(`${rate.replace("/", "-")}.mp4`);
    const result = await render({
      ...{ page: `${address.url}?by=clock&rate=${rate}`, output, ...barCodeSize, frameRate: rate },
      ...{ duration: (FRAMES * denominator) / numerator, quality: { preset: "ultrafast" } },
    });
    expect(result).toMatchObject({ frames: FRAMES, repeats: 0, plan: { access: "sequential" }, fallbacks: [] });
    const shown: (number | null)[] = (await decodeFrames(output, barCodeSize, "gray")).map(readBarCode);
    expect(shown).toEqual(Array.from({ length: FRAMES }, (_, index) => index));
  },
);
