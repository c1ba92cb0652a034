import { describe, expect, it } from "vitest";
import type { Frame } from "../../src/core/frame.ts";
import { LastPicture } from "../../src/core/pipeline/last-picture.ts";
import { Ledger } from "../support/frame-doubles.ts";

/** Ten bytes that lie at some place of a buffer, the one at `changed` another. */
function bytesAt(byteOffset: number, changed: number | null = null): Uint8Array {
  const data = new Uint8Array(new ArrayBuffer(20), byteOffset, 10).fill(7);
  if (changed !== null) data[changed] = 8;
  return data;
}

describe("the picture that was written last", () => {
  it.for([
    [0, 0],
    [4, 8],
    [1, 0],
    [3, 5],
  ] as const)("equals one with the same bytes alone, wherever these lie: at %i and %i", ([place, otherPlace]) => {
    const ledger = new Ledger();
    for (let changed = 0; changed < 10; changed++) {
      const last = new LastPicture();
      last.pass(ledger.frame(0, bytesAt(place)), true);
      expect(last.pass(ledger.frame(1, bytesAt(otherPlace, changed)), true).repeats, `byte ${changed}`).toBe(false);
      last.close();
    }
    const last = new LastPicture();
    last.pass(ledger.frame(0, bytesAt(place)), true);
    expect(last.pass(ledger.frame(1, bytesAt(otherPlace)), true)).toMatchObject({ index: 1, repeats: true, pixels: null });
  });

  it("is closed when it has been written and another follows, and not before", () => {
    const ledger = new Ledger();
    const last = new LastPicture();
    const frame = (index: number): Frame => last.pass(ledger.frame(index, new Uint8Array([index])), true);
    const first = frame(0);
    first.close();
    first.close();
    expect(ledger.open).toEqual([0]);
    const second = frame(1);
    expect(ledger.open).toEqual([1]);
    // One that is still being written is the encoder's.
    frame(2);
    expect(ledger.open).toEqual([1, 2]);
    second.close();
    expect(ledger.open).toEqual([2]);
    last.close();
    expect(ledger.open).toEqual([2]);
    expect(ledger.closedAgain).toEqual([]);
  });

  it("is not known of pixels that stay in the page", () => {
    const ledger = new Ledger();
    const last = new LastPicture();
    const inPage = (index: number): Frame => ({ ...ledger.frame(index, null), repeats: false, pixels: { format: "page", handle: 1 } });
    last.pass(inPage(0), true);
    expect(last.pass(inPage(1), true)).toMatchObject({ repeats: false, pixels: { handle: 1 } });
  });
});
