import { cp } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CompositionSettings, PageFacts } from "../../src/core/capture.ts";
import type { Size } from "../../src/core/frame.ts";
import type { FrameRateInput } from "../../src/core/frame-rate.ts";
import { compareBlocks, htmlInCanvas, ringFile, screenshot } from "../../src/node/index.ts";
import { scattered } from "../support/computed-pages.ts";
import { copyLibraries } from "../support/library-pages.ts";
import { openCaptures } from "../support/open-captures.ts";
import { paintedBlocks, type Colour, type PaintedBox } from "../support/painted-boxes.ts";
import { scratch, type Scratch } from "../support/render.ts";

const size: Size = { width: 320, height: 176 };
const frameRate = 10;
const background: Colour = [16, 32, 48];

let folder: Scratch;

beforeAll(async () => {
  folder = await scratch();
  await cp(fileURLToPath(new URL("../pages/hyperframes/", import.meta.url)), folder.folder, { recursive: true });
  await copyLibraries(folder);
});

afterAll(async () => {
  await folder[Symbol.asyncDispose]();
});

/** The boxes that a frame shows, the last on top. */
type Shown = (index: number) => PaintedBox[];

interface Expected {
  readonly page: string;
  readonly frames: number;
  readonly shown: Shown;
  readonly settings?: Partial<CompositionSettings>;
  readonly size?: Size;
  readonly frameRate?: FrameRateInput;
  readonly background?: Colour;
}

function box(x: number, y: number, width: number, height: number, colour: Colour): PaintedBox {
  return { x, y, width, height, colour };
}

/** What shows from one frame up to, but not including, another. */
function during(index: number, start: number, end: number, ...boxes: PaintedBox[]): PaintedBox[] {
  return index >= start && index < end ? boxes : [];
}

/** Compares every frame, in an order that goes back and forth, as both captures take it, with what it must be. */
async function expectFrames({ page, frames, shown, ...rest }: Expected): Promise<PageFacts> {
  const { settings, size: pageSize = size, frameRate: rate = frameRate, background: behind = background } = rest;
  const captures = [
    { capture: htmlInCanvas({ transports: [ringFile()] }), frameFormat: "I420" },
    { capture: screenshot(), frameFormat: "PNG" },
  ] as const;
  await using open = await openCaptures(folder.path(page), pageSize, rate, captures, settings);
  for (const session of open.sessions) {
    const wrong: { index: number; largest: number; box: unknown }[] = [];
    for (const index of scattered(frames)) {
      const { largest, box: where } = compareBlocks(
        await session.sample(index),
        paintedBlocks(pageSize, behind, shown(index)),
        pageSize,
        3,
      );
      if (where !== null) wrong.push({ index, largest, box: where });
    }
    expect({ capture: session.facts.contract, wrong }).toEqual({ capture: "hyperframes", wrong: [] });
  }
  return open.sessions[0]!.facts;
}

/** The words with which a page is refused. */
async function refusalOf(page: string, settings?: Partial<CompositionSettings>, readinessTimeoutMs?: number): Promise<string> {
  const captures = [{ capture: screenshot(), frameFormat: "PNG" }] as const;
  const thrown: unknown = await openCaptures(folder.path(page), size, frameRate, captures, settings, readinessTimeoutMs).then(
    (open) => open[Symbol.asyncDispose]().then(() => new Error("It was not refused")),
    (error: unknown) => error,
  );
  return (thrown as Error).message;
}

describe("clips and timelines", () => {
  it("show over half-open intervals, by number and by reference, and follow their timeline", async () => {
    const facts: PageFacts = await expectFrames({
      page: "clips.html",
      frames: 40,
      shown: (index) => [
        ...during(index, 0, 11, box(0, 0, 40, 40, [255, 0, 0])),
        ...during(index, 11, 33, box(40, 0, 40, 40, [0, 255, 0])),
        ...during(index, 35, 38, box(80, 0, 40, 40, [0, 0, 255])),
        ...during(index, 28, 33, box(120, 0, 40, 40, [255, 255, 0])),
        ...during(index, 24, 40, box(160, 0, 40, 40, [0, 255, 255])),
        box(8 * Math.min(index, 30), 64, 40, 24, [255, 255, 255]),
        box(Math.max(0, 160 - 16 * Math.max(0, index - 10)), 96, 40, 24, [255, 255, 255]),
        box(80, 128, 40, 24, index < 20 ? [255, 255, 255] : [255, 0, 255]),
      ],
    });
    expect(facts).toMatchObject({
      size: { value: size, by: "contract" },
      duration: { value: 4, by: "contract" },
      frameRate: { value: "10", by: "contract" },
      access: "random",
      warnings: [],
    });
  });

  it("run in the time of the composition that they are in, from files, templates and the page itself", async () => {
    await expectFrames({
      page: "nested.html",
      frames: 40,
      shown: (index) => [
        ...during(index, 5, 25, ...introAt(index - 5)),
        ...during(index, 30, 35, box(160, 0, 80, 64, [0, 128, 128]), box(160, 0, 80, 16, [255, 128, 0])),
        ...during(index, 10, 35, box(8 * Math.min(20, Math.max(0, index - 10)), 128, 24, 24, [255, 255, 255])),
        ...during(index, 15, 25, box(64, 152, 24, 24, [0, 0, 255])),
      ],
    });
  });
});

