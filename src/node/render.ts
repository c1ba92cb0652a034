import { launchBrowser } from "../browser/launch.ts";
import { ringFile } from "../browser/transport/ring-file.ts";
import { webSocket } from "../browser/transport/websocket.ts";
import { htmlInCanvas } from "../capture/html-in-canvas.ts";
import { screenshot } from "../capture/screenshot.ts";
import type { RenderJob } from "../core/job.ts";
import type { RenderHost, RenderParts } from "../core/host.ts";
import { renderWith, type RenderOptions } from "../core/render.ts";
import type { RenderResult } from "../core/result.ts";
import { ffmpegPipe } from "../encoders/ffmpeg-pipe.ts";
import { webcodecs } from "../encoders/webcodecs.ts";
import { openFileSink } from "./file-sink.ts";
import { openPageAddress } from "./file-server.ts";

export interface NodeRenderOptions extends RenderOptions {
  /** Path of the browser; looked for unless said. */
  readonly browser?: string;
  /** Path of ffmpeg; looked for unless said. */
  readonly ffmpeg?: string;
  /** Folder that a local page may load files from; the page's own folder unless said. */
  readonly root?: string;
  /** Parts in place of the built-in ones. */
  readonly parts?: Partial<RenderParts>;
}

/**
 * Renders a web page into a video file under Node, Deno or Bun. The file appears under its name only when it is complete
 * and checked; a render that fails or is stopped leaves nothing.
 *
 * @example
 * ```ts
 * import { render } from "framewright/node";
 *
 * const result = await render({ page: "page.html", output: "video.mp4", frameRate: 30 });
 * console.log(`${result.facts.frameCount} frames by ${result.plan.capture} and ${result.plan.encoder}`);
 * ```
 *
 * @throws RenderError with one of the codes of `RenderErrorCode`
 */
export function render(job: RenderJob, options: NodeRenderOptions = {}): Promise<RenderResult> {
  return renderWith(job, { ...builtInParts(options), ...options.parts }, nodeHost(options), options);
}

/** The parts that work on this kind of runtime, best first. */
export function builtInParts(options: Pick<NodeRenderOptions, "ffmpeg"> = {}): RenderParts {
  return {
    captures: [htmlInCanvas({ transports: [ringFile(), webSocket()] }), screenshot()],
    reference: screenshot(),
    encoders: [ffmpegPipe(options.ffmpeg === undefined ? {} : { executablePath: options.ffmpeg }), webcodecs()],
  };
}

export function nodeHost(options: Pick<NodeRenderOptions, "browser" | "root"> = {}): RenderHost {
  return {
    openPage: (page) => openPageAddress(page, options.root === undefined ? {} : { root: options.root }),
    openSink: openFileSink,
    launchBrowser: ({ flags, origin, crossOrigin, signal }) =>
      launchBrowser({
        flags,
        signal,
        treatAsSecure: origin,
        allowCrossOrigin: crossOrigin === "paint",
        ...(options.browser === undefined ? {} : { executablePath: options.browser }),
      }),
  };
}
