import { expect, it } from "vitest";
import type { HeldFrame } from "../../src/browser/page/media/held-frame.ts";
import { KeptPictures } from "../../src/browser/page/media/kept-pictures.ts";

function keptAt(...timesUs: readonly number[]): { readonly kept: KeptPictures; readonly closed: number[] } {
  const [kept, closed]: [KeptPictures, number[]] = [new KeptPictures(), []];
  for (const timestampUs of timesUs) {
    kept.add({ timestampUs, isCounted: true, close: () => void closed.push(timestampUs) } as unknown as HeldFrame);
  }
  return { kept, closed };
}

it("a picture is shown until the next begins, and of the last nobody knows how long", () => {
  const { kept } = keptAt(0, 40, 80);
  const shown = [0, 39, 40, 79, 80, 81].map((timeUs) => kept.at(timeUs)?.timestampUs ?? null);
  expect(shown).toEqual([0, 0, 40, 40, 80, null]);
  kept.end();
  expect(kept.at(1e9)?.timestampUs).toBe(80);
});

it("a gap between two that are kept is not taken for the first of them", () => {
  const { kept, closed } = keptAt(0, 40, 80);
  kept.keep([0]);
  expect(closed).toEqual([40]);
  expect([0, 50, 80].map((timeUs) => kept.at(timeUs)?.timestampUs ?? null)).toEqual([0, null, 80]);
});

it("each is closed once", () => {
  const { kept, closed } = keptAt(0, 40, 80, 120);
  kept.keep([50]);
  kept.keep([50]);
  expect(kept.clear()).toBe(2);
  expect(kept.clear()).toBe(0);
  expect(closed.toSorted((a, b) => a - b)).toEqual([0, 40, 80, 120]);
});
