import { chmod, mkdir, writeFile } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RenderJob } from "../../src/core/job.ts";
import { render, type RenderResult } from "../../src/node/index.ts";
import { movingPage, pageWithoutContract, RATE, throwingPage } from "../support/failing-pages.ts";
import { expectCleanFailure, ownTemporaryFolder, type ExpectedFailure, type FailureOptions } from "../support/failures.ts";
import { isRoot, mountMemory } from "../support/mounts.ts";
import { scratch, type Scratch } from "../support/render.ts";
import { trackFacts } from "../support/track-facts.ts";

/** What is wrong with a job, a page, a target, or the tools: a render fails before its first frame. */

const size = { width: 320, height: 180 } as const;
let temporaryFolder: AsyncDisposable;

beforeAll(async () => {
  temporaryFolder = await ownTemporaryFolder();
});
afterAll(async () => {
  await temporaryFolder[Symbol.asyncDispose]();
});

/** A failure of a job whose page is given as HTML. */
async function expectPageFailure(
  html: string,
  job: Partial<RenderJob>,
  expected: ExpectedFailure,
  options?: FailureOptions,
): Promise<void> {
  await using place = await scratch();
  const page: string = await place.page(html);
  await expectCleanFailure({ ...size, page, output: place.path("video.mp4"), ...job }, expected, options);
}

