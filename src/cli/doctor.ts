import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify, stripVTControlCharacters } from "node:util";
import packageFacts from "../../package.json" with { type: "json" };
import { findBrowser, type BrowserInstall } from "../browser/find.ts";
import type { Browser } from "../core/browser.ts";
import type { EncodeRequest, Encoder } from "../core/encoder.ts";
import { isRenderError, messageOf } from "../core/errors.ts";
import { parseFrameRate } from "../core/frame-rate.ts";
import { Browsers } from "../core/pipeline/browsers.ts";
import { named } from "../core/pipeline/candidate.ts";
import { within } from "../core/pipeline/watchdog.ts";
import type { Container, VideoCodec } from "../core/formats.ts";
import type { RenderHost, RenderParts } from "../core/host.ts";
import type { RenderResult } from "../core/result.ts";
import type { Support } from "../core/support.ts";
import { findFfmpeg, type FfmpegInstall } from "../ffmpeg/find.ts";
import { builtInParts, nodeHost, render } from "../node/render.ts";
import { atExit } from "../process/at-exit.ts";
import { makeTemporaryFolder, removeTemporaryFolder, removeTemporaryFolderNow } from "../process/temporary-folder.ts";
import { describeMachine } from "./doctor-machine.ts";
import { DOCTOR_FRAME_RATE, DOCTOR_SIZE, doctorPage } from "./doctor-page.ts";
import type { BrowserFinding, DoctorReport, FfmpegFinding, Lack, PartFinding, TrialFinding } from "./doctor-report.ts";
import { mendsFor, type Mends } from "./mends.ts";

export interface ExamineOptions {
  readonly browser?: string;
  readonly ffmpeg?: string;
  readonly signal: AbortSignal;
  onStep(step: string): void;
}

/** Longest time in milliseconds for one try: a machine that hangs is a finding, too. */
const TRY_LIMIT_MS = 60_000;
const NO_BROWSER: Lack = { ok: false, reason: "not tried, for it needs a browser", mend: null };

/** Tries the browser, ffmpeg, every capture, every encoder, and then a video with each pair. Lacks are findings, not errors. */
export async function examine(options: ExamineOptions): Promise<DoctorReport> {
  const folder: string = await makeTemporaryFolder(tmpdir(), "doctor");
  const forget: () => void = atExit(() => removeTemporaryFolderNow(folder));
  try {
    await writeFile(join(folder, "page.html"), doctorPage);
    return await examineIn(folder, options);
  } finally {
    await removeTemporaryFolder(folder);
    forget();
  }
}

async function examineIn(folder: string, options: ExamineOptions): Promise<DoctorReport> {
  const mends: Mends = mendsFor();
  const parts: RenderParts = builtInParts(options);
  options.onStep("Looking for ffmpeg");
  const ffmpeg = await examineFfmpeg(options.ffmpeg, mends);
  options.onStep("Starting the browser");
  const { browser, captures, encoders } = await examineBrowser(join(folder, "page.html"), parts, options, mends);
  const renders: TrialFinding[] = [];
  for (const [capture, encoder] of pairsToTry(captures, encoders)) {
    if (options.signal.aborted) break;
    options.onStep(`Making a video with ${capture} and ${encoder}`);
    renders.push(await tryRender(folder, capture, named(parts.encoders, encoder), options));
  }
  return {
    works: renders.some(({ ok }) => ok),
    framewright: packageFacts.version,
    machine: describeMachine(),
    browser,
    ffmpeg,
    captures: captures.map((part) =>
      judged(
        part,
        renders.filter(({ capture }) => capture === part.name),
        mends.newerBrowser,
      ),
    ),
    encoders: encoders.map((part) =>
      judged(
        part,
        renders.filter(({ encoder }) => encoder === part.name),
        mendOf(parts, part.name, mends),
      ),
    ),
    renders,
  };
}

/** Every capture that works with the first encoder that does, and every other encoder with the first capture. */
function pairsToTry(captures: readonly PartFinding[], encoders: readonly PartFinding[]): (readonly [capture: string, encoder: string])[] {
  const [ofCaptures, ofEncoders] = [captures, encoders].map((parts) => parts.filter(({ ok }) => ok).map(({ name }) => name)) as [
    string[],
    string[],
  ];
  const [capture, encoder] = [ofCaptures[0], ofEncoders[0]];
  if (capture === undefined || encoder === undefined) return [];
  return [...ofCaptures.map((name) => [name, encoder] as const), ...ofEncoders.slice(1).map((name) => [capture, name] as const)];
}

/** A part that promised to work and then made no video does not. */
function judged(part: PartFinding, renders: readonly TrialFinding[], mend: string): PartFinding {
  const failed: TrialFinding | undefined = renders.find(({ ok }) => !ok);
  if (!part.ok || failed?.ok !== false || renders.some(({ ok }) => ok)) return part;
  return { name: part.name, ok: false, reason: failed.reason, mend };
}

function mendOf(parts: RenderParts, encoder: string, mends: Mends): string {
  return parts.encoders.find(({ name }) => name === encoder)?.traits.runsIn === "process" ? mends.ffmpeg : mends.newerBrowser;
}

async function examineFfmpeg(asked: string | undefined, mends: Mends): Promise<FfmpegFinding | Lack> {
  const lack = (reason: string): Lack => ({ ok: false, reason, mend: mends.ffmpeg });
  try {
    const install: FfmpegInstall = await findFfmpeg(asked);
    const { stdout } = await promisify(execFile)(install.executablePath, ["-hide_banner", "-encoders"]);
    if (!/\blibx264\b/.test(stdout)) return lack(`"${install.executablePath}" ${install.version} has no libx264`);
    return { ok: true, ...install };
  } catch (thrown) {
    return lack(shortReason(thrown));
  }
}

