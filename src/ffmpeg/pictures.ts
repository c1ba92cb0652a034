import { constants } from "node:fs";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import type { EncodeRequest, EncoderContext } from "../core/encoder.ts";
import type { FolderSink } from "../core/sink.ts";
import { ffmpegArguments } from "./arguments.ts";
import type { FfmpegBuild } from "./build.ts";
import type { PictureWriter } from "./picture-writer.ts";
import { FfmpegRun } from "./run.ts";

/** Lets ffmpeg make the pictures: each once, whatever repeats it. */
export async function ffmpegPictures(
  encoder: string,
  request: EncodeRequest,
  sink: FolderSink,
  build: FfmpegBuild,
  context: EncoderContext,
): Promise<PictureWriter> {
  const output = { to: "folder", folder: sink.temporaryPath, pattern: sink.pattern } as const;
  const args: readonly string[] = ffmpegArguments(request, { encoder, input: { from: "pipe" }, output, sound: null, build, extra: [] });
  const run: FfmpegRun = await FfmpegRun.start(build, args, { ...context, encoder });
  /** Of each frame, which picture of ffmpeg's it shows. */
  const pictures: number[] = [];
  let made = 0;
  return {
    async add(_index, data) {
      await run.write(data);
      pictures.push(made++);
    },
    async repeat() {
      pictures.push(made - 1);
    },
    async finish() {
      await run.finish();
      await spread(sink, pictures);
    },
    abort: () => run.abort(),
  };
}

/** From the last to the first: a picture's number is never above its frame's, so that none is overwritten before it is copied. */
async function spread(sink: FolderSink, pictures: readonly number[]): Promise<void> {
  const path = (index: number): string => join(sink.temporaryPath, sink.fileName(index));
  for (const [index, picture] of [...pictures.entries()].toReversed())
    if (picture !== index) await copyFile(path(picture), path(index), constants.COPYFILE_FICLONE);
}
