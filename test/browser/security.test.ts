import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { chmod } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { findBrowser } from "../../src/browser/find.ts";
import { endInterruptions } from "../../src/browser/interruptions.ts";
import { sandboxOf } from "../../src/browser/sandbox.ts";
import {
  builtInParts,
  htmlInCanvas,
  render,
  webSocket,
  type Capture,
  type NodeRenderOptions,
  type RenderJob,
  type RenderResult,
} from "../../src/node/index.ts";
import type { CallerTask } from "../support/caller.ts";
import { isRoot } from "../support/mounts.ts";
import { isRenderer, watchProcesses, type ProcessFacts, type ProcessWatch } from "../support/processes.ts";
import { countPackets, html, redirect, script, serveLoopback, type LoopbackServer, type PacketCounter } from "../support/loopback.ts";
import { pageAfter, tryWays, tryWebRtc, tryWebTransport, wayNames } from "../support/reaching-pages.ts";
import { scratch, type Scratch } from "../support/render.ts";

const caller: string = fileURLToPath(new URL("../support/caller.ts", import.meta.url));
const size = { width: 160, height: 90 } as const;

let folder: Scratch;
/** Another program of this host, which a page has no business with. */
let other: LoopbackServer;
let stun: PacketCounter;
let quic: PacketCounter;

beforeAll(async () => {
  folder = await scratch();
  [stun, quic] = [await countPackets(), await countPackets()];
  other = await serveLoopback({ "/redirected": html("there"), "/": html("there") });
});

