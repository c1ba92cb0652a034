import type { Box } from "./blocks.ts";

/** Every way in which a render ends without a file. The set is closed; a program switches on it, never on a message. */
export const renderErrorCodes = [
  "aborted",
  "browser-closed",
  "browser-launch-failed",
  "browser-missing",
  "capture-distrusted",
  "capture-failed",
  "capture-stalled",
  "disk-full",
  "duration-invalid",
  "duration-missing",
  "encoder-failed",
  "encoder-not-started",
  "encoder-stalled",
  "ffmpeg-missing",
  "frame-rate-invalid",
  "frames-missing",
  "injection-failed",
  "job-invalid",
  "limit-exceeded",
  "media-unreadable",
  "output-busy",
  "output-invalid",
  "output-not-writable",
  "page-failed",
  "page-navigated",
  "page-not-found",
  "page-not-ready",
  "page-unreachable",
  "plan-impossible",
  "render-process-lost",
  "seek-failed",
  "size-invalid",
  "sound-failed",
  "sound-unplanned",
  "warning-raised",
] as const;

export type RenderErrorCode = (typeof renderErrorCodes)[number];

/** JSON that goes with an error: the values that its message names. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/** The one error class. `code` says what happened, `details` holds the values, `cause` what was underneath. */
export class RenderError extends Error {
  override readonly name: string = "RenderError";
  /** Recognises our errors across two copies of the package and across workers. */
  readonly "~renderError": true = true;
  readonly code: RenderErrorCode;
  readonly details: ErrorDetails;

  constructor(code: RenderErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
  }

  toJSON(): { code: RenderErrorCode; message: string; details: ErrorDetails } {
    return { code: this.code, message: this.message, details: this.details };
  }
}

export function isRenderError(value: unknown): value is RenderError {
  return typeof value === "object" && value !== null && "~renderError" in value;
}

/** The words of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? thrown.message : String(thrown);
  } catch {
    // Pages throw whatever they like: an object without a prototype has no text.
    return `${typeof thrown} without a text`;
  }
}

function quoted(value: unknown): string {
  return typeof value === "string" ? `"${value}"` : String(typeof value === "object" ? JSON.stringify(value) : value);
}

export function aborted(reason: unknown): RenderError {
  return new RenderError("aborted", `The render was stopped: ${messageOf(reason)}`, {}, reason);
}

export function browserClosed(what: string, cause?: unknown): RenderError {
  return new RenderError(
    "browser-closed",
    `The browser went away while it was needed: ${what}. It may have been killed or run out of memory; render again, or try a smaller size`,
    { what },
    cause,
  );
}

export function browserLaunchFailed(executable: string, why: string, cause?: unknown): RenderError {
  return new RenderError(
    "browser-launch-failed",
    `Starting the browser "${executable}" failed: ${why}. Run \`framewright doctor\` to see what is missing`,
    { executable, why },
    cause,
  );
}

export function browserSandboxMissing(executable: string, cause?: unknown): RenderError {
  return new RenderError(
    "browser-launch-failed",
    `Starting the browser "${executable}" failed: this system lets it make no sandbox, for user namespaces are forbidden. Allow them (\`sysctl -w user.max_user_namespaces=10000\`; on Ubuntu \`sysctl -w kernel.apparmor_restrict_unprivileged_userns=0\`; in Docker \`--security-opt seccomp=unconfined\` or a profile that permits them), or render pages that you trust without a sandbox, with --no-sandbox`,
    { executable, lacks: "sandbox" },
    cause,
  );
}

export function browserMissing(lookedIn: readonly string[], asked: string | null): RenderError {
  const what: string = asked === null ? "No browser was found" : `There is no browser at "${asked}"`;
  return new RenderError(
    "browser-missing",
    `${what} (looked in: ${lookedIn.join(", ")}). Install one with \`npm install @sparticuz/chromium\` or \`npx playwright install chromium-headless-shell\`, or name one in FRAMEWRIGHT_BROWSER`,
    { lookedIn, asked },
  );
}

export function captureDistrusted(
  capture: string,
  reason: string,
  evidence: { index?: number; largest?: number; box?: Box | null } = {},
): RenderError {
  return new RenderError(
    "capture-distrusted",
    `The capture "${capture}" cannot be trusted with this page: ${reason}. Choose another with --capture screenshot, or leave the choice to the policy`,
    { capture, reason, ...evidence },
  );
}

export function captureFailed(capture: string, index: number, cause: unknown): RenderError {
  return new RenderError(
    "capture-failed",
    `Capturing frame ${index} with "${capture}" failed: ${messageOf(cause)}. Try another capture with --capture`,
    { capture, index },
    cause,
  );
}

export function captureStalled(index: number, limitMs: number): RenderError {
  return new RenderError(
    "capture-stalled",
    `The page gave no frame ${index} within ${limitMs} ms. A seek may never return; raise captureTimeoutMs if the page is only slow`,
    { index, limitMs },
  );
}

export function listeningStalled(limitMs: number): RenderError {
  return new RenderError(
    "capture-stalled",
    `The page made no progress for ${limitMs} ms while its sound was analysed. A seek may never return; raise captureTimeoutMs if the page is only slow, or render the pictures alone with --no-sound`,
    { limitMs },
  );
}

/** @param index the frame that the reference did not show */
export function referenceStalled(index: number, limitMs: number): RenderError {
  return new RenderError(
    "capture-stalled",
    `The reference page gave no frame ${index} within ${limitMs} ms. A seek may never return; raise captureTimeoutMs if the page is only slow`,
    { index, limitMs },
  );
}

