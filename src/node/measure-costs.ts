import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { measureCosts as measureWith, type MeasureOptions } from "../bench/measure-costs.ts";
import type { MeasuredCosts } from "../core/policy/costs.ts";
import { findFfmpeg } from "../ffmpeg/find.ts";
import { openVideoPictures } from "../ffmpeg/video-pictures.ts";
import { base64 } from "../injectors/base64.ts";
import type { OpenVideoPictures } from "../injectors/host-pictures.ts";
import { url } from "../injectors/url.ts";
import { webcodecs } from "../injectors/webcodecs.ts";
import type { FrameInjector } from "../core/injector.ts";
import { atExit } from "../process/at-exit.ts";
import { makeTemporaryFolder, removeTemporaryFolder, removeTemporaryFolderNow } from "../process/temporary-folder.ts";
import { benchPages } from "./bench-pages.ts";
import { openPictureServer } from "./picture-server.ts";
import { builtInParts, nodeHost, type NodeRenderOptions } from "./render.ts";

export interface NodeMeasureOptions
  extends
    Pick<NodeRenderOptions, "browser" | "ffmpeg" | "sandbox" | "parts">,
    Pick<MeasureOptions, "onStep" | "quick" | "roles" | "injectorRounds" | "signal"> {
  /** What the table says of itself; "measured on this host" unless said. */
  readonly basis?: MeasuredCosts["basis"];
}

/**
 * Measures what each part costs on this machine, in about five minutes on two cores, while nothing else should run. Writes
 * nothing: a table that `keepCosts` keeps is what the policy goes by from then on.
 *
 * @example
 * ```ts
 * import { keepCosts, measureCosts } from "framewright/node";
 *
 * await keepCosts(await measureCosts({ onStep: ({ about, done, total }) => console.log(`${done} of ${total}: ${about}`) }));
 * ```
 *
 * @throws RenderError `aborted`, `browser-missing`, `browser-launch-failed`
 */
export async function measureCosts(options: NodeMeasureOptions = {}): Promise<MeasuredCosts> {
  const { basis = "measured on this host", parts, onStep, quick, roles, injectorRounds, signal } = options;
  const folder: string = await makeTemporaryFolder(tmpdir(), "bench");
  const forget: () => void = atExit(() => removeTemporaryFolderNow(folder));
  try {
    return await measureWith({
      ...{ basis, folder, pages: benchPages(), host: nodeHost(options), machine: await machineWords(options.ffmpeg) },
      parts: { ...builtInParts(options), injectors: coldInjectors(join(folder, "store"), options.ffmpeg), ...parts },
      ...(onStep && { onStep }),
      ...(quick === undefined ? {} : { quick }),
      ...(roles && { roles }),
      ...(injectorRounds === undefined ? {} : { injectorRounds }),
      ...(signal && { signal }),
    });
  } finally {
    await removeTemporaryFolder(folder);
    forget();
  }
}

/** The built-in ones, which keep pictures where they go with everything else that was measured. */
function coldInjectors(store: string, executablePath: string | undefined): FrameInjector[] {
  const openPictures: OpenVideoPictures = (path, options) => openVideoPictures(path, { ...options, cache: { folder: store } });
  const ffmpeg = executablePath === undefined ? {} : { executablePath };
  return [webcodecs(), base64({ openPictures, ...ffmpeg }), url({ openServer: openPictureServer, openPictures, ...ffmpeg })];
}

async function machineWords(asked: string | undefined): Promise<string> {
  const ffmpeg: string = await findFfmpeg(asked).then(
    ({ version }) => `ffmpeg ${version}`,
    () => "no ffmpeg",
  );
  return `${cpus()[0]?.model.trim() ?? "unknown processor"}, ${ffmpeg}`;
}