afterAll(async () => {
  await other[Symbol.asyncDispose]();
  await stun[Symbol.asyncDispose]();
  await quic[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

function renderPage(page: string, job: Partial<RenderJob> = {}, options: NodeRenderOptions = {}): Promise<RenderResult> {
  other.asked.length = 0;
  const parts = { capture: "screenshot", encoder: "ffmpeg-pipe" };
  return render({ page, output: folder.path("video.mp4"), ...size, frameRate: 20, ...parts, ...job }, options);
}

/** Paths of the other server that were asked for, each once. */
function reached(): string[] {
  return [...new Set(other.asked.map((one) => one.split(" ")[1]!.slice(1)))].sort();
}

function askedFor(result: RenderResult): string[] {
  return result.warnings.filter((warning) => warning.startsWith("The page asked for")).sort();
}

function localhost(server: LoopbackServer): string {
  return `http://127.0.0.1:${server.port}`;
}

describe("what a page may reach", () => {
  let own: LoopbackServer;
  beforeAll(async () => {
    own = await serveLoopback({
      "/all": html(pageAfter(`${tryWays(localhost(other))}`)),
      "/redirects": html(pageAfter(`fetch("/away").catch(() => {})`)),
      "/away": redirect(`${localhost(other)}/redirected`),
      "/moved": redirect(`${localhost(other)}/`),
      "/service": html(
        pageAfter(`navigator.serviceWorker.register("/service.js").then(() => navigator.serviceWorker.ready)
          .then(() => new Promise((resolve) => { navigator.serviceWorker.onmessage = resolve; navigator.serviceWorker.ready.then(({ active }) => active.postMessage(0)); }))`),
      ),
      "/service.js": script(
        `onmessage = ({ source }) => fetch("${localhost(other)}/service", { mode: "no-cors" }).catch(() => {}).finally(() => source.postMessage(0))`,
      ),
      "/packets": html(pageAfter(`(${tryWebTransport(quic.port)}, ${tryWebRtc(stun.port)}.then((candidate) => report({ candidate })))`)),
      "/names": html(
        pageAfter(
          `Promise.all([${["localhost:%", "[::1]:%", "[::ffff:127.0.0.1]:%", "far.localhost:%", "0.0.0.0:%"]
            .map(
              (host) =>
                `fetch("http://${host}/named".replace("%", location.port), { mode: "no-cors" }).then(() => "reached", () => "refused")`,
            )
            .join(",")}]).then(report)`,
        ),
      ),
      "/named": html(""),
      "/document": html(pageAfter(`Promise.allSettled([fetch("/sibling.json"), report(location.search)])`)),
      "/step": redirect("/document?x=1#end"),
    });
  });
  afterAll(() => own[Symbol.asyncDispose]());

  test("is everything unless the job says otherwise", async () => {
    const result = await renderPage(`${localhost(own)}/all`);
    expect(reached()).toEqual([...wayNames].sort());
    expect(askedFor(result)).toEqual([]);
  });

  test("is its own origin under same-origin: of another port of this host nothing arrives, by whatever way, and one warning tells it", async () => {
    const result = await renderPage(`${localhost(own)}/all`, { network: "same-origin" });
    expect(reached()).toEqual([]);
    expect(askedFor(result)).toEqual(
      ["http", "ws"].map((scheme) => `The page asked for ${scheme}://127.0.0.1:${other.port}, which network: "same-origin" forbids`),
    );
    expect(result.frames).toBe(4);
  });

  test("does not grow by a redirect", async () => {
    await renderPage(`${localhost(own)}/redirects`);
    expect(reached()).toEqual(["redirected"]);
    const result = await renderPage(`${localhost(own)}/redirects`, { network: "same-origin" });
    expect(reached()).toEqual([]);
    expect(askedFor(result)).toHaveLength(1);
  });

  test("does not grow by a service worker", async () => {
    await renderPage(`${localhost(own)}/service`);
    expect(reached()).toEqual(["service"]);
    const result = await renderPage(`${localhost(own)}/service`, { network: "same-origin" });
    expect(reached()).toEqual([]);
    expect(askedFor(result)).toHaveLength(1);
  });

  test("does not grow by packets: WebRTC finds no address, WebTransport no way", async () => {
    await renderPage(`${localhost(own)}/packets`);
    const before: readonly number[] = [stun.count(), quic.count()];
    expect(Math.min(...before)).toBeGreaterThan(0);
    expect(own.reports.at(-1)).toEqual({ candidate: expect.stringContaining("udp") });
    await renderPage(`${localhost(own)}/packets`, { network: "same-origin" });
    expect([stun.count(), quic.count()]).toEqual(before);
    expect(own.reports.at(-1)).toEqual({ candidate: null });
  });

  test("is not told by other names of this host", async () => {
    const result = await renderPage(`${localhost(own)}/names`, { network: "same-origin" });
    expect(own.reports.at(-1)).toEqual(Array.from({ length: 5 }, () => "refused"));
    expect(own.asked).not.toContain("GET /named");
    expect(askedFor(result)).toHaveLength(5);
    await renderPage(`${localhost(own)}/names`, { network: ["localhost:" + own.port, `http://*.localhost:${own.port}`] });
    expect(own.reports.at(-1)).toEqual(["reached", "refused", "refused", "reached", "refused"]);
  });

  test("is secure names too, whose origin shows in the warning", async () => {
    const page: string = await folder.page(pageAfter(`fetch("https://tracker.example/pixel").catch(() => {})`));
    const result = await renderPage(page, { network: ["cdn.example.com"] });
    expect(askedFor(result)).toEqual(['The page asked for https://tracker.example, which network: ["cdn.example.com"] forbids']);
  });

  test("is this host's IPv6 address where a list has it", async () => {
    await using six = await serveLoopback({}, "::1");
    const page: string = await folder.page(pageAfter(`fetch("http://[::1]:${six.port}/six", { mode: "no-cors" }).catch(() => {})`));
    await renderPage(page, { network: "same-origin" });
    expect(six.asked).toEqual([]);
    await renderPage(page, { network: [`[::1]:${six.port}`] });
    expect(six.asked).toContain("GET /six");
  });

  test.each(["none", "same-origin"] as const)("is its own folder under %s, for a page of this host", async (network) => {
    await folder.page("export const beside = true;", "beside.js");
    const page: string = await folder.page(
      pageAfter(
        `import("./beside.js").then(({ beside }) => { if (!beside) throw new Error("not loaded"); return ${tryWays(localhost(other))}; })`,
      ),
    );
    const result = await renderPage(page, { network });
    expect(reached()).toEqual([]);
    expect(askedFor(result)[0]).toContain(`which network: "${network}" forbids`);
  });

  test("is nothing but its document under none, for a page of a server", async () => {
    own.asked.length = 0;
    own.reports.length = 0;
    const result = await renderPage(`${localhost(own)}/step`, { network: "none" });
    expect(own.asked).toEqual(["GET /step", "GET /document?x=1"]);
    expect(result.frames).toBe(4);
    await renderPage(`${localhost(own)}/step`, { network: "same-origin" });
    expect(own.asked).toContain("GET /sibling.json");
    expect(own.reports).toContain("?x=1");
  });

  test.each(["none", "same-origin"] as const)("is not where its server sends it under %s", async (network) => {
    await expect(renderPage(`${localhost(own)}/moved`, { network })).rejects.toMatchObject({
      code: "page-unreachable",
      message: expect.stringContaining(`it redirects to "${localhost(other)}/"`),
    });
    expect(reached()).toEqual([]);
  });

  test("is none of our own ways: the shell, the WebSocket and the encoder's page work under none", async () => {
    const page: string = await folder.page(pageAfter("0"));
    const captures = [htmlInCanvas({ transports: [webSocket()] })];
    const carried = await renderPage(page, { network: "none", capture: "html-in-canvas" }, { parts: { captures } });
    expect(carried).toMatchObject({ transport: "websocket", frames: 4, warnings: [] });
    const encoded = await renderPage(page, { network: "none", capture: "html-in-canvas", encoder: "webcodecs" });
    expect(encoded).toMatchObject({ plan: { encoder: "webcodecs" }, frames: 4, warnings: [] });
  });
});

describe("files of this host", () => {
  /** A page in a file that tells when it is loaded, wherever that is. */
  async function secret(server: LoopbackServer): Promise<string> {
    return `file://${await folder.page(`<script>fetch("${localhost(server)}/leaked", { mode: "no-cors" })</script>`, "secret.html")}`;
  }

  test.each(["omit", "paint"] as const)("are not loaded into a page of a server, with crossOrigin %s", async (crossOrigin) => {
    const file: string = await secret(other);
    const embeds = `<iframe src="${file}"></iframe><object data="${file}"></object><embed src="${file}">`;
    await using far = await serveLoopback({ "/nest": html(embeds) });
    await using own = await serveLoopback({
      "/page": html(
        `${embeds}<iframe src="http://far.localhost:${far.port}/nest"></iframe>${pageAfter(`Promise.resolve(window.open("${file}")).then((opened) =>
          Promise.all([fetch("${file}").then(() => "read", () => "refused"), opened === null ? "null" : "window"])).then(report)`)}`,
      ),
    });
    const result = await renderPage(`${localhost(own)}/page`, { crossOrigin });
    expect(far.asked).toContain("GET /nest");
    expect(reached()).toEqual([]);
    expect(own.reports.at(-1)).toEqual(["refused", "null"]);
    expect(result.frames).toBe(4);
  });

  test.each(["omit", "paint"] as const)("are not where a page goes to, with crossOrigin %s", async (crossOrigin) => {
    const file: string = await secret(other);
    const page: string = await folder.page(`<!doctype html><body><script>onload = () => { location.href = "${file}"; }</script>`);
    await renderPage(page, { crossOrigin, duration: 0.2, readinessTimeoutMs: 2_000 }).catch(() => {});
    expect(reached()).toEqual([]);
  });
});

describe("what would wait for a person", () => {
  test.each([
    ["at load", (code: string) => `(${code}, 0)`],
    ["in the middle", (code: string) => `(globalThis.onSeek = (t) => { if (t === 0.1) { ${code} } }, 0)`],
  ])("does not hold up a render %s", async (_, when) => {
    await using own = await serveLoopback({
      "/file.zip": (response) => response.writeHead(200, { "content-disposition": "attachment" }).end("zip"),
    });
    const ask = `alert("hello"), confirm("sure?"), prompt("name?"), print(),
      navigator.geolocation.getCurrentPosition(() => {}), Notification.requestPermission(), navigator.mediaDevices.getUserMedia({ video: true }).catch(() => {}),
      navigator.requestMIDIAccess().catch(() => {}), navigator.clipboard.readText().catch(() => {}), document.requestStorageAccess().catch(() => {}),
      report([window.open("about:blank"), window.open("about:blank", "_blank", "noopener")]),
      Object.assign(document.createElement("a"), { href: "${localhost(own)}/file.zip", download: "file.zip" }).click(),
      Object.assign(document.createElement("a"), { href: "data:application/zip,x", download: "data.zip" }).click(),
      (globalThis.onbeforeunload = () => "stay")`;
    await using page = await serveLoopback({ "/page": html(pageAfter(when(ask))) });
    const result = await renderPage(`${localhost(page)}/page`);
    expect(result.frames).toBe(4);
    for (const dialog of ['alert("hello")', 'confirm("sure?")', 'prompt("name?")'])
      expect(result.warnings).toContain(`The page opened a dialog, which was dismissed: ${dialog}`);
    expect(result.warnings.filter((warning) => warning.startsWith("The page started a download, which was refused"))).toHaveLength(2);
    expect(page.reports.at(-1)).toEqual([null, null]);
    expect(await folder.list()).not.toContain("file.zip");
  });

  test("asks for permissions in vain, and hears so", async () => {
    const asked: readonly string[] = [
      `new Promise((resolve) => navigator.geolocation.getCurrentPosition(() => resolve("granted"), () => resolve("denied")))`,
      `Notification.requestPermission().then((state) => (state === "granted" ? state : "denied"))`,
      `navigator.mediaDevices.getUserMedia({ audio: true }).then(() => "granted", () => "denied")`,
      `navigator.mediaDevices.getDisplayMedia().then(() => "granted", () => "denied")`,
      `navigator.requestMIDIAccess().then(() => "granted", () => "denied")`,
      `navigator.clipboard.readText().then(() => "granted", () => "denied")`,
    ];
    await using own = await serveLoopback({ "/page": html(pageAfter(`Promise.all([${asked.join(",")}]).then(report)`)) });
    await renderPage(`${localhost(own)}/page`);
    expect(own.reports.at(-1)).toEqual(asked.map(() => "denied"));
  });

  test("is ended also where it does not go through the page's own functions, and where the browser opens windows", async () => {
    const { executablePath, environment } = await findBrowser();
    await using own = await serveLoopback({ "/": html("") });
    const profile: string = folder.path("profile");
    const context = await chromium.launchPersistentContext(profile, {
      executablePath,
      env: { ...process.env, ...environment } as Record<string, string>,
      chromiumSandbox: false,
    });
    try {
      const warnings: string[] = [];
      endInterruptions(context, (reason) => warnings.push(reason));
      const page = await context.newPage();
      await page.goto(localhost(own));
      expect(await page.evaluate(`[alert("now"), confirm("sure?"), prompt("name?")]`)).toEqual([undefined, false, null]);
      const opened = context.waitForEvent("page");
      await page.evaluate(`window.open("/popup"), 0`);
      const popup = await opened;
      if (!popup.isClosed()) await popup.waitForEvent("close");
      // A click makes the page one that may ask before it is left.
      await page.evaluate(`onbeforeunload = (event) => event.preventDefault()`);
      await page.mouse.click(5, 5);
      await page.goto(`${localhost(own)}/`);
      expect(warnings).toEqual([
        ...['alert("now")', 'confirm("sure?")', 'prompt("name?")'].map(
          (dialog) => `The page opened a dialog, which was dismissed: ${dialog}`,
        ),
        expect.stringContaining("The page opened a window, which was closed: "),
      ]);
    } finally {
      await context.close();
    }
  });
});

describe("time zone and language", () => {
  const told = `Promise.all([self, new Promise((resolve) => {
    const code = "postMessage([Intl.DateTimeFormat().resolvedOptions().timeZone, (1234.5).toLocaleString(), navigator.language])";
    new Worker(URL.createObjectURL(new Blob([code]))).onmessage = ({ data }) => resolve(data);
  })]).then(([, inWorker]) => report([new Date(0).getHours(), Intl.DateTimeFormat().resolvedOptions().timeZone, (1234.5).toLocaleString(), navigator.language, inWorker]))`;

  test("are the same on every machine, unless the job says others", async () => {
    await using own = await serveLoopback({ "/page": html(pageAfter(told)) });
    const page = `${localhost(own)}/page`;
    const host: string | undefined = process.env["TZ"];
    process.env["TZ"] = "Pacific/Auckland";
    try {
      await renderPage(page);
      expect(own.reports.at(-1)).toEqual([0, "UTC", "1,234.5", "en-US", ["UTC", "1,234.5", "en-US"]]);
      const job = { timeZone: "America/New_York", locale: "de-DE" };
      for (const capture of ["screenshot", "html-in-canvas", "begin-frame"]) {
        await renderPage(page, { ...job, capture });
        const inPage = ["America/New_York", "1.234,5", "de-DE"];
        expect(own.reports.at(-1)).toEqual([19, ...inPage, inPage]);
      }
    } finally {
      if (host === undefined) delete process.env["TZ"];
      else process.env["TZ"] = host;
    }
  });
});

describe("the sandbox", () => {
  const off = /^it runs as root, for whom Chromium has none; render as another user to have it$/;

  test("is on, but for root, and the result says so", async () => {
    const { sandbox } = await renderPage(await folder.page(pageAfter("0")));
    expect(sandbox).toEqual(isRoot ? { enabled: false, reason: expect.stringMatching(off) } : { enabled: true, reason: null });
  });

  const nobody: readonly string[] = ["--reuid=65534", "--regid=65534", "--clear-groups"];
  const canNobody = (command: string, ...args: readonly string[]): boolean =>
    spawnSync("setpriv", [...nobody, command, ...args], { stdio: "ignore" }).status === 0;

  test.runIf(isRoot)("is on for another user, whose pages are confined by it", async ({ skip }) => {
    skip(!canNobody(process.execPath, "--eval", `fs.readFileSync(${JSON.stringify(caller)})`), "no other user may read this checkout");
    skip(!canNobody("unshare", "--user", "true"), "the system gives no other user a namespace of its own");
    await using place = await scratch();
    await chmod(place.folder, 0o777);
    const page: string = await place.page(`<!doctype html><body>${pageAfter("0")}`);
    const job: string = JSON.stringify({ jobs: [{ page, output: place.path("video.mp4"), ...size, frameRate: 20 }] } satisfies CallerTask);
    const child: ChildProcess = spawn("setpriv", [...nobody, process.execPath, "--import", "tsx", caller, job], {
      env: { ...process.env, HOME: place.folder, TMPDIR: place.folder },
      stdio: ["ignore", "pipe", "inherit"],
    });
    // A confined page's process has a number of its own in each namespace that it was put into (see proc(5)).
    const namespaces: number[] = [];
    const watch: ProcessWatch = watchProcesses((process) => {
      if (isRenderer(process)) namespaces.push(/^NSpid:(.*)$/m.exec(statusOf(process))?.[1]?.trim().split("\t").length ?? 0);
    });
    const [words] = await Promise.all([text(child.stdout!), once(child, "exit")]);
    watch.stop();
    expect(words).toBe("complete\ndone\n");
    expect(Math.max(...namespaces)).toBeGreaterThan(1);
    const browsers: readonly string[] = watch.seen().map(({ commandLine }) => commandLine);
    expect(browsers.filter((line) => line.includes("--remote-debugging-pipe"))).not.toEqual([]);
    expect(browsers.filter((line) => line.includes("--no-sandbox"))).toEqual([]);
  });

  test("is missed in a warning where the page is not the user's own local file", async () => {
    await using own = await serveLoopback({ "/page": html(pageAfter("0")) });
    const resolve = (capture: Capture): Capture => ({
      ...capture,
      traits: { ...capture.traits, browserFlags: [...capture.traits.browserFlags, "--host-resolver-rules=MAP far.test 127.0.0.1"] },
    });
    const captures: Capture[] = builtInParts().captures.map(resolve);
    const far = await renderPage(`http://far.test:${own.port}/page`, {}, { parts: { captures }, sandbox: false });
    expect(far.sandbox).toEqual({ enabled: false, reason: "it was switched off for this render" });
    const fromServer: string =
      "The page is not your own local file (it comes from a server, not from a file of yours), and the browser has no sandbox: it was switched off for this render";
    expect(far.warnings).toContainEqual(expect.stringContaining(fromServer));
    const near = await renderPage(`${localhost(own)}/page`, {}, { sandbox: false });
    expect(near.warnings).toContainEqual(expect.stringContaining(fromServer));
    const page: string = await folder.page(`<!doctype html><body>${pageAfter("0")}`, "own.html");
    expect((await renderPage(page, {}, { sandbox: false })).warnings).toEqual([]);
    await chmod(page, 0o666);
    expect((await renderPage(page, {}, { sandbox: false })).warnings).toEqual([
      expect.stringContaining("(other users may write to its file), and the browser has no sandbox"),
    ]);
  });

  test("that the system lets the browser not make is an error with a remedy", async () => {
    // What Chromium says on such a system, before it ends.
    const refusing: string = await folder.page(
      "#!/bin/sh\necho '[FATAL:zygote_host_impl_linux.cc(128)] No usable sandbox! If you are running on ...' >&2\nexit 133\n",
      "browser.sh",
    );
    await chmod(refusing, 0o755);
    await expect(renderPage(await folder.page(pageAfter("0")), {}, { browser: refusing })).rejects.toMatchObject({
      code: "browser-launch-failed",
      message: expect.stringMatching(/user namespaces are forbidden.*sysctl.*--no-sandbox/),
      details: { executable: refusing, lacks: "sandbox" },
    });
  });

  test("is found to be off where a script that starts the browser takes it away", async () => {
    const asked = { enabled: true, reason: null };
    await using started = startIdle(["--no-sandbox"]);
    expect(await sandboxOf(started.id, asked)).toEqual({ enabled: false, reason: expect.stringContaining("--no-sandbox") });
    await using other = startIdle(["--no-sandbox-here"]);
    expect(await sandboxOf(other.id, asked)).toEqual(asked);
  });
});

/** Empty where it has ended. */
function statusOf({ id }: ProcessFacts): string {
  return existsSync(`/proc/${id}`) ? readFileSync(`/proc/${id}/status`, "utf8") : "";
}

/** A process that does nothing, with these words in its command line. */
function startIdle(words: readonly string[]): AsyncDisposable & { readonly id: number } {
  const child: ChildProcess = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)", "--", ...words], { stdio: "ignore" });
  return {
    id: child.pid!,
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.kill();
      await ended;
    },
  };
}