/** A server that answers every request in one way. */
async function serverThat(answers: RequestListener): Promise<AsyncDisposable & { readonly url: string }> {
  const server: Server = createServer(answers);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/page.html`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe("the page", () => {
  async function expectAddressFailure(page: string, expected: ExpectedFailure, job: Partial<RenderJob> = {}): Promise<void> {
    await using place = await scratch();
    await expectCleanFailure({ ...size, page, output: place.path("video.mp4"), duration: 1, ...job }, expected);
  }

  it("is no file", async () => {
    await using place = await scratch();
    const page: string = place.path("missing.html");
    await expectAddressFailure(page, {
      code: "page-not-found",
      says: [page, "Give the path of an HTML file, or a URL"],
      details: { page },
      started: [],
    });
  });

  it("is a folder without an index.html", async () => {
    await using place = await scratch();
    await expectAddressFailure(place.folder, { code: "page-not-found", says: [place.folder], started: [] });
  });

  it("lies outside the root", async () => {
    await using place = await scratch();
    await mkdir(place.path("public"));
    const page: string = await place.page(movingPage());
    await expectCleanFailure(
      { ...size, page, output: place.path("video.mp4") },
      { code: "page-not-found", says: [page], started: [] },
      { root: place.path("public") },
    );
  });

  it("has a port that the browser refuses", async () => {
    const page = "http://127.0.0.1:1/page.html";
    await expectAddressFailure(page, {
      code: "page-unreachable",
      says: [page, "net::ERR_UNSAFE_PORT", "Check the address"],
      started: ["browser"],
    });
  });

  it("has a server that is not there", async () => {
    const gone = await serverThat(() => {});
    await gone[Symbol.asyncDispose]();
    await expectAddressFailure(gone.url, {
      code: "page-unreachable",
      says: [gone.url, "net::ERR_CONNECTION_REFUSED", "Check the address"],
      started: ["browser"],
    });
  });

  it.for([["with a page", "<h1>Nothing here</h1>"] as const, ["with no word", ""] as const])(
    "is answered with 404 %s",
    async ([, body]) => {
      await using server = await serverThat((_, response) => response.writeHead(404, { "content-type": "text/html" }).end(body));
      await expectAddressFailure(server.url, {
        code: "page-unreachable",
        says: [server.url, "404", "Check the address"],
        started: ["browser"],
      });
    },
  );

  it("has a server that never answers", async () => {
    await using server = await serverThat(() => {});
    await expectAddressFailure(
      server.url,
      { code: "page-not-ready", says: [server.url, "1500 ms", "its server to answer", "readinessTimeoutMs"], started: ["browser"] },
      { readinessTimeoutMs: 1500 },
    );
  });

  it("throws while it loads, before it could say how long it is", async () => {
    await expectPageFailure(
      throwingPage,
      {},
      { code: "page-failed", says: ["/page.html", "TypeError: no such scene: intro", "mend the script"], started: ["browser"] },
    );
  });

  it("says nothing of itself, and nothing in it ends", async () => {
    await expectPageFailure(
      pageWithoutContract,
      { readinessTimeoutMs: 700 },
      {
        code: "page-not-ready",
        says: ["/page.html", "700 ms", "how long the video is: window.framewright.duration", "raise readinessTimeoutMs"],
        details: { limitMs: 700 },
        started: ["browser"],
      },
    );
  });

  it("has a script that never ends", async () => {
    await expectPageFailure(
      movingPage({ onLoad: "for (;;);" }),
      { readinessTimeoutMs: 1000 },
      { code: "page-not-ready", says: ["/page.html", "1000 ms", "readinessTimeoutMs"], started: ["browser"] },
    );
  });

  it("waits for a picture that never comes", async () => {
    await using server = await serverThat(() => {});
    const picture: string = server.url.replace("page.html", "picture.png");
    await expectPageFailure(
      movingPage({ onLoad: `document.body.append(Object.assign(new Image(), { src: ${JSON.stringify(picture)} }));` }),
      { readinessTimeoutMs: 1000 },
      { code: "page-not-ready", says: ["/page.html", "1000 ms", "readinessTimeoutMs"], started: ["browser"] },
    );
  });
});

describe("the duration", () => {
  it("is said by nobody", async () => {
    await expectPageFailure(
      movingPage({ duration: null }),
      {},
      { code: "duration-missing", says: ["/page.html", "Give --duration, or set window.framewright.duration"], started: ["browser"] },
    );
  });

  it.for(["Infinity", "-1", "NaN", "0"])("of the page is %s", async (duration) => {
    await expectPageFailure(
      movingPage({ duration }),
      {},
      {
        code: "duration-invalid",
        says: [`The duration that the page offers is ${duration};`, "a finite number of seconds above 0", "--duration"],
        details: { value: duration, from: "page" },
        started: ["browser"],
      },
    );
  });

  it.for([Infinity, -1, NaN, 0])("of the job is %s", async (duration) => {
    await expectPageFailure(
      movingPage(),
      { duration },
      {
        code: "duration-invalid",
        says: [`The duration asked for is ${duration};`, "a finite number of seconds above 0", "--duration"],
        details: { value: String(duration), from: "job" },
        started: [],
      },
    );
  });
});

describe("the frame rate", () => {
  it.for([[0, "0"] as const, [-1, "-1"] as const, [NaN, "NaN"] as const, ["abc", '"abc"'] as const, ["30/0", '"30/0"'] as const])(
    "is %s",
    async ([frameRate, written]) => {
      await expectPageFailure(
        movingPage(),
        { frameRate },
        {
          code: "frame-rate-invalid",
          says: [`The frame rate ${written} is invalid`, 'such as 30 or 29.97, or a fraction such as "30000/1001"'],
          details: { value: String(frameRate) },
          started: [],
        },
      );
    },
  );

  it.for(["ffmpeg-pipe", "webcodecs"])("30000/1001 is exact in the file of %s", async (encoder) => {
    await using place = await scratch();
    const output: string = place.path("video.mp4");
    const frameRate = "30000/1001";
    await render({ ...size, page: await place.page(movingPage()), output, frameRate, duration: 1, encoder });
    const { ticks, ticksPerSecond } = await trackFacts(output);
    expect(ticks).toHaveLength(30);
    // Exact: each frame begins at a whole tick that is its index times 1001/30000 seconds, with no rounding in it.
    expect(ticks).toEqual(ticks.map((_, index) => (index * 1001 * ticksPerSecond) / 30000));
    expect(await place.list()).toEqual(["page.html", "video.mp4"]);
  });
});

describe("the size", () => {
  it("is odd", async () => {
    await expectPageFailure(
      movingPage(),
      { width: 321, height: 181 },
      { code: "size-invalid", says: ["321×181", "use 322×182"], details: { width: 321, height: 181 }, started: [] },
    );
  });

  it("is not a number", async () => {
    await expectPageFailure(movingPage(), { width: NaN }, { code: "job-invalid", says: ["width is NaN"], started: [] });
  });
});

describe("the target", () => {
  async function expectTargetFailure(place: Scratch, output: string, why: string, advice = "Check that its folder exists"): Promise<void> {
    const page: string = await place.page(movingPage());
    await expectCleanFailure(
      { ...size, page, output },
      { code: "output-not-writable", says: [output, why, advice], details: { output }, started: [] },
    );
  }

  it("has no folder", async () => {
    await using place = await scratch();
    await expectTargetFailure(place, place.path("missing/video.mp4"), "ENOENT");
  });

  it("lies below a file", async () => {
    await using place = await scratch();
    await writeFile(place.path("file"), "");
    await expectTargetFailure(place, place.path("file/video.mp4"), "ENOTDIR");
  });

  it("is a folder", async () => {
    await using place = await scratch();
    await mkdir(place.path("video.mp4"));
    await expectTargetFailure(place, place.path("video.mp4"), "it is a folder", "Name a file that is new");
  });

  it.runIf(isRoot)("lies on a file system that only reads", async () => {
    await using place = await scratch();
    await using mounted = await mountMemory(place.path("mounted"), "ro,size=64k");
    await expectTargetFailure(place, `${mounted.folder}/video.mp4`, "EROFS");
  });

  it.runIf(!isRoot)("lies in a folder that may not be written", async () => {
    await using place = await scratch();
    await mkdir(place.path("locked"), { mode: 0o500 });
    await expectTargetFailure(place, place.path("locked/video.mp4"), "EACCES");
  });

  it("has an extension that names no container", async () => {
    const output: string = join(tmpdir(), "video.avi");
    await expectPageFailure(movingPage(), { output }, { code: "job-invalid", says: [`"${output}"`, "use one of .mp4"], started: [] });
  });
});

describe("the browser", () => {
  it("is not where the option says", async () => {
    await expectPageFailure(
      movingPage(),
      {},
      {
        code: "browser-missing",
        says: ['"/nonexistent/browser"', "the option", "npm install @sparticuz/chromium"],
        details: { asked: "/nonexistent/browser" },
        started: [],
      },
      { browser: "/nonexistent/browser" },
    );
  });

  it("is not where FRAMEWRIGHT_BROWSER says", async () => {
    const before: string | undefined = process.env["FRAMEWRIGHT_BROWSER"];
    process.env["FRAMEWRIGHT_BROWSER"] = "/nonexistent/named";
    try {
      await expectPageFailure(
        movingPage(),
        {},
        { code: "browser-missing", says: ['"/nonexistent/named"', "FRAMEWRIGHT_BROWSER", "npm install @sparticuz/chromium"], started: [] },
      );
    } finally {
      if (before === undefined) delete process.env["FRAMEWRIGHT_BROWSER"];
      else process.env["FRAMEWRIGHT_BROWSER"] = before;
    }
  });

  it("is a program that ends at once", async () => {
    await using place = await scratch();
    const browser: string = await program(place, "browser", "echo 'cannot open shared object' >&2; exit 127");
    await expectPageFailure(
      movingPage(),
      {},
      { code: "browser-launch-failed", says: [browser, "cannot open shared object", "framewright doctor"], started: [] },
      { browser },
    );
  });
});

/** A shell script that can be executed. */
async function program(place: Scratch, name: string, script: string): Promise<string> {
  const path: string = place.path(name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

const WITH_X264 = " V....D libx264 libx264 H.264";

/** Answers as ffmpeg when it is asked what it is and what it can, and does something else when it shall encode. */
function fakeFfmpeg(place: Scratch, whenEncoding: string, encoders: string = WITH_X264): Promise<string> {
  return program(
    place,
    "ffmpeg",
    `case "$*" in\n*-version*) echo "ffmpeg version 7.0-fake"; exit 0 ;;\n*-encoders*) echo "${encoders}"; exit 0 ;;\n*-muxers*) echo " E mp4 MP4"; exit 0 ;;\nesac\n${whenEncoding}`,
  );
}

describe("ffmpeg", () => {
  it("is not there, though it is asked for", async () => {
    await expectPageFailure(
      movingPage(),
      { encoder: "ffmpeg-pipe" },
      {
        code: "ffmpeg-missing",
        says: ['"/nonexistent/ffmpeg"', "the option", "npm install ffmpeg-static", "--encoder webcodecs"],
        started: ["browser"],
      },
      { ffmpeg: "/nonexistent/ffmpeg" },
    );
  });

  it("is not there, and webcodecs does the work", async () => {
    await using place = await scratch();
    const output: string = place.path("video.mp4");
    const job: RenderJob = { ...size, page: await place.page(movingPage()), output, duration: 1, frameRate: RATE };
    const { plan, facts }: RenderResult = await render(job, { ffmpeg: "/nonexistent/ffmpeg" });
    expect(plan.encoder).toBe("webcodecs");
    const rejection = plan.rejected.find(({ part }) => part === "ffmpeg-pipe");
    expect(rejection?.reasons.join()).toContain("/nonexistent/ffmpeg");
    expect(facts).toMatchObject({ frameCount: 30, size, codec: "h264" });
    expect((await trackFacts(output)).ticks).toHaveLength(30);
    expect(await place.list()).toEqual(["page.html", "video.mp4"]);
  });

  it("cannot encode H.264, though it is asked for", async () => {
    await using place = await scratch();
    const ffmpeg: string = await fakeFfmpeg(place, "exit 1", " V....D mpeg4 MPEG-4");
    await expectPageFailure(
      movingPage(),
      { encoder: "ffmpeg-pipe" },
      { code: "plan-impossible", says: [ffmpeg, "is built without libx264", "framewright doctor"], started: ["browser"] },
      { ffmpeg },
    );
  });

  it("ends at once with an error", async () => {
    await using place = await scratch();
    const ffmpeg: string = await fakeFfmpeg(place, "echo 'Unrecognized option preset' >&2; exit 3");
    await expectPageFailure(
      movingPage(),
      { duration: 1 },
      {
        code: "encoder-failed",
        says: ["ffmpeg-pipe", "ended with code 3", "Unrecognized option preset"],
        details: { encoder: "ffmpeg-pipe", code: 3, signal: null },
        // It may be over before anybody looks.
        started: "any",
      },
      { ffmpeg },
    );
  });

  it("ends because of a quota, on a disk with room", async () => {
    await using place = await scratch();
    const ffmpeg: string = await fakeFfmpeg(place, "echo 'av_interleaved_write_frame(): Disk quota exceeded' >&2; exit 1");
    await expectPageFailure(
      movingPage(),
      { duration: 1 },
      { code: "disk-full", says: ["video.mp4", "bytes are free", "Free some space"], started: "any" },
      { ffmpeg },
    );
  });

  it("takes everything and writes nothing", async () => {
    await using place = await scratch();
    const ffmpeg: string = await fakeFfmpeg(place, "cat > /dev/null; exit 0");
    await expectPageFailure(
      movingPage(),
      { duration: 1 },
      { code: "output-invalid", says: ["video.mp4", "cannot be read back", "Render again"] },
      { ffmpeg },
    );
  });

  it("takes everything and fails at the end", async () => {
    await using place = await scratch();
    const ffmpeg: string = await fakeFfmpeg(place, "cat > /dev/null; echo 'moov atom lost' >&2; exit 5");
    await expectPageFailure(
      movingPage(),
      { duration: 1 },
      { code: "encoder-failed", says: ["ended with code 5 during finish after 30 frames", "moov atom lost"] },
      { ffmpeg },
    );
  });
});

it("a part that nobody has is named with those that there are", async () => {
  await expectPageFailure(
    movingPage(),
    { encoder: "gif" },
    {
      code: "plan-impossible",
      says: ["gif", "ffmpeg-pipe, ffmpeg-disk, png-sequence, webcodecs", "framewright doctor"],
      started: ["browser"],
    },
  );
});