describe("the parts of the contract", () => {
  it("gives variables to scripts, styles and bindings, to each instance its own", async () => {
    const settings: Partial<CompositionSettings> = { variables: { name: "two", edge: 48 } };
    const card = (x: number, index: number, colour: Colour, moved: number, name: number): PaintedBox[] => [
      box(x, 0, 160, 64, [64, 64, 64]),
      box(x + (moved * Math.min(5, index)) / 5, 0, 24, 24, colour),
      box(x + 8 + name, 40, 16, 16, [255, 0, 255]),
    ];
    const shown =
      (edge: number, name: number): Shown =>
      (index) => [
        box(edge, 128, 80, 24, [255, 255, 0]),
        ...during(index, 0, 15, ...card(0, index, [255, 0, 0], 40, name)),
        ...during(index, 5, 20, ...card(160, index - 5, [0, 0, 255], 80, name)),
      ];
    await expectFrames({ page: "cards.html", frames: 20, shown: shown(16, 0) });
    await expectFrames({ page: "cards.html", frames: 20, shown: shown(48, 64), settings });
  });

  it("tells the page its time by hf-seek, by functions and by __hf, and waits for what it is asked to wait for", async () => {
    const facts: PageFacts = await expectFrames({
      page: "told.html",
      frames: 20,
      shown: (index) => [0, 32, 64, 96, 128].map((y) => box(8 * index, y, 24, 24, [255, 255, 255])),
    });
    expect(facts.warnings).toEqual([]);
  });

  it("takes size and frame rate from the root, and counts exact frames of that rate", async () => {
    const tall: Size = { width: 176, height: 320 };
    const facts: PageFacts = await expectFrames({
      page: "portrait.html",
      size: tall,
      frameRate: "30000/1001",
      frames: 60,
      shown: (index) => [
        // 0.03337 is meant for the frame at 0.033366…; 0.5 lies between two.
        ...during(index, 1, 15, box(0, 0, 48, 48, [255, 0, 0])),
        // What takes up space in the flow has it for as long as it shows. 0.501 is 15.015 frames.
        ...during(index, 16, 30, box(0, 0, 48, 48, [0, 255, 0])),
        ...during(index, 3, 9, box(0, 0, 48, 48, [255, 255, 255])),
        ...during(index, 9, 18, box(0, 160, 96, 96, [0, 0, 255])),
        // A part of a clip counts from the start of the composition, and shows no longer than the clip.
        ...during(index, 9, 12, box(0, 160, 48, 48, [255, 255, 255])),
      ],
    });
    expect(facts).toMatchObject({ size: { value: tall }, frameRate: { value: "30000/1001" }, duration: { value: 2 } });
  });

  it("drives timelines of every kind, wherever they come from, and takes its length from them", async () => {
    const facts: PageFacts = await expectFrames({
      page: "timelines.html",
      frames: 30,
      shown: (index) => [
        box(index < 10 ? 8 * index : 80 - 8 * Math.min(10, index - 10), 0, 16, 16, [255, 255, 255]),
        box(8 * Math.min(10, Math.max(0, index - 10)), 32, 16, 16, [255, 255, 255]),
        ...during(index, 5, 25, box(8 * Math.min(30, 5 + 2 * (index - 5)), 64, 16, 16, [255, 255, 255])),
        ...during(index, 10, 25, box(8 * (index - 10), 96, 16, 16, [255, 255, 255])),
        box(0, 128, 16, 16, [255, 255, 255]),
      ],
    });
    expect(facts.duration).toEqual({ value: 2.5, by: "contract" });
  });

  it("plays what is registered of anime.js and Lottie, in the time of its composition, and takes its length from it", async () => {
    const white: Colour = [255, 255, 255];
    const facts: PageFacts = await expectFrames({
      page: "played.html",
      frames: 31,
      shown: (index) => [
        box(8 * index, 0, 16, 16, white),
        box(8 * Math.min(20, index), 32, 16, 16, white),
        ...during(index, 10, 31, box(80 + 8 * Math.min(10, Math.max(0, index - 15)), 64, 16, 16, white)),
        ...during(index, 10, 31, box(8 * Math.min(20, index - 10), 88, 16, 16, white)),
        box(8 * (index % 10), 112, 16, 16, white),
        ...during(index, 0, 10, box(8 * index, 144, 16, 16, white)),
        ...during(index, 10, 20, box(8 * (index - 10), 160, 16, 16, white)),
      ],
    });
    // That of the Lottie animation: its file has 21 frames, and it begins after a second.
    expect(facts).toMatchObject({ size: { value: size }, duration: { value: 3.1, by: "contract" }, access: "sequential", warnings: [] });
  });

  it("goes forwards only where a timeline calls functions that going back does not undo", async () => {
    const facts: PageFacts = await expectFrames({
      page: "calls.html",
      frames: 12,
      shown: (index) => [
        box(0, 0, 40, 40, index < 10 ? [255, 255, 255] : [255, 0, 0]),
        box(8 * Math.max(0, index - 4), 64, 40, 40, index < 5 ? [255, 255, 255] : [0, 0, 255]),
      ],
    });
    expect(facts.access).toBe("sequential");
  });

  it("begins the CSS animations of a clip with the clip, and those of its parts with the page", async () => {
    const facts: PageFacts = await expectFrames({
      page: "animated.html",
      frames: 30,
      shown: (index) => [
        ...during(index, 10, 25, box(80 + 8 * Math.min(10, index - 10), 0, 40, 40, [255, 255, 255])),
        ...during(index, 10, 25, box(80 + 8 * Math.min(10, index - 10) + 8 * Math.min(20, index), 40, 16, 16, [255, 0, 0])),
      ],
    });
    expect(facts).toMatchObject({ adapters: ["animations"], access: "random", duration: { value: 2.5 } });
  });

  it("waits for a timeline that a script promises", async () => {
    await expectFrames({ page: "late.html", frames: 10, shown: (index) => [box(8 * index, 0, 40, 40, [255, 255, 255])] });
  });
});

