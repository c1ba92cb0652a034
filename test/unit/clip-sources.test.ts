import { expect, it } from "vitest";
import { clipsBySource } from "../../src/audio/clip-sources.ts";
import type { SoundClip } from "../../src/core/sound.ts";

const clipOf = (source: string, start: number): SoundClip => ({ source, start }) as SoundClip;

it("groups clips by their file, in the order in which they come, also a hundred thousand of them", () => {
  const clips: readonly SoundClip[] = [clipOf("b", 0), clipOf("a", 1), clipOf("b", 2)];
  expect([...clipsBySource(clips).values()].flat().map(({ start }) => start)).toEqual([0, 2, 1]);
  const many: readonly SoundClip[] = Array.from({ length: 100_000 }, (_, at) => clipOf(`file-${at}`, at));
  expect(clipsBySource(many).size).toBe(100_000);
});
