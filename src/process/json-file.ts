import { constants, type Stats } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import * as v from "valibot";

/** Links are not followed, and a FIFO does not block. Windows has neither flag. */
const READ_FLAGS: number = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

export interface JsonFile<Value> {
  /** Null where the text is not JSON, or not what the schema describes. */
  readonly value: Value | null;
  readonly text: string;
  readonly facts: Stats;
}

/**
 * Reads a regular file that anybody may have written, and validates it.
 *
 * @throws whatever the file system throws, and an Error for a link, a device, a FIFO, a folder or a file of more than `limitBytes`
 */
export async function readJsonFile<Value>(
  path: string,
  schema: v.GenericSchema<unknown, Value>,
  limitBytes: number,
): Promise<JsonFile<Value>> {
  const file: FileHandle = await open(path, READ_FLAGS);
  try {
    const facts: Stats = await file.stat();
    if (!facts.isFile()) throw new Error(`"${path}" is not a regular file`);
    const text: string = await readText(file, limitBytes);
    return { value: parse(text, schema), text, facts };
  } finally {
    await file.close();
  }
}

async function readText(file: FileHandle, limitBytes: number): Promise<string> {
  // One byte more than allowed: the size that the file had before may have changed.
  const bytes = Buffer.alloc(limitBytes + 1);
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  if (filled > limitBytes) throw new Error(`It is larger than ${limitBytes} bytes`);
  return bytes.toString("utf8", 0, filled);
}

function parse<Value>(text: string, schema: v.GenericSchema<unknown, Value>): Value | null {
  try {
    const result = v.safeParse(schema, JSON.parse(text));
    return result.success ? result.output : null;
  } catch {
    return null;
  }
}