export function diskFull(output: string, freeBytes: number | null, cause?: unknown): RenderError {
  return new RenderError(
    "disk-full",
    `The disk of "${output}" is full (${freeBytes ?? "unknown"} bytes are free). Free some space, or write the output elsewhere`,
    { output, freeBytes },
    cause,
  );
}

export function durationInvalid(value: unknown, from: "job" | "page"): RenderError {
  const whose: string = from === "job" ? "asked for" : "that the page offers";
  return new RenderError(
    "duration-invalid",
    `The duration ${whose} is ${quoted(value)}; it must be a finite number of seconds above 0. Give one with --duration`,
    { value: String(value), from },
  );
}

export function durationMissing(url: string): RenderError {
  return new RenderError(
    "duration-missing",
    `Neither the job nor the page "${url}" says how long the video is. Give --duration, or set window.framewright.duration in seconds`,
    { url },
  );
}

/** Frames on disk that will not fit: said after the first few, not when the disk is full. */
export function diskTooSmall(output: string, neededBytes: number, freeBytes: number, frameCount: number): RenderError {
  return new RenderError(
    "disk-full",
    `The disk of "${output}" is too small for the frames: all ${frameCount} need about ${neededBytes} more bytes, and ${freeBytes} bytes are free. Free some space, write the output elsewhere, or use an encoder that streams, such as --encoder ffmpeg-pipe`,
    { output, neededBytes, freeBytes, frameCount },
  );
}

export function encoderFailed(encoder: string, what: string, details: ErrorDetails = {}, cause?: unknown): RenderError {
  return new RenderError(
    "encoder-failed",
    `The encoder "${encoder}" failed: ${what}. Render again, or try another with --encoder`,
    { encoder, ...details },
    cause,
  );
}

export function encoderNotStarted(encoder: string, why: string, cause?: unknown): RenderError {
  return new RenderError(
    "encoder-not-started",
    `The encoder "${encoder}" could not be started: ${why}. Run \`framewright doctor\` to see what is missing, or try another with --encoder`,
    { encoder },
    cause,
  );
}

export function encoderStalled(encoder: string, phase: "write" | "finish", limitMs: number): RenderError {
  return new RenderError(
    "encoder-stalled",
    `The encoder "${encoder}" took nothing for ${limitMs} ms during ${phase}, and was ended. Raise streaming.inactivityTimeoutMs if the machine is only slow`,
    { encoder, phase, limitMs },
  );
}

export function ffmpegMissing(lookedIn: readonly string[]): RenderError {
  return new RenderError(
    "ffmpeg-missing",
    `No ffmpeg was found (looked in: ${lookedIn.join(", ")}). Install it (on Debian: apt-get install ffmpeg; anywhere: npm install ffmpeg-static), name it in FFMPEG_PATH, or use --encoder webcodecs, which needs none`,
    { lookedIn },
  );
}

export function fileUrlGiven(page: string): RenderError {
  const path: string = URL.canParse(page) ? decodeURIComponent(new URL(page).pathname) : "page.html";
  return new RenderError("page-not-found", `The page "${page}" is a file:// URL, which is not opened. Give the path instead: ${path}`, {
    page,
    path,
  });
}