interface BrowserExamination {
  readonly browser: BrowserFinding | Lack;
  readonly captures: readonly PartFinding[];
  readonly encoders: readonly PartFinding[];
}

async function examineBrowser(page: string, parts: RenderParts, options: ExamineOptions, mends: Mends): Promise<BrowserExamination> {
  const host: RenderHost = nodeHost(options);
  try {
    const { executablePath, foundIn }: BrowserInstall = await findBrowser(options.browser);
    await using address = await host.openPage(page, "all");
    const origin: string = new URL(address.url).origin;
    const settings = { origin, crossOrigin: "omit", network: "all", timeZone: "UTC", locale: "en-US", signal: options.signal } as const;
    await using browsers = new Browsers(parts.captures, (flags) => host.launchBrowser({ ...settings, flags, warn: () => {} }));
    const browser: Browser = await browsers.shared();
    const captures: PartFinding[] = [];
    for (const capture of parts.captures) {
      options.onStep(`Trying the capture ${capture.name}`);
      const support = browsers.of(capture).then((own) => capture.probe({ browser: own, origin, signal: options.signal }));
      captures.push(await finding(capture.name, support, mends.newerBrowser));
    }
    const encoders: PartFinding[] = [];
    for (const encoder of parts.encoders) {
      options.onStep(`Trying the encoder ${encoder.name}`);
      encoders.push(await finding(encoder.name, probeEncoder(encoder, browser, options.signal), mendOf(parts, encoder.name, mends)));
    }
    return { browser: { ok: true, executablePath, foundIn, product: browser.product, sandbox: browser.sandbox }, captures, encoders };
  } catch (thrown) {
    return {
      browser: { ok: false, reason: shortReason(thrown), mend: lacksSandbox(thrown) ? mends.sandbox : mends.browser },
      captures: parts.captures.map(({ name }) => ({ name, ...NO_BROWSER })),
      encoders: parts.encoders.map(({ name }) => ({ name, ...NO_BROWSER })),
    };
  }
}

function lacksSandbox(thrown: unknown): boolean {
  return isRenderError(thrown) && thrown.details["lacks"] === "sandbox";
}

function probeEncoder(encoder: Encoder, browser: Browser, signal: AbortSignal): Promise<Support> {
  const { container, codec } = firstFormat(encoder);
  const video = { size: DOCTOR_SIZE, frameRate: parseFrameRate(DOCTOR_FRAME_RATE), frameCount: null } as const;
  const request: EncodeRequest = {
    ...{ ...video, frameFormat: encoder.traits.accepts[0]!, container, codec, alpha: false, quality: { level: "standard" } },
    ...{ timing: "constant", hardware: null, loop: 0, audio: null },
  };
  return encoder.probe(request, { browser, signal });
}

/** What an encoder names first. */
function firstFormat({ traits }: Encoder): { readonly container: Container; readonly codec: VideoCodec } {
  const [container, held] = Object.entries(traits.writes)[0] as [Container, readonly VideoCodec[]];
  return { container, codec: held[0]! };
}

async function finding(name: string, probe: Promise<Support>, mend: string): Promise<PartFinding> {
  try {
    const support: Support = await within(TRY_LIMIT_MS, probe, () => new Error(`it gave no answer within ${TRY_LIMIT_MS / 1000} s`));
    if (support.ok) return { name, ok: true, details: support.details ?? {} };
    return { name, ok: false, reason: support.error ? shortReason(support.error) : shortReason(support.reasons.join("; ")), mend };
  } catch (thrown) {
    return { name, ok: false, reason: shortReason(thrown), mend };
  }
}

async function tryRender(folder: string, capture: string, part: Encoder, options: ExamineOptions): Promise<TrialFinding> {
  const { name: encoder } = part;
  const { container, codec } = firstFormat(part);
  const output: string = join(folder, `${capture}-${encoder}`);
  const startedAt: number = performance.now();
  try {
    const result: RenderResult = await render(
      { page: join(folder, "page.html"), output, ...DOCTOR_SIZE, frameRate: DOCTOR_FRAME_RATE, capture, encoder, format: container, codec },
      { ...options, signal: AbortSignal.any([options.signal, AbortSignal.timeout(TRY_LIMIT_MS)]) },
    );
    return { capture, encoder, ok: true, ms: Math.round(performance.now() - startedAt), transport: result.transport };
  } catch (thrown) {
    return { capture, encoder, ok: false, reason: shortReason(thrown) };
  }
}

/** The report says how to mend what is missing: the error's own advice would say it twice. */
function shortReason(thrown: unknown): string {
  const [firstLine] = stripVTControlCharacters(messageOf(thrown)).split("\n", 1);
  const reason: string = firstLine!.replace(/\. Run `framewright doctor`.*$/, "").replace(/: install a full build[^;]*/g, "");
  if (!isRenderError(thrown)) return reason;
  const { asked, lookedIn } = thrown.details as { asked?: string | null; lookedIn?: readonly string[] };
  if (typeof asked === "string")
    return `there is none at "${asked}", named by ${lookedIn?.join(", ")}: leave that out to have one looked for`;
  return lookedIn ? `none was found (looked in: ${lookedIn.join(", ")})` : reason;
}
