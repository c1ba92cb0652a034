import { existsSync } from "node:fs";
import { rmdir } from "node:fs/promises";
import { resolve } from "node:path";
import { formats } from "../../core/formats.ts";
import type { RenderHost } from "../../core/host.ts";
import type { ParsedJob } from "../../core/job.ts";
import { segmentName } from "../../core/segment-name.ts";
import { namingOf } from "../picture-naming.ts";

/**
 * Prepares for the sudden end of another process that writes a job's output: call it before that process starts.
 *
 * @returns a function that removes its locks and unfinished files after its end, as the next render to the same output would.
 *   Never rejects
 */
export function outputDiscarder({ output, container, segments }: ParsedJob, host: Pick<RenderHost, "openSink">): () => Promise<void> {
  const { kind, extension } = formats[container];
  const folder: string | null = kind === "sequence" ? resolve(namingOf(output, extension).folder) : null;
  const isNewFolder: boolean = folder !== null && !existsSync(folder);
  const names: string[] = segments > 1 ? Array.from({ length: segments }, (_, at) => segmentName(output, at)) : [];
  return async () => {
    // Taking the lock over removes what its owner left.
    for (const name of [output, ...names])
      await host.openSink(name, container).then(
        (sink) => sink.discard(),
        () => {},
      );
    if (folder !== null && isNewFolder) await rmdir(folder).catch(() => {});
  };
}