describe("one composition alone", () => {
  const introSize: Size = { width: 160, height: 64 };

  it.each(["#intro-slot", "#intro", "intro", "compositions/intro.html"])("is rendered from its beginning: %s", async (entry) => {
    const facts: PageFacts = await expectFrames({ page: "nested.html", size: introSize, frames: 20, shown: introAt, settings: { entry } });
    expect(facts).toMatchObject({ size: { value: introSize }, duration: { value: 2 } });
  });

  it("may stand in the page itself", async () => {
    await expectFrames({
      page: "nested.html",
      frames: 25,
      settings: { entry: "#inline" },
      shown: (index) => [
        box(8 * Math.min(20, index), 128, 24, 24, [255, 255, 255]),
        ...during(index, 5, 15, box(64, 152, 24, 24, [0, 0, 255])),
      ],
    });
  });

  it("may be in a file that another file includes", async () => {
    await expectFrames({
      page: "nested.html",
      frames: 10,
      background: [128, 0, 128],
      size: { width: 32, height: 32 },
      settings: { entry: "compositions/inner.html" },
      // The file around it gives it its colour and place.
      shown: (index) => during(index, 0, 3, box(0, 8 + 8 * index, 8, 8, [0, 255, 0])),
    });
  });

  it("may be a file of its own, as others include it", async () => {
    await expectFrames({
      page: "alone.html",
      frames: 10,
      shown: (index) => [box(8 * index, 0, 24, 24, [255, 0, 0])],
    });
  });

  it("is refused where the page has no such composition", async () => {
    const message: string = await refusalOf("nested.html", { entry: "#outro" });
    expect(message).toContain('The entry "#outro" is not in the page');
    expect(message).toContain('#intro-slot "intro" compositions/intro.html');
  });
});

