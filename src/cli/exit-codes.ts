import type { RenderErrorCode } from "../core/errors.ts";

/** What the process ends with; the numbers are a promise to scripts. */
export const exitCodes: Readonly<Record<RenderErrorCode, number>> = {
  "browser-closed": 1,
  "browser-launch-failed": 1,
  "capture-distrusted": 1,
  "capture-failed": 1,
  "capture-stalled": 1,
  "disk-full": 1,
  "encoder-failed": 1,
  "encoder-not-started": 1,
  "encoder-stalled": 1,
  "frames-missing": 1,
  "injection-failed": 1,
  "output-busy": 1,
  "output-invalid": 1,
  "output-not-writable": 1,
  "render-process-lost": 1,
  "sound-failed": 1,
  "sound-unplanned": 1,

  "duration-invalid": 2,
  "frame-rate-invalid": 2,
  "job-invalid": 2,
  "size-invalid": 2,

  "browser-missing": 3,
  "ffmpeg-missing": 3,
  "plan-impossible": 3,

  "duration-missing": 4,
  "limit-exceeded": 4,
  "media-unreadable": 4,
  "page-failed": 4,
  "page-navigated": 4,
  "page-not-found": 4,
  "page-not-ready": 4,
  "page-unreachable": 4,
  "seek-failed": 4,
  "warning-raised": 4,

  aborted: 130,
};

export const EXIT_DONE = 0;
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;
export const EXIT_LACKING = 3;

/** For --help. */
export const exitCodesHelp = `
Exit codes:
  0    done
  1    the render failed
  2    bad usage, or a job that cannot be read
  3    something is missing on this machine: see framewright doctor
  4    the page is at fault: it is not there, not ready, throws, tells no duration, exceeds a limit, or warns while --strict is given
  130  stopped by Ctrl-C (143 by SIGTERM, 129 by SIGHUP, 141 where nobody reads the output)`;
