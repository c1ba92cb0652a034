import type { FolderSink } from "../core/sink.ts";
import type { PictureWriter } from "../ffmpeg/picture-writer.ts";

/** Pictures that are made at once, as many as zlib has threads. */
const AT_ONCE = 4;

/** Makes the pictures in this process: `encode` takes what it needs of the frame before it returns. */
export function ownPictures(sink: FolderSink, encode: (data: Uint8Array) => Promise<Uint8Array>): PictureWriter {
  const running = new Set<Promise<void>>();
  let last: Promise<Uint8Array> | null = null;
  let fault: unknown = null;
  const write = async (index: number, picture: Promise<Uint8Array>): Promise<void> => {
    const writing: Promise<void> = picture
      .then((data) => sink.writeFile(sink.fileName(index), data))
      .catch((thrown: unknown) => {
        fault ??= thrown;
      })
      .finally(() => running.delete(writing));
    running.add(writing);
    if (running.size >= AT_ONCE) await Promise.race(running);
    if (fault !== null) throw fault;
  };
  return {
    add: (index, data) => write(index, (last = encode(data))),
    repeat: (index) => write(index, last!),
    async finish() {
      await Promise.all(running);
      if (fault !== null) throw fault;
    },
    async abort() {
      await Promise.all(running);
    },
  };
}