describe("what can never be shown is refused by name", () => {
  /** A page with a root around what is given, and a script. */
  const page = async (inside: string, script = "", root = ""): Promise<string> => {
    const html = `<!doctype html><script src="lib/gsap.js"></script>
      <div data-composition-id="main" data-width="320" data-height="176" data-duration="1" ${root}>${inside}</div>
      <script>${script}</script>`;
    await folder.page(html, "refused.html");
    return "refused.html";
  };

  it.each([
    [
      "clips that wait for one another",
      `<i id="a" data-start="b + 1" data-duration="1"></i><i id="b" data-start="c" data-duration="1"></i><i id="c" data-start="a" data-duration="1"></i>`,
      `The starts of clips wait for one another (data-start): "a" → "b" → "c" → "a"`,
    ],
    [
      "a clip that starts after one that is not there",
      `<i id="a" data-start="outro + 0.5" data-duration="1"></i>`,
      `The clip "a" starts after "outro" (data-start="outro + 0.5"), but the page has no element of that id`,
    ],
    [
      "a clip that starts after one without an end",
      `<i id="a" data-start="0"></i><i id="b" data-start="a" data-duration="1"></i>`,
      `The clip "b" starts after "a" (data-start="a"), whose end is not known; give "a" a data-duration`,
    ],
    [
      "a start that is no time",
      `<i id="a" data-start="b + soon" data-duration="1"></i>`,
      `The start of "a" cannot be understood: data-start="b + soon"`,
    ],
    [
      "a file that is not there",
      `<i data-composition-id="intro" data-composition-src="compositions/missing.html" data-start="0" data-duration="1"></i>`,
      `/compositions/missing.html answered 404`,
    ],
    [
      "a file that contains itself",
      `<i data-composition-id="endless" data-composition-src="compositions/endless.html" data-start="0" data-duration="1"></i>`,
      `Loading the composition "more" (data-composition-src="compositions/endless.html") would never end`,
    ],
    [
      "a composition whose script throws before it registers its timeline",
      `<i data-composition-id="thrower" data-composition-src="compositions/thrower.html" data-start="0" data-duration="1"></i>`,
      `(compositions/thrower.html) did not register its timeline (window.__timelines.thrower), for its script threw TypeError: `,
    ],
  ])("%s", async (_, inside, words) => {
    expect(await refusalOf(await page(inside))).toContain(words);
  });

  it("a registration of anime.js that was promised and does not come", async () => {
    const script = `if (location.hash) hyperframesAnime.register("main", anime.createTimeline());`;
    const message: string = await refusalOf(await page("", script), {}, 1_000);
    expect(message).toContain('the timeline of the composition "main" (hyperframesAnime.register("main", ...))');
  });

  it("a Lottie animation whose file is not there", async () => {
    const load = `lottie.loadAnimation({ container: document.body, autoplay: false, path: "assets/missing.json" })`;
    const inside = `<script src="lib/lottie.js"></script><script>window.__hfLottie.push(${load});</script>`;
    expect(await refusalOf(await page(inside), {}, 1_000)).toContain("the Lottie animation assets/missing.json");
  });

  it("a timeline that was promised and does not come", async () => {
    const script = `if (location.hash) window.__timelines["main"] = gsap.timeline();`;
    const message: string = await refusalOf(await page("", script), {}, 1_000);
    expect(message).toContain('the timeline of the composition "main" (window.__timelines.main)');
  });
});

describe("a page without timelines", () => {
  it.each([
    ["which only makes sure of the registry", `window.__timelines = window.__timelines || {};`, ""],
    ["which speaks of one in a comment", `// window.__timelines["main"] = timeline;`, ""],
    ["which says that there is none", `if (location.hash) window.__timelines["main"] = gsap.timeline();`, "data-no-timeline"],
  ])("is not waited for: one %s", async (_, script, attribute) => {
    const html = `<!doctype html><body style="margin: 0; background: rgb(16, 32, 48)">
      <div data-composition-id="main" data-width="320" data-height="176" data-duration="1" ${attribute}></div><script>${script}</script>`;
    await folder.page(html, "still.html");
    await expectFrames({ page: "still.html", frames: 2, shown: () => [] });
  });
});

/** The boxes of compositions/intro.html at a frame of its own. */
function introAt(index: number): PaintedBox[] {
  return [
    box(0, 0, 160, 64, index < 10 ? [64, 64, 64] : [96, 96, 96]),
    box(8 * Math.min(10, index), 8, 40, 16, [0, 255, 0]),
    box(8 * Math.min(15, index), 40, 16, 16, [255, 255, 0]),
    ...during(index, 5, 15, box(120, 0, 32, 32, [128, 0, 128])),
    ...during(index, 5, 15, box(120, 8 + 8 * Math.min(6, Math.max(0, index - 5)), 8, 8, [0, 255, 0])),
  ];
}
