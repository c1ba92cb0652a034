import { expect, it } from "vitest";
import { webcodecs } from "../../src/injectors/webcodecs.ts";
import type { InjectorContext } from "../../src/core/injector.ts";
import type { MediaFacts, VideoFacts } from "../../src/core/media.ts";

const video: VideoFacts = {
  codec: "hvc1.1.6.L93.B0",
  size: { width: 320, height: 180 },
  ...{ rotation: 0, hasAlpha: false, tickSeconds: 0.001, frameRate: 25, decodesInPage: false },
};
const facts: MediaFacts = { source: "http://host/a.mp4", durationSeconds: 1, byteLength: null, video, audio: null };

it("takes what the browser's pages decode, and says why it does not take the rest", async () => {
  const probe = (video: VideoFacts | null) => webcodecs().probe({ ...facts, video }, {});
  expect(await probe({ ...video, decodesInPage: true })).toEqual({ ok: true });
  expect(await probe(video)).toEqual({ ok: false, reasons: [expect.stringContaining("do not decode hvc1.1.6.L93.B0")] });
  expect(await probe(null)).toEqual({ ok: false, reasons: ['"http://host/a.mp4" holds no pictures'] });
});

it("has no answers: its pages ask nothing", async () => {
  const session = await webcodecs().open({} as InjectorContext);
  await expect(session.answer({ at: 1 }, { facts, path: () => Promise.reject(new Error("not asked for")) })).rejects.toMatchObject({
    code: "injection-failed",
    message: expect.stringContaining('no answer to {"at":1}') as string,
  });
  await session.close();
  await session.close();
});
