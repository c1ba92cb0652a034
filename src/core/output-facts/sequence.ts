import type { Container } from "../formats.ts";
import type { Size } from "../frame.ts";
import type { FolderSink } from "../sink.ts";
import { isWhole, readPictureHeader, viewOf, type PictureHeader, type PictureKind } from "./picture.ts";

/** What a folder of pictures holds. */
export interface SequenceFacts {
  readonly frameCount: number;
  /** Of the first picture. */
  readonly size: Size;
  /** Whether pixels of every picture may be transparent. */
  readonly alpha: boolean;
  /** What is wrong with single files, in words. */
  readonly faults: readonly string[];
}

const kinds: Partial<Record<Container, PictureKind>> = { "png-sequence": "png", "jpeg-sequence": "jpeg", "webp-sequence": "webp" };
/** As many as hold the size of any picture that encoders and browsers write. */
const HEAD_BYTES = 4096;
/** Files that are read at once. */
const READERS = 8;
/** Faults that are told; a folder may have one for each file. */
const TOLD = 5;

/** Reads the header and the end of each picture, and holds their names against the numbers. */
export async function readSequence(sink: FolderSink, container: Container): Promise<SequenceFacts> {
  const kind: PictureKind | undefined = kinds[container];
  if (kind === undefined) throw new Error(`a folder holds no ${container}`);
  const names: string[] = await sink.fileNames();
  const faults: string[] = nameFaults(names, sink);
  const headers: (PictureHeader | null)[] = names.map(() => null);
  const remaining: IterableIterator<[number, string]> = names.entries();
  const readRest = async (): Promise<void> => {
    for (const [at, name] of remaining) {
      try {
        headers[at] = await readPicture(sink, name, kind);
      } catch (thrown) {
        faults.push(`"${name}" is no good: ${(thrown as Error).message}`);
      }
    }
  };
  await Promise.all(Array.from({ length: READERS }, readRest));
  const size: Size = headers.find((header) => header !== null)?.size ?? { width: 0, height: 0 };
  for (const [at, header] of headers.entries()) {
    if (header !== null && (header.size.width !== size.width || header.size.height !== size.height))
      faults.push(`"${names[at]}" has the size ${header.size.width}×${header.size.height} where others have ${size.width}×${size.height}`);
  }
  return {
    frameCount: names.length,
    size,
    alpha: headers.some((header) => header?.alpha === true),
    faults: faults.length > TOLD ? [...faults.slice(0, TOLD), `and ${faults.length - TOLD} more`] : faults,
  };
}

function nameFaults(names: readonly string[], { fileName }: FolderSink): string[] {
  const there = new Set(names);
  const expected = new Set(names.map((_, index) => fileName(index)));
  return [
    ...[...expected].filter((name) => !there.has(name)).map((name) => `"${name}" is missing`),
    ...names.filter((name) => !expected.has(name)).map((name) => `"${name}" is one more than there should be`),
  ];
}

async function readPicture(sink: FolderSink, name: string, kind: PictureKind): Promise<PictureHeader> {
  const head: DataView = viewOf(await sink.readFile(name, 0, HEAD_BYTES));
  if (head.byteLength === 0) throw new Error("it is empty");
  const header: PictureHeader = readPictureHeader(kind, head);
  if (!(await isWhole(kind, head, (start, end) => sink.readFile(name, start, end)))) throw new Error("it is cut off");
  return header;
}
