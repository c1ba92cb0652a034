import { expect, it } from "vitest";
import { linkMedia } from "../../src/browser/media-link.ts";
import type { AskedOfHost } from "../../src/browser/messages.ts";
import type { BrowserPage } from "../../src/core/browser.ts";
import type { MediaAnswers } from "../../src/core/media-link.ts";

/** What a page is told where the host fails with these words. */
async function toldOf(words: string): Promise<string> {
  let ask: (asked: AskedOfHost) => void = () => {};
  const told = new Promise<string>((resolve) => {
    const page = {
      bind: async (_: unknown, listener: typeof ask) => void (ask = listener),
      send: async (_: string, { expression }: { expression: string }) => resolve(expression),
    } as unknown as BrowserPage;
    const facts = (): never => {
      throw new Error(words);
    };
    void linkMedia(page, { facts } as unknown as MediaAnswers).then(() => ask({ id: "1", question: { ask: "facts", source: "a" } }));
  });
  return told;
}

it.each([
  ["ENOENT: no such file or directory, open '/home/ann/films/a b.mp4'", "/home/ann"],
  ["/var/tmp/framewright-media-1-abc/0: Invalid data found", "/var/tmp"],
  ["ffmpeg says: file:/root/secret/film.mov: moov atom not found", "/root/secret"],
  ["EACCES: permission denied, open 'C:\\\\Users\\\\ann\\\\film.mp4'", "Users"],
])("a page is told of a fault without the path in: %s", async (words, path) => {
  const told: string = await toldOf(words);
  expect(told).toContain("a file of the host");
  expect(told).not.toContain(path);
});

it("a page is told the address of its own file", async () => {
  expect(await toldOf('The media file "https://example.com/films/a.mp4" cannot be played: 3/4 of it is missing')).toContain(
    "https://example.com/films/a.mp4",
  );
});
