import { mkdtemp, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { measureCosts as measureWith, type MeasureOptions } from "../bench/measure-costs.ts";
import type { MeasuredCosts } from "../core/policy/costs.ts";
import { findFfmpeg } from "../ffmpeg/find.ts";
import { benchPages } from "./bench-pages.ts";
import { builtInParts, nodeHost, type NodeRenderOptions } from "./render.ts";

export interface NodeMeasureOptions
  extends Pick<NodeRenderOptions, "browser" | "ffmpeg" | "sandbox" | "parts">, Pick<MeasureOptions, "onStep" | "quick" | "signal"> {
  /** What the table says of itself; "measured on this host" unless said. */
  readonly basis?: MeasuredCosts["basis"];
}

/**
 * Measures what each part costs on this machine, in about three minutes on two cores, while nothing else should run. Writes
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
  const { basis = "measured on this host", parts, onStep, quick, signal } = options;
  const folder: string = await mkdtemp(join(tmpdir(), "framewright-bench-"));
  try {
    return await measureWith({
      ...{ basis, folder, pages: benchPages(), host: nodeHost(options), machine: await machineWords(options.ffmpeg) },
      parts: { ...builtInParts(options), ...parts },
      ...(onStep && { onStep }),
      ...(quick === undefined ? {} : { quick }),
      ...(signal && { signal }),
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function machineWords(asked: string | undefined): Promise<string> {
  const ffmpeg: string = await findFfmpeg(asked).then(
    ({ version }) => `ffmpeg ${version}`,
    () => "no ffmpeg",
  );
  return `${cpus()[0]?.model.trim() ?? "unknown processor"}, ${ffmpeg}`;
}
