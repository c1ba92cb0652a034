import { rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { RenderEvent } from "../../src/core/events.ts";
import { ffmpegDisk } from "../../src/encoders/ffmpeg-disk.ts";
import { ffmpegPipe } from "../../src/encoders/ffmpeg-pipe.ts";
import { findFfmpeg } from "../../src/ffmpeg/find.ts";
import { planRender, render } from "../../src/node/render.ts";
import { movingPage } from "../support/failing-pages.ts";
import { scratch, type Scratch } from "../support/render.ts";

/** Whether frames are streamed, from what a person says to what is done. */

const job = { width: 64, height: 48, frameRate: 30, duration: 0.2 } as const;
let folder: Scratch;
let page: string;

beforeAll(async () => {
  folder = await scratch();
  page = await folder.page(movingPage());
});
afterAll(() => folder[Symbol.asyncDispose]());

type Decided = Extract<RenderEvent, { type: "streaming-decided" }>;

describe("streaming", () => {
  it("gives way to disk where its process does not start, and the event tells the rule with all that was looked at", async () => {
    // A program that is ffmpeg until it is taken away.
    const own: string = folder.path("ffmpeg");
    await writeFile(own, `#!/bin/sh\nexec "${(await findFfmpeg()).executablePath}" "$@"\n`, { mode: 0o755 });
    const decided: Decided[] = [];
    const result = await render(
      { page, output: folder.path("disk.mp4"), ...job },
      {
        parts: { encoders: [ffmpegPipe({ executablePath: own }), ffmpegDisk()] },
        onEvent(event) {
          if (event.type === "streaming-decided") decided.push(event);
          // It was there when it was tried.
          if (event.type === "capture-opened") rmSync(own, { force: true });
        },
      },
    );
    expect(result).toMatchObject({
      plan: { encoder: "ffmpeg-disk", streaming: { streams: false, rule: "did-not-start" } },
      fallbacks: [{ part: "ffmpeg-pipe", reason: expect.stringContaining(own) }],
      facts: { frameCount: 6 },
    });
    expect(decided).toMatchObject([
      {
        streams: true,
        rule: "default",
        inputs: { enabled: true, maxDurationSeconds: null, durationSeconds: 0.2, container: "mp4", didNotStart: false },
      },
      { streams: false, rule: "did-not-start", inputs: { didNotStart: true, encoder: "ffmpeg-disk" } },
    ]);
  });

  it.each([
    ["FRAMEWRIGHT_STREAMING", "false", { streams: false, rule: "opted-out" }],
    ["FRAMEWRIGHT_STREAMING_MAX_DURATION_SECONDS", "0.2", { streams: true, rule: "default" }],
    ["FRAMEWRIGHT_STREAMING_MAX_DURATION_SECONDS", "0.19", { streams: false, rule: "duration-limit" }],
  ])("hears %s=%s of the environment", async (name, value, streaming) => {
    vi.stubEnv(name, value);
    try {
      const { plan } = await planRender({ page, output: folder.path("planned.mp4"), ...job });
      expect(plan).toMatchObject({ encoder: streaming.streams ? "ffmpeg-pipe" : "ffmpeg-disk", streaming });
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it("leaves nothing behind where it was only planned", async () => {
    expect((await folder.list()).filter((name) => name.includes("planned"))).toEqual([]);
  });
});
