import { describe, expect, it, vi } from "vitest";
import { PictureChunk } from "../../src/ffmpeg/picture-chunk.ts";
import type { ExtractedPicture } from "../../src/ffmpeg/picture-run.ts";
import type { PictureStore, StoredBytes } from "../../src/ffmpeg/picture-store.ts";

const PICTURES = 100;
const FRAME_US = 40_000;

/** A store in memory. */
function memoryStore(): PictureStore & { readonly kept: ReadonlyMap<string, Uint8Array> } {
  const kept = new Map<string, Uint8Array>();
  const stored = (bytes: Uint8Array): StoredBytes => ({
    byteLength: bytes.byteLength,
    read: async (start, length) => bytes.slice(start, start + length),
    close: async () => {},
  });
  return {
    kept,
    async open(name) {
      const bytes: Uint8Array | undefined = kept.get(name);
      return bytes ? stored(bytes) : null;
    },
    async keep(name, parts) {
      kept.set(name, Uint8Array.from(parts.flatMap((part) => [...part])));
      return stored(kept.get(name)!);
    },
  };
}

/** A chunk whose decoder is as quick as the chunk lets it be. */
function decodedChunk(store: PictureStore = memoryStore()) {
  let decoded = 0;
  const onRest = vi.fn<() => void>();
  const chunk = new PictureChunk("chunk", store, onRest);
  const stop = new AbortController();
  const made: Promise<void> = chunk.make(async (take) => {
    for (let at = 0; at < PICTURES; at++) {
      const picture: ExtractedPicture = { startUs: at * FRAME_US, data: Uint8Array.of(at) };
      await take(picture);
      decoded++;
    }
  }, stop.signal);
  return { chunk, made, stop, onRest, decoded: () => decoded };
}

describe("a chunk of pictures", () => {
  it("is decoded a little further than is asked for, and no more", async () => {
    const { chunk, onRest, decoded } = decodedChunk();
    await vi.waitFor(() => expect(onRest).toHaveBeenCalledTimes(1));
    const ahead: number = decoded();
    expect(ahead).toBeGreaterThan(3);
    expect(ahead).toBeLessThan(20);
    for (const at of [0, 1, 2, 30]) {
      expect((await chunk.shownAt(at * FRAME_US))!.data).toEqual(Uint8Array.of(at));
      await vi.waitFor(() => expect(decoded()).toBe(at + 1 + ahead));
    }
    // What was asked for before is there.
    expect((await chunk.shownAt(5 * FRAME_US))!.data).toEqual(Uint8Array.of(5));
    expect(decoded()).toBe(31 + ahead);
  });

  it("is decoded to its end once it is told to hurry, and then kept", async () => {
    const store = memoryStore();
    const { chunk, made, decoded } = decodedChunk(store);
    await chunk.shownAt(0);
    chunk.hurry();
    await made;
    expect(decoded()).toBe(PICTURES);
    expect(chunk.isHeld).toBe(true);
    await chunk.keep();
    expect(chunk.isHeld).toBe(false);
    expect((await chunk.shownAt(70 * FRAME_US))!.data).toEqual(Uint8Array.of(70));
    const again = new PictureChunk("chunk", store, () => {});
    expect(await again.load()).toBe(true);
    expect((await again.shownAt(99 * FRAME_US))!.data).toEqual(Uint8Array.of(99));
  });

  it("ends the rest of its decoder with the signal, and is not kept", async () => {
    const store = memoryStore();
    const { chunk, made, stop, onRest } = decodedChunk(store);
    await vi.waitFor(() => expect(onRest).toHaveBeenCalled());
    stop.abort(new Error("enough"));
    await made;
    await expect(chunk.shownAt(50 * FRAME_US)).rejects.toThrow("enough");
    await chunk.keep();
    expect(store.kept.size).toBe(0);
  });
});
