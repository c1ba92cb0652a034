import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { render } from "../../src/node/render.ts";
import { scratch, type Scratch } from "../support/render.ts";
import { runFfmpeg } from "../support/video-frames.ts";

/** From the page to the file: what a job says of its output reaches every part. Cells of the table by themselves: ffmpeg-formats, webcodecs-formats. */

const size = { width: 64, height: 48 } as const;
const FRAMES = 6;
/** Half of it is painted: opaque blue, and a red that is half transparent; the rest is nothing. Each frame is a little lighter. */
const page = `<!doctype html><meta name="framewright" content="width=64, height=48, fps=30, duration=0.2"><style>
  body { margin: 0 } div { position: absolute; width: 16px; height: 48px } #red { left: 16px; background: rgb(255 0 0 / 50%) }
</style><div id="blue"></div><div id="red"></div>
<script>window.framewright = { duration: 0.2, seek(t) { blue.style.background = \`rgb(0 \${Math.round(t * 600)} 255)\` } };</script>`;
let folder: Scratch;
let url: string;

beforeAll(async () => {
  folder = await scratch();
  url = await folder.page(page);
});
afterAll(() => folder[Symbol.asyncDispose]());

type Pixel = readonly number[];

/** Blue, red and nothing, as RGBA, in the middle of each. */
function pixelsOf(frame: Uint8Array): Record<"blue" | "red" | "nothing", Pixel> {
  const at = (x: number): Pixel => [...frame.subarray((24 * size.width + x) * 4, (24 * size.width + x) * 4 + 4)];
  return { blue: at(8), red: at(24), nothing: at(48) };
}

async function decoded(output: string, before: readonly string[] = []): Promise<Uint8Array[]> {
  const raw: Uint8Array = await runFfmpeg(["-v", "error", ...before, "-i", output, "-f", "rawvideo", "-pix_fmt", "rgba", "pipe:1"]);
  const bytes: number = size.width * size.height * 4;
  return Array.from({ length: raw.byteLength / bytes }, (_, index) => raw.subarray(index * bytes, (index + 1) * bytes));
}

function expectNear(found: Pixel, wanted: Pixel, within: number): void {
  for (const [channel, value] of wanted.entries())
    expect(Math.abs(found[channel]! - value), `${found.join()} for ${wanted.join()}`).toBeLessThanOrEqual(within);
}

describe("alpha, from the page to the output", () => {
  it.each([
    ["alpha.webm", ["-c:v", "libvpx-vp9"], 6],
    ["alpha.mov", [], 3],
    ["alpha.mkv", [], 0],
    ["alpha.apng", [], 0],
    ["pngs/%03d.png", [], 0],
    ["webps/%03d.webp", [], 0],
  ] as const)("is kept in %s", async (name, decoder, within) => {
    const codec = name.endsWith(".mkv") ? ({ codec: "ffv1" } as const) : {};
    const quality = name.endsWith("webp") ? ({ quality: "lossless" } as const) : {};
    const result = await render({ page: url, output: folder.path(name), alpha: true, ...codec, ...quality });
    expect(result.facts).toMatchObject({ alpha: true, frameCount: FRAMES, size });
    const frames: Uint8Array[] = await decoded(folder.path(name), decoder);
    expect(frames).toHaveLength(FRAMES);
    for (const [index, frame] of frames.entries()) {
      const { blue, red, nothing } = pixelsOf(frame);
      expectNear(blue, [0, index * 20, 255, 255], within);
      expectNear(red, [255, 0, 0, 128], within + 1);
      expect(nothing[3]).toBe(0);
    }
  });

  it("is kept in a GIF as far as it can: a pixel is there or not", async () => {
    const result = await render({ page: url, output: folder.path("alpha.gif"), alpha: true, loop: 3 });
    expect(result).toMatchObject({
      facts: { alpha: true, loop: 3 },
      plan: { encoder: "ffmpeg-disk", streaming: { streams: false, rule: "format" } },
    });
    const [first] = await decoded(folder.path("alpha.gif"), ["-ignore_loop", "1"]);
    expect(pixelsOf(first!).nothing[3]).toBe(0);
    expectNear(pixelsOf(first!).blue, [0, 0, 255, 255], 4);
  });

  it.each(["screenshot", "html-in-canvas"])("pictures of a page without a transparent pixel are what %s gives", async (capture) => {
    const opaque: string = await folder.page(page.replace("body { margin: 0 }", "body { margin: 0; background: lime }"), "opaque.html");
    const result = await render({ page: opaque, output: folder.path(`opaque-${capture}/%03d.png`), capture });
    expect(result.facts.frameCount).toBe(FRAMES);
    const [first] = await decoded(folder.path(`opaque-${capture}/%03d.png`));
    expect(pixelsOf(first!)).toEqual({ blue: [0, 0, 255, 255], red: [128, 127, 0, 255], nothing: [0, 255, 0, 255] });
  });

  it("is white where the output has none", async () => {
    await render({ page: url, output: folder.path("white.mp4") });
    const [first] = await decoded(folder.path("white.mp4"));
    expectNear(pixelsOf(first!).nothing, [255, 255, 255, 255], 2);
  });
});

describe("timing", () => {
  it("variable holds one picture for each change, and lasts as long", async () => {
    const still: string = await folder.page(page.replace("Math.round(t * 600)", "(t < 0.1 ? 0 : 200)"), "still.html");
    const result = await render({ page: still, output: folder.path("slides.mp4"), timing: "variable" });
    expect(result).toMatchObject({ frames: FRAMES, encoded: 2, facts: { frameCount: 2 } });
    expect(result.facts.durationSeconds).toBeCloseTo(0.2, 5);
  });
});
