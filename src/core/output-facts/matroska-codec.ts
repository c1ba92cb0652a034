import { textAt, type ByteWindow } from "./byte-window.ts";

/** A codec as Matroska names it, with the bytes that a decoder needs before the first frame. */
export interface MatroskaCodec {
  readonly id: string;
  readonly setup: Uint8Array;
}

/** Elements of EBML by their numbers (RFC 9559). */
const SEGMENT = 0x18538067;
const TRACKS = 0x1654ae6b;
const TRACK_ENTRY = 0xae;
const CODEC_ID = 0x86;
const CODEC_PRIVATE = 0x63a2;
const CODEC_DELAY = 0x56aa;
const TRACK_TYPE = 0x83;
/** As its tracks say it. */
const AUDIO = 2;
const CLUSTER = 0x1f43b675;

interface Element {
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

/** Of the first track. @throws Error where the file is no Matroska */
export async function readMatroskaCodec(file: ByteWindow): Promise<MatroskaCodec> {
  const segment: Element = await childOf(file, { id: 0, start: 0, end: file.length }, SEGMENT);
  const entry: Element = await childOf(file, await childOf(file, segment, TRACKS), TRACK_ENTRY);
  const id: DataView = await contentOf(file, await childOf(file, entry, CODEC_ID));
  const name: string = textAt(id, 0, id.byteLength);
  const setup: Element | null = await findChild(file, entry, CODEC_PRIVATE);
  if (setup === null) return { id: name, setup: new Uint8Array(0) };
  const content: DataView = await contentOf(file, setup);
  return { id: name, setup: new Uint8Array(content.buffer, content.byteOffset, content.byteLength).slice() };
}

/** Seconds that lie before the first sample of the first track of sound; 0 where none says so. */
export async function readCodecDelay(file: ByteWindow): Promise<number> {
  const segment: Element = await childOf(file, { id: 0, start: 0, end: file.length }, SEGMENT);
  for await (const entry of childrenOf(file, await childOf(file, segment, TRACKS))) {
    if (entry.id !== TRACK_ENTRY) continue;
    const type: Element = await childOf(file, entry, TRACK_TYPE);
    if ((await numberIn(file, type)) !== AUDIO) continue;
    const delay: Element | null = await findChild(file, entry, CODEC_DELAY);
    return delay === null ? 0 : (await numberIn(file, delay)) / 1e9;
  }
  return 0;
}

async function numberIn(file: ByteWindow, element: Element): Promise<number> {
  const content: DataView = await contentOf(file, element);
  let value = 0;
  for (let at = 0; at < content.byteLength; at++) value = value * 256 + content.getUint8(at);
  return value;
}

async function childOf(file: ByteWindow, parent: Element, id: number): Promise<Element> {
  const child: Element | null = await findChild(file, parent, id);
  if (child === null) throw new Error(`its element ${id.toString(16)} is missing`);
  return child;
}

async function findChild(file: ByteWindow, parent: Element, id: number): Promise<Element | null> {
  for await (const element of childrenOf(file, parent)) if (element.id === id) return element;
  return null;
}

/** Those before the pictures. */
async function* childrenOf(file: ByteWindow, parent: Element): AsyncGenerator<Element> {
  for (let position: number = parent.start; position < parent.end;) {
    const element: Element = await elementAt(file, position, parent.end);
    yield element;
    if (element.id === CLUSTER) return;
    position = element.end;
  }
}

function contentOf(file: ByteWindow, { start, end }: Element): Promise<DataView> {
  return file.at(start, end - start);
}

/** An element begins with its number and its length, both of as many bytes as leading zero bits say. */
async function elementAt(file: ByteWindow, position: number, parentEnd: number): Promise<Element> {
  const head: DataView = await file.at(position, Math.min(12, file.length - position));
  const idBytes: number = Math.clz32(head.getUint8(0)) - 23;
  const lengthBytes: number = Math.clz32(head.getUint8(idBytes)) - 23;
  let id = 0;
  for (let at = 0; at < idBytes; at++) id = id * 256 + head.getUint8(at);
  let length: number = head.getUint8(idBytes) & (0xff >> lengthBytes);
  // All bits set: the length is not known, and the element goes on to the end of its parent.
  let isUnknown: boolean = length === 0xff >> lengthBytes;
  for (let at = 1; at < lengthBytes; at++) {
    const byte: number = head.getUint8(idBytes + at);
    length = length * 256 + byte;
    isUnknown &&= byte === 0xff;
  }
  const start: number = position + idBytes + lengthBytes;
  return { id, start, end: isUnknown ? parentEnd : start + length };
}
