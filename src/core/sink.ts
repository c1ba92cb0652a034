/**
 * Where the output goes. Bytes land under a temporary name; `commit` gives them their final one, `discard` leaves
 * nothing behind. Exactly one of the two ends the sink; calling either again does nothing.
 */
export type OutputSink = FileSink | FolderSink;

/** One file. */
export interface FileSink extends SinkEnd {
  readonly kind: "file";
  /** The temporary file, where a process may write by path. Null where the output is no file. */
  readonly temporaryPath: string | null;
  /**
   * Writes at a byte position; positions may go back.
   *
   * @throws RenderError `disk-full`, `output-not-writable`
   */
  write(data: Uint8Array, position: number): Promise<void>;
  /** Reads back `[start, end)` for the check of the finished file. @throws RenderError `output-not-writable` */
  read(start: number, end: number): Promise<Uint8Array>;
}

/** A folder of pictures. */
export interface FolderSink extends SinkEnd {
  readonly kind: "folder";
  /** The temporary folder, where a process may write by path. */
  readonly temporaryPath: string;
  /** Name of the picture with this number, from 0, such as "000042.png". */
  fileName(index: number): string;
  /** The same as a pattern that ffmpeg reads, such as "%06d.png". */
  readonly pattern: string;
  /** @throws RenderError `disk-full`, `output-not-writable` */
  writeFile(fileName: string, data: Uint8Array): Promise<void>;
  /** Names of the files that are there, in order. */
  fileNames(): Promise<string[]>;
  /**
   * Reads a picture, or a part of it: `start` and `end` count as those of `slice`, from the end where they are negative.
   *
   * @throws RenderError `output-not-writable`
   */
  readFile(fileName: string, start?: number, end?: number): Promise<Uint8Array>;
}

/** A file beside the output or inside it, which appears, is cleared and goes with it. */
export interface Sidecar {
  /** The final name. */
  readonly name: string;
  /** @throws RenderError `disk-full`, `output-not-writable` */
  append(data: Uint8Array): Promise<void>;
}

/** What files and folders have in common: how they are named, and how they end. */
interface SinkEnd {
  /** The final name, for messages. */
  readonly name: string;
  /** For sound that the output itself does not hold: beside a file, inside a folder, where it counts as no picture. */
  readonly sidecar: Sidecar;
  /** Bytes so far, also those that a process wrote by path. */
  byteLength(): Promise<number>;
  /** Bytes that the output's place can still take; null where nobody knows. */
  freeBytes(): Promise<number | null>;
  /** Drops all bytes, so that another encoder may begin. @throws RenderError `output-not-writable` */
  clear(): Promise<void>;
  /**
   * Rejects where `commit` would replace one of these files, such as a video that the page plays. Omitted where an output
   * replaces no files.
   *
   * @param files Paths on this host; called only where something would be replaced
   * @throws RenderError `output-not-writable`
   */
  refuseReplacing?(files: () => Promise<readonly string[]>): Promise<void>;
  /** @throws RenderError `output-not-writable`, also where the output has become something else than a regular file */
  commit(): Promise<void>;
  /** Never rejects. */
  discard(): Promise<void>;
}