export function frameRateInvalid(value: unknown): RenderError {
  return new RenderError(
    "frame-rate-invalid",
    `The frame rate ${quoted(value)} is invalid. Give a number from 0.001 to 1000, such as 30 or 29.97, or a fraction such as "30000/1001"`,
    { value: typeof value === "object" ? value : String(value) },
  );
}

export function frameRateTooHigh(container: string, rate: string, highest: number): RenderError {
  return new RenderError(
    "frame-rate-invalid",
    `The frame rate ${rate} is above what ${container} can hold, which is ${highest}. Give frameRate: ${highest / 2}, or take another format`,
    {
      value: rate,
      container,
      highest,
    },
  );
}

/** @param missing numbers of the frames that are not whole on disk, in order */
export function framesMissing(output: string, missing: readonly number[], frameCount: number): RenderError {
  const shown: string = `${missing.slice(0, 10).join(", ")}${missing.length > 10 ? ` and ${missing.length - 10} more` : ""}`;
  return new RenderError(
    "frames-missing",
    `Of the ${frameCount} frames of "${output}" that were written to disk, ${missing.length} are missing or cut off: ${shown}. Nothing else may write beside the output while it is rendered; render again`,
    { output, missing, frameCount },
  );
}

export function injectionFailed(injector: string, source: string, why: string, cause?: unknown): RenderError {
  return new RenderError(
    "injection-failed",
    `Putting the pictures of "${source}" into the page by ${injector} failed: ${why}. Another injector may do it: --injector`,
    { injector, source, why },
    cause,
  );
}

export function mediaUnreadable(source: string, why: string, cause?: unknown): RenderError {
  return new RenderError(
    "media-unreadable",
    `The media file "${source}" cannot be played: ${why}. Mend the file or its address, or take it out of the page`,
    { source, why },
    cause,
  );
}

/** @param source the file that it happened with; null where it was none of them */
export function soundFailed(mixer: string, source: string | null, why: string, cause?: unknown): RenderError {
  return new RenderError(
    "sound-failed",
    `Mixing the sound by ${mixer} failed${source === null ? "" : ` at "${source}"`}: ${why}. --no-sound renders the pictures alone`,
    { mixer, source, why },
    cause,
  );
}

export function soundUnplanned(what: string): RenderError {
  return new RenderError(
    "sound-unplanned",
    `The page was heard in the middle, though it had said nothing of it before: ${what}. It is heard from its beginning again`,
    { what },
  );
}

export function jobInvalid(issues: readonly string[]): RenderError {
  return new RenderError("job-invalid", `The job cannot be read: ${issues.join("; ")}`, { issues });
}

/**
 * @param limit the field of the job's `limits`
 * @param what what exceeded it, with its value, such as "The video has 12,000,000 frames"
 */
export function limitExceeded(limit: "maxFrames" | "maxSeconds" | "mediaBytes", what: string, allowed: number): RenderError {
  return new RenderError("limit-exceeded", `${what}; limits.${limit} allows ${allowed}. Raise limits.${limit} if you trust the page`, {
    limit,
    allowed,
  });
}

/** What pages wrote into the profile of their browser: databases, files, caches. */
export function pageStorageExceeded(bytes: number, allowed: number): RenderError {
  return new RenderError(
    "limit-exceeded",
    `The page stored ${bytes} bytes in its browser's profile; ${allowed} bytes are allowed. Store less: files, databases and caches of a page are gone after the render`,
    { limit: "page storage", bytes, allowed },
  );
}

/** @param owner process id and host of whoever writes there */
export function outputBusy(output: string, owner: string, lockPath: string): RenderError {
  return new RenderError(
    "output-busy",
    `The output "${output}" is being written by another render (${owner}). Wait for it, or write elsewhere; if that process is gone, remove "${lockPath}"`,
    { output, owner, lockPath },
  );
}

export function outputInvalid(output: string, faults: readonly string[]): RenderError {
  return new RenderError(
    "output-invalid",
    `The finished file falls short and was not kept as "${output}": ${faults.join("; ")}. Render again; if it stays, try another --encoder and report it`,
    { output, faults },
  );
}

/** @param cause what was thrown, or what is wrong, in words */
export function outputNotWritable(
  output: string,
  cause: unknown,
  advice = "Check that its folder exists and that you may write there",
): RenderError {
  return new RenderError(
    "output-not-writable",
    `The output "${output}" cannot be written: ${messageOf(cause)}. ${advice}`,
    { output },
    cause,
  );
}

