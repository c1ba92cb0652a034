import { launchBrowser } from "../browser/launch.ts";
import { ringFile } from "../browser/transport/ring-file.ts";
import { webSocket } from "../browser/transport/websocket.ts";
import { beginFrame } from "../capture/begin-frame.ts";
import { canvas } from "../capture/canvas.ts";
import { htmlInCanvas } from "../capture/html-in-canvas.ts";
import { screenshot } from "../capture/screenshot.ts";
import { jobInvalid } from "../core/errors.ts";
import { formats } from "../core/formats.ts";
import type { RenderJob } from "../core/job.ts";
import type { RenderHost, RenderParts } from "../core/host.ts";
import { planWith, renderWith, type PlannedRender, type RenderOptions } from "../core/render.ts";
import type { RenderResult } from "../core/result.ts";
import type { PixelTransport } from "../core/transport.ts";
import { ffmpegDisk } from "../encoders/ffmpeg-disk.ts";
import { ffmpegPipe } from "../encoders/ffmpeg-pipe.ts";
import { pngSequence } from "../encoders/png-sequence.ts";
import { webcodecs } from "../encoders/webcodecs.ts";
import { linkMedia } from "../browser/media-link.ts";
import { ffmpegMix } from "../audio/ffmpeg-mix.ts";
import { offlineMix } from "../audio/offline-mix.ts";
import { base64 as base64Injector } from "../injectors/base64.ts";
import { url as urlInjector } from "../injectors/url.ts";
import { webcodecs as webcodecsInjector } from "../injectors/webcodecs.ts";
import { underEnvironment } from "./environment.ts";
import { openFileSink } from "./file-sink.ts";
import { openFolderSink } from "./folder-sink.ts";
import { hostFacts } from "./host-facts.ts";
import { measuredHere } from "./measured-here.ts";
import { openPageAddress } from "./file-server.ts";
import { openMediaFiles } from "./media-files.ts";
import { openPictureServer } from "./picture-server.ts";
import { renderIsolated } from "./isolation/render-isolated.ts";

export interface NodeRenderOptions extends RenderOptions {
  /** Path of the browser; looked for unless said. */
  readonly browser?: string;
  /** Path of ffmpeg; looked for unless said. */
  readonly ffmpeg?: string;
  /** False runs the browser without its sandbox, for pages that you trust on systems that let it make none. */
  readonly sandbox?: boolean;
  /** Folder that a local page may load files from; the page's own folder unless said. */
  readonly root?: string;
  /** Parts in place of the built-in ones. Not with `isolation`: functions cannot cross to another process. */
  readonly parts?: Partial<RenderParts>;
  /** `process`: the render runs in a process of its own, so that no failure of it reaches this one. @default this process */
  readonly isolation?: "process";
  /**
   * With `isolation`: memory that all processes of the render may take together, in bytes; they are killed when they exceed it.
   * Measured on Linux; elsewhere it limits the JavaScript heap of the render's process alone. @default half of what the host has
   */
  readonly memoryBytes?: number;
}

/** Options of `planRender`. */
export type NodePlanOptions = Omit<NodeRenderOptions, "isolation" | "memoryBytes">;

/** What a host needs. */
export interface NodeHostOptions extends Pick<NodeRenderOptions, "browser" | "root" | "sandbox"> {
  /** Folder of the caller for the profiles of browsers. @default a folder of this process for each */
  readonly profileParent?: string;
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
export async function render(job: RenderJob, options: NodeRenderOptions = {}): Promise<RenderResult> {
  refuseContradictions(options);
  if (options.isolation === "process") return renderIsolated(underEnvironment(job), options, nodeHost(options));
  return renderWith(underEnvironment(job), { ...builtInParts(options), ...options.parts }, nodeHost(options), options);
}

/**
 * Tells how `render` would do a job, and why: opens the page, tries the parts, and writes nothing.
 *
 * @throws RenderError as `render` does before the first frame
 */
export async function planRender(job: RenderJob, options: NodePlanOptions = {}): Promise<PlannedRender> {
  // Types do not stop callers in JavaScript, who would believe the page isolated.
  if ("isolation" in options) throw jobInvalid(["isolation is no option of planRender, which opens the page in this process"]);
  return planWith(underEnvironment(job), { ...builtInParts(options), ...options.parts }, nodeHost(options), options);
}

/** The parts that work on this kind of runtime, best first. */
export function builtInParts(options: Pick<NodeRenderOptions, "ffmpeg"> = {}): RenderParts {
  const transports: readonly PixelTransport[] = [ringFile(), webSocket()];
  const ffmpeg = options.ffmpeg === undefined ? {} : { executablePath: options.ffmpeg };
  return {
    captures: [canvas({ transports }), htmlInCanvas({ transports }), beginFrame(), screenshot()],
    reference: screenshot(),
    encoders: [ffmpegPipe(ffmpeg), ffmpegDisk(ffmpeg), pngSequence(ffmpeg), webcodecs()],
    injectors: [webcodecsInjector(), base64Injector(ffmpeg), urlInjector({ openServer: openPictureServer, ...ffmpeg })],
    mixers: [ffmpegMix(ffmpeg), offlineMix()],
  };
}

/** @throws RenderError `job-invalid` */
function refuseContradictions({ isolation, memoryBytes, parts }: NodeRenderOptions): void {
  const faults: string[] = [];
  if (isolation !== undefined && isolation !== "process") faults.push(`isolation is ${JSON.stringify(isolation)}: must be "process"`);
  if (isolation !== undefined && parts !== undefined)
    faults.push('parts cannot be given with isolation: "process", for functions cannot cross to another process; leave one of them out');
  if (isolation === undefined && memoryBytes !== undefined) faults.push('memoryBytes needs isolation: "process"');
  if (faults.length > 0) throw jobInvalid(faults);
}

export function nodeHost(options: NodeHostOptions = {}): RenderHost {
  return {
    openPage: (page, network, signal) =>
      openPageAddress(page, {
        network,
        ...(signal === undefined ? {} : { signal }),
        ...(options.root === undefined ? {} : { root: options.root }),
      }),
    openSink: (output, container) => {
      const { kind, extension } = formats[container];
      return kind === "sequence" ? openFolderSink(output, { extension }) : openFileSink(output, { soundBeside: kind === "animation" });
    },
    media: { openFiles: async (address, settings) => openMediaFiles(address, settings), link: linkMedia },
    facts: hostFacts,
    costs: measuredHere,
    launchBrowser: ({ flags, origin, crossOrigin, network, timeZone, locale, signal, warn, fail }) =>
      launchBrowser({
        flags,
        signal,
        treatAsSecure: origin,
        allowCrossOrigin: crossOrigin === "paint",
        network: { access: network, origin },
        timeZone,
        locale,
        onWarning: warn,
        ...(fail === undefined ? {} : { onFault: fail }),
        ...(options.sandbox === undefined ? {} : { sandbox: options.sandbox }),
        ...(options.browser === undefined ? {} : { executablePath: options.browser }),
        ...(options.profileParent === undefined ? {} : { profileParent: options.profileParent }),
      }),
  };
}
