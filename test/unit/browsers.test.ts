import { describe, expect, it } from "vitest";
import type { Browser } from "../../src/core/browser.ts";
import type { Capture, CaptureTraits } from "../../src/core/capture.ts";
import { Browsers } from "../../src/core/pipeline/browsers.ts";

const traits: CaptureTraits = {
  gives: ["PNG"],
  browserFlags: [],
  browser: "shared",
  needsSingleCanvas: false,
  sortsDepth: true,
  paintsCrossOrigin: true,
  needsCheck: false,
};
const capture = (name: string, browser: "shared" | "own", browserFlags: readonly string[]): Capture =>
  ({ name, traits: { ...traits, browser, browserFlags } }) as Capture;
const [plain, painted, begun] = [
  capture("plain", "shared", ["--a", "--b"]),
  capture("painted", "shared", ["--b", "--c"]),
  capture("begun", "own", ["--own"]),
];

/** Browsers that start and end in name only. */
function browsers(fails: (flags: readonly string[]) => boolean = () => false): {
  all: Browsers;
  launched: (readonly string[])[];
  closed: Browser[];
} {
  const [launched, closed]: [(readonly string[])[], Browser[]] = [[], []];
  const all = new Browsers([plain, painted, begun], async (flags) => {
    launched.push(flags);
    if (fails(flags)) throw new Error("it does not start");
    const browser = { close: async () => void closed.push(browser) } as unknown as Browser;
    return browser;
  });
  return { all, launched, closed };
}

describe("the browsers of a render", () => {
  it("start when they are asked for, once, and keep flags of their own apart", async () => {
    const { all, launched } = browsers();
    expect(launched).toEqual([]);
    const [first, second, third] = await Promise.all([all.shared(), all.of(plain), all.of(painted)]);
    expect(first === second && second === third).toBe(true);
    expect(launched).toEqual([["--a", "--b", "--c"]]);
    expect(await all.of(begun)).not.toBe(first);
    expect(launched).toEqual([["--a", "--b", "--c"], ["--own"]]);
  });

  it("are fresh after all were ended", async () => {
    const { all, closed } = browsers();
    const before: readonly Browser[] = [await all.shared(), await all.of(begun)];
    await all.endAll();
    expect(closed).toEqual(before);
    expect(await all.shared()).not.toBe(before[0]);
  });

  it("end alone where a capture has one for itself", async () => {
    const { all, closed } = browsers();
    const shared: Browser = await all.shared();
    const own: Browser = await all.of(begun);
    await all.endOwn(begun);
    await all.endOwn(plain);
    expect(closed).toEqual([own]);
    expect(await all.shared()).toBe(shared);
  });

  it("end also where one is still starting, and another never started", async () => {
    const { all, closed } = browsers((flags) => flags.includes("--own"));
    const starting: Promise<Browser> = all.shared();
    await expect(all.of(begun)).rejects.toThrow("it does not start");
    await all[Symbol.asyncDispose]();
    expect(closed).toEqual([await starting]);
  });
});
