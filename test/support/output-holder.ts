import { formats, type Container } from "../../src/core/formats.ts";
import { isRenderError } from "../../src/core/errors.ts";
import type { OutputSink } from "../../src/core/sink.ts";
import { openFileSink } from "../../src/node/file-sink.ts";
import { openFolderSink } from "../../src/node/folder-sink.ts";

/** A program that opens an output, puts something into it, says so, and holds it until a line comes through its input. */

async function hold(output: string, container: Container): Promise<void> {
  const { kind, extension } = formats[container];
  const sink: OutputSink = kind === "sequence" ? await openFolderSink(output, { extension }) : await openFileSink(output);
  if (sink.kind === "folder") await sink.writeFile(sink.fileName(0), new Uint8Array([1]));
  else await sink.write(new Uint8Array([1]), 0);
  console.log("held");
  const asked: string = await new Promise((resolve) => process.stdin.once("data", (text) => resolve(String(text).trim())));
  if (asked === "exit") process.exit(0);
  if (asked === "commit") await sink.commit();
  console.log("done");
  process.exit(0);
}

const [output, container] = process.argv.slice(2);
await hold(output!, container as Container).catch((thrown: unknown) => {
  console.log(isRenderError(thrown) ? thrown.code : String(thrown));
  process.exit(1);
});