export function pageFailed(url: string, exceptions: readonly string[]): RenderError {
  return new RenderError(
    "page-failed",
    `The page "${url}" threw while loading and cannot be rendered: ${exceptions.join("; ")}. Open it in a browser and mend the script`,
    { url, exceptions },
  );
}

/** @param fault a sentence that says what is wrong and what to do */
export function pageFaulty(url: string, fault: string): RenderError {
  return new RenderError("page-failed", `The page "${url.slice(0, 200)}" cannot be rendered: ${fault}`, { url, fault });
}

/**
 * A page sent what no page of ours sends: it replaced a function of ours, or called one by itself.
 *
 * @param message what came, such as "a frame notice"
 */
export function pageMessageInvalid(message: string, why: string): RenderError {
  return new RenderError(
    "page-failed",
    `The page sent an invalid message to the renderer: ${message}: ${why}. A page must not call or replace functions whose names begin with __framewright; take that out of the page`,
    { invalidMessage: message, why },
  );
}

/** @param what the value that is wrong, and what it must be */
export function pageSoundInvalid(what: string): RenderError {
  return new RenderError("page-failed", `The page reported sound that cannot be mixed: ${what}. --no-sound renders the pictures alone`, {
    what,
  });
}

export function pageNavigated(url: string, index: number): RenderError {
  return new RenderError(
    "page-navigated",
    `The page went to "${url}" in the middle of the render, at frame ${index}. Keep it on one page: no links are followed, no forms sent, and location is not set`,
    { url, index },
  );
}

export function pageOutsideRoot(page: string, root: string): RenderError {
  return new RenderError(
    "page-not-found",
    `The page "${page}" lies outside the root "${root}" that was given. Give a root that contains it, with --root`,
    {
      page,
      root,
    },
  );
}

export function pageNotFound(page: string, cause?: unknown): RenderError {
  return new RenderError(
    "page-not-found",
    `There is no page at "${page}". Give the path of an HTML file, or a URL that starts with http:// or https://`,
    { page },
    cause,
  );
}

export function pageNotReady(url: string, waitedFor: string, limitMs: number): RenderError {
  return new RenderError(
    "page-not-ready",
    `The page "${url}" was not ready within ${limitMs} ms; waited for: ${waitedFor}. Mend the page, or raise readinessTimeoutMs if it is only slow`,
    { url, waitedFor, limitMs },
  );
}

export function pageUnreachable(url: string, why: string): RenderError {
  return new RenderError("page-unreachable", `The page "${url}" cannot be loaded: ${why}. Check the address and that its server answers`, {
    url,
    why,
  });
}

export function planImpossible(
  lacking: "capture" | "encoder" | "injector" | "mixer",
  rejected: readonly { part: string; reasons: readonly string[] }[],
): RenderError {
  const list: string = rejected.map((one) => `${one.part} (${one.reasons.join(", ")})`).join("; ");
  return new RenderError(
    "plan-impossible",
    `No ${lacking} can do this job: ${list === "" ? "none was given" : list}. Run \`framewright doctor\` to see what works here`,
    { lacking, rejected },
  );
}

/**
 * The process of a render with `isolation: "process"` gave no result.
 *
 * @param why what happened and what to do next
 * @param details what ended it: `reason` is "ended", "fault", "memory", "message", "not-started" or "silent"
 */
export function renderProcessLost(why: string, details: ErrorDetails): RenderError {
  return new RenderError("render-process-lost", `The process of the render was lost: ${why}`, details);
}

export function seekFailed(index: number, timeSeconds: number, thrown: unknown): RenderError {
  return new RenderError(
    "seek-failed",
    `The page's seek(${timeSeconds}) for frame ${index} threw: ${messageOf(thrown)}. Mend the page's seek`,
    { index, timeSeconds, thrown: messageOf(thrown) },
    thrown,
  );
}

export function sizeInvalid(width: number, height: number, why: string): RenderError {
  return new RenderError("size-invalid", `The size ${width}×${height} cannot be rendered: ${why}`, { width, height });
}

export function warningRaised(reason: string): RenderError {
  return new RenderError(
    "warning-raised",
    `A strict render ends at the first warning: ${reason}. Mend what it says, or render without --strict`,
    { reason },
  );
}
