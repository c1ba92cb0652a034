import type { ErrorDetails, RenderErrorCode } from "../../core/errors.ts";
import type { RenderEvent } from "../../core/events.ts";
import type { RenderJob } from "../../core/job.ts";
import type { RenderResult } from "../../core/result.ts";
import type { Span } from "../../core/timeline.ts";

/** The options that a render process needs. JSON. */
export interface RenderTaskOptions {
  readonly browser?: string;
  readonly ffmpeg?: string;
  readonly sandbox?: boolean;
  readonly root?: string;
}

/** The first line that a render process reads. Its second line is `PUBLISH`; the end of its input stops the render. */
export interface RenderTask {
  readonly job: RenderJob;
  readonly options: RenderTaskOptions;
  /** Folders for everything temporary. Both processes remove them, so that neither depends on the other. */
  readonly folders: RenderFolders;
  /** Memory to plan with, in bytes. */
  readonly memoryBytes: number;
  readonly reportsEvents: boolean;
  readonly reportsSpans: boolean;
}

export interface RenderFolders {
  /** Parent of the profiles of browsers: in memory where the host has room. */
  readonly profiles: string;
  /** Value of `TMPDIR`. */
  readonly temporary: string;
}

/** The parent's permission to give the output its name. */
export const PUBLISH = "publish";

/** One line that a render process writes. The parent trusts none of them: see `parseMessage`. */
export type RenderMessage =
  /** Sent every `ALIVE_EVERY_MS`. */
  | { readonly type: "alive" }
  | { readonly type: "event"; readonly event: RenderEvent }
  | { readonly type: "span"; readonly span: Span }
  /** The output is complete and checked, and waits for `PUBLISH`. */
  | { readonly type: "checked" }
  | { readonly type: "result"; readonly result: RenderResult }
  | { readonly type: "error"; readonly code: RenderErrorCode; readonly message: string; readonly details: ErrorDetails }
  /** The render threw something that is not a `RenderError`. */
  | { readonly type: "fault"; readonly message: string };

export const ALIVE_EVERY_MS = 1_000;

/** Longest line that a render process may write, in bytes. */
export const LONGEST_MESSAGE_BYTES: number = 16 * 1024 * 1024;

/** Environment variable that marks every process of an isolated render: browsers and ffmpeg inherit it. */
export const MARK = "FRAMEWRIGHT_RENDER_PROCESS";
