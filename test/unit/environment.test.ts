import { describe, expect, it } from "vitest";
import type { RenderJob } from "../../src/core/job.ts";
import { parseJob } from "../../src/core/parse-job.ts";
import { underEnvironment } from "../../src/node/environment.ts";
import { render } from "../../src/node/render.ts";

const job: RenderJob = { page: "page.html", output: "out.mp4" };

function streamingOf(environment: Readonly<Record<string, string>>, said?: RenderJob["streaming"]): object {
  return parseJob(underEnvironment(said === undefined ? job : { ...job, streaming: said }, environment)).streaming;
}

describe("the environment's word on streaming", () => {
  it.each([
    [{}, true],
    [{ FRAMEWRIGHT_STREAMING: "" }, true],
    [{ FRAMEWRIGHT_STREAMING: "true" }, true],
    [{ FRAMEWRIGHT_STREAMING: "1" }, true],
    [{ FRAMEWRIGHT_STREAMING: "false" }, false],
    [{ FRAMEWRIGHT_STREAMING: " FALSE " }, false],
    [{ FRAMEWRIGHT_STREAMING: "0" }, false],
  ])("%j makes it %s", (environment, enabled) => {
    expect(streamingOf(environment)).toEqual({ enabled, maxDurationSeconds: null });
  });

  it("limits the length of what is streamed", () => {
    expect(streamingOf({ FRAMEWRIGHT_STREAMING_MAX_DURATION_SECONDS: "240.5" })).toEqual({ enabled: true, maxDurationSeconds: 240.5 });
  });

  it("gives way to the job's own, value by value", () => {
    const environment = { FRAMEWRIGHT_STREAMING: "false", FRAMEWRIGHT_STREAMING_MAX_DURATION_SECONDS: "60" };
    expect(streamingOf(environment, { enabled: true })).toEqual({ enabled: true, maxDurationSeconds: 60 });
    expect(streamingOf(environment, { maxDurationSeconds: 90 })).toEqual({ enabled: false, maxDurationSeconds: 90 });
  });

  it.each([
    [{ FRAMEWRIGHT_STREAMING: "maybe" }, 'the environment variable FRAMEWRIGHT_STREAMING is "maybe": must be true or false'],
    [
      { FRAMEWRIGHT_STREAMING_MAX_DURATION_SECONDS: "ten" },
      'the environment variable FRAMEWRIGHT_STREAMING_MAX_DURATION_SECONDS is "ten": must be a number of seconds above 0',
    ],
    [{ FRAMEWRIGHT_STREAMING_MAX_DURATION_SECONDS: "0" }, 'MAX_DURATION_SECONDS is "0"'],
    [{ FRAMEWRIGHT_STREAMING_MAX_DURATION_SECONDS: "-1" }, 'MAX_DURATION_SECONDS is "-1"'],
    [{ FRAMEWRIGHT_STREAMING_MAX_DURATION_SECONDS: "Infinity" }, 'MAX_DURATION_SECONDS is "Infinity"'],
    [{ FRAMEWRIGHT_STREAMING: "no", FRAMEWRIGHT_STREAMING_MAX_DURATION_SECONDS: "x" }, 'is "no": must be true or false; the environment'],
  ])("%j is refused, also where the job says it itself", (environment, words) => {
    const said: RenderJob = { ...job, streaming: { enabled: true, maxDurationSeconds: 1 } };
    expect(() => underEnvironment(said, environment)).toThrow(
      expect.objectContaining({ code: "job-invalid", message: expect.stringContaining(words) }),
    );
  });

  it("leaves what is no job to those who read jobs", () => {
    for (const wrong of [null, 3, { ...job, streaming: "no" }, { ...job, streaming: null }])
      expect(underEnvironment(wrong as unknown as RenderJob, { FRAMEWRIGHT_STREAMING: "false" })).toBe(wrong);
  });

  it("fails a render by its promise, never by a throw", async () => {
    process.env["FRAMEWRIGHT_STREAMING"] = "maybe";
    try {
      await expect(render(job)).rejects.toMatchObject({ code: "job-invalid" });
    } finally {
      delete process.env["FRAMEWRIGHT_STREAMING"];
    }
  });
});
