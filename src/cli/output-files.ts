import type { FileSink } from "../core/sink.ts";
import { isRenderError, outputNotWritable } from "../core/errors.ts";
import { openPageAddress } from "../node/file-server.ts";
import { openFileSink } from "../node/file-sink.ts";
import { fileTarget, refuseSameFile } from "../node/output-target.ts";

/** Files that a command reads, by the option that names them. */
export type FilesRead = Readonly<Record<string, readonly (string | undefined)[]>>;

/**
 * Checks a file that a command writes at its end, before anything is done for it.
 *
 * @returns the path that is written in the end
 * @throws RenderError `output-not-writable`
 */
export async function assertTarget(file: string, read: FilesRead): Promise<string> {
  if (file === "-")
    throw outputNotWritable(file, "writing to standard output is not supported", 'Name a file ("./-" for a file of that name)');
  const target: string = await fileTarget(file).catch((thrown: unknown) => {
    throw isRenderError(thrown) ? thrown : outputNotWritable(file, thrown);
  });
  await assertNotRead(file, target, read);
  return target;
}

/** @throws RenderError `output-not-writable` where an output would replace a file that the command reads */
export async function assertNotRead(output: string, target: string, read: FilesRead): Promise<void> {
  for (const [option, files] of Object.entries(read)) {
    const given: readonly string[] = files.filter((one) => one !== undefined);
    await refuseSameFile(output, [target], async () => given, `${option} names`);
  }
}

/** @throws RenderError `output-not-writable` where it would replace a file of a local page */
export async function assertNotOfPage(output: string, target: string, page: string, root: string | undefined): Promise<void> {
  // A page that cannot be opened is reported by the render.
  await using address = await openPageAddress(page, root === undefined ? {} : { root }).catch(() => null);
  if (address?.ownFiles) await refuseSameFile(output, [target], () => address.ownFiles!());
}

/** Writes a file that is there whole or not at all. @throws RenderError `output-not-writable`, `output-busy`, `disk-full` */
export async function writeOutput(file: string, text: string): Promise<void> {
  const sink: FileSink = await openFileSink(file);
  try {
    await sink.write(new TextEncoder().encode(text), 0);
    await sink.commit();
  } finally {
    await sink.discard();
  }
}
