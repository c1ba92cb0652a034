import type { RenderListener } from "../core/events.ts";
import type { ParsedJob } from "../core/job.ts";
import type { RenderResult } from "../core/result.ts";
import { jsonView } from "./json-view.ts";
import { plainView } from "./plain-view.ts";
import { err } from "./print.ts";
import { terminalView } from "./terminal-view.ts";

/** How a render shows itself, from the first line to the last. */
export interface RenderView {
  begin(job: ParsedJob): void;
  readonly onEvent: RenderListener;
  /** Something that is worth knowing beside the events. */
  note(text: string): void;
  /** It was asked to stop, and cleans up. */
  stopping(text: string): void;
  succeeded(result: RenderResult): void;
  failed(thrown: unknown): void;
  /** Leaves the terminal as it was; also in the middle. May be called twice. */
  close(): void;
}

/** Lines of JSON where they are asked for; a bar where the line can be drawn again; plain lines elsewhere. */
export function chooseRenderView(json: boolean): RenderView {
  if (json) return jsonView();
  return err.isTerminal ? terminalView() : plainView();
}
