import { rmSync } from "node:fs";
import { copyFile, link, mkdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { diskFull, outputNotWritable, type RenderError } from "../core/errors.ts";
import type { HostPixels } from "../core/frame.ts";
import type { FileSink } from "../core/sink.ts";
import { atExit } from "../process/at-exit.ts";

const extensions: Readonly<Record<HostPixels["format"], string>> = { PNG: "png", JPEG: "jpg", RGBA: "rgba", I420: "yuv" };

/** Frames as files beside the output, and a manifest of what must be there. Whoever makes it removes it. */
export class FrameFolder {
  readonly path: string;
  /** As ffmpeg reads it. */
  readonly pattern: string;
  readonly #output: Pick<FileSink, "name" | "freeBytes">;
  readonly #extension: string;
  /** Bytes of each frame's file, by the frame's number. */
  readonly #manifest: number[] = [];
  #byteLength = 0;
  readonly #forget: () => void;

  private constructor(path: string, format: HostPixels["format"], output: Pick<FileSink, "name" | "freeBytes">) {
    this.path = path;
    this.#extension = extensions[format];
    this.pattern = `%08d.${this.#extension}`;
    this.#output = output;
    this.#forget = atExit(() => rmSync(path, { recursive: true, force: true }));
  }

  /** @throws RenderError `output-not-writable` */
  static async make(path: string, format: HostPixels["format"], output: Pick<FileSink, "name" | "freeBytes">): Promise<FrameFolder> {
    const folder = new FrameFolder(path, format, output);
    try {
      await mkdir(path, { mode: 0o700 });
    } catch (thrown) {
      await folder.remove();
      throw outputNotWritable(output.name, thrown);
    }
    return folder;
  }

  /** Frames that are in it. */
  get frameCount(): number {
    return this.#manifest.length;
  }

  /** Bytes on the disk: a frame that repeats another takes none. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** @throws RenderError `disk-full`, `output-not-writable` */
  async add(data: Uint8Array): Promise<void> {
    try {
      await writeFile(this.#fileOf(this.frameCount), data);
    } catch (thrown) {
      throw await this.#fault(thrown);
    }
    this.#manifest.push(data.byteLength);
    this.#byteLength += data.byteLength;
  }

  /** The frame before once more. Throws as `add` does. */
  async repeat(): Promise<void> {
    const last: number = this.frameCount - 1;
    const [from, to]: [string, string] = [this.#fileOf(last), this.#fileOf(last + 1)];
    const length: number = this.#manifest[last]!;
    try {
      await link(from, to).catch(async () => {
        // Not every file system has hard links, and none has any number of them.
        await copyFile(from, to);
        this.#byteLength += length;
      });
    } catch (thrown) {
      throw await this.#fault(thrown);
    }
    this.#manifest.push(length);
  }

  /** Numbers of the frames whose files are not there, or not whole: of `expected` frames, or of all that came. */
  async missing(expected: number): Promise<number[]> {
    const missing: number[] = [];
    for (let index = 0; index < expected; index++) {
      const facts = await stat(this.#fileOf(index)).catch(() => null);
      if (facts === null || facts.size !== this.#manifest[index]) missing.push(index);
    }
    return missing;
  }

  /** Never rejects. */
  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true }).catch(() => {});
    this.#forget();
  }

  #fileOf(index: number): string {
    return join(this.path, `${String(index).padStart(8, "0")}.${this.#extension}`);
  }

  async #fault(thrown: unknown): Promise<RenderError> {
    const { code } = thrown as NodeJS.ErrnoException;
    const { name } = this.#output;
    if (code === "ENOSPC" || code === "EDQUOT") return diskFull(name, await this.#output.freeBytes(), thrown);
    return outputNotWritable(name, thrown);
  }
}
