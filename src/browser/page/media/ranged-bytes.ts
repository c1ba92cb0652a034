import type { ByteSource } from "./byte-source.ts";
import { mediaFault, type MediaFault } from "./media-fault.ts";
import { ownFunctions } from "./own-functions.ts";
import { SILENCE_MS, withinSilence } from "./within-silence.ts";

/** What is asked of a server at a time, in bytes. */
export const BLOCK_BYTES: number = 256 << 10;
/** A film takes one after the other, and asks for the next before it needs it. */
const KEPT_BLOCKS = 3;
const LEAST_BYTES_PER_SECOND = 1024;

export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** A file on a server that gives parts of it. Few blocks are kept: what was just read, and what comes next. */
export class RangedBytes implements ByteSource {
  readonly byteLength: number;
  readonly #url: string;
  /** By number, the one that was used last at the end. */
  readonly #blocks = new Map<number, Promise<Uint8Array>>();

  private constructor(url: string, byteLength: number) {
    this.#url = url;
    this.byteLength = byteLength;
  }

  /** Goes on from the answer to the question for the first block. */
  static after(response: Response, url: string, byteLength: number): RangedBytes {
    // What an address was forwarded to is asked from now on.
    const source = new RangedBytes(response.url || url, byteLength);
    source.#keep(0, source.#collect(response, { start: 0, end: Math.min(BLOCK_BYTES, byteLength) }));
    return source;
  }

  async read(start: number, end: number): Promise<Uint8Array> {
    const stop: number = Math.min(end, this.byteLength);
    const bytes = new Uint8Array(Math.max(0, stop - start));
    for (let at = start; at < stop;) {
      const number: number = Math.floor(at / BLOCK_BYTES);
      const from: number = number * BLOCK_BYTES;
      const follows: boolean = this.#blocks.has(number) || this.#blocks.has(number - 1);
      const block: Promise<Uint8Array> = this.#block(number);
      if (follows && from + BLOCK_BYTES < this.byteLength) this.#ahead(number + 1);
      const part: Uint8Array = (await block).subarray(at - from, stop - from);
      bytes.set(part, at - start);
      at += part.length;
    }
    return bytes;
  }

  /** A block that nobody waits for yet: whoever does will ask again where it failed. */
  #ahead(number: number): void {
    if (!this.#blocks.has(number)) this.#block(number).catch(() => {});
  }

  #block(number: number): Promise<Uint8Array> {
    const kept: Promise<Uint8Array> | undefined = this.#blocks.get(number);
    this.#blocks.delete(number);
    return this.#keep(number, kept ?? this.#fetch(number * BLOCK_BYTES));
  }

  #keep(number: number, block: Promise<Uint8Array>): Promise<Uint8Array> {
    this.#blocks.set(number, block);
    block.catch(() => this.#blocks.get(number) === block && this.#blocks.delete(number));
    for (const oldest of this.#blocks.keys()) {
      if (this.#blocks.size <= KEPT_BLOCKS) break;
      this.#blocks.delete(oldest);
    }
    return block;
  }

  async #fetch(start: number): Promise<Uint8Array> {
    const range: ByteRange = { start, end: Math.min(start + BLOCK_BYTES, this.byteLength) };
    return this.#collect(await this.#askFor(range), range);
  }

  async #askFor(range: ByteRange): Promise<Response> {
    const response: Response = await ask(this.#url, range);
    if (response.status === 206) return response;
    await response.body?.cancel();
    if (response.status === 416) throw this.#tooShort(range);
    if (!response.ok) throw refusalOf(this.#url, response);
    throw mediaFault("missing", `its server gave parts of the file and now, asked for ${shown(range)}, gives the whole of it`);
  }

  #tooShort(range: ByteRange): MediaFault {
    return mediaFault("missing", `its server has no bytes ${shown(range)}, though it said that there are ${this.byteLength}`);
  }

  /** A server may give less than it was asked for, as long as it gives something. */
  async #collect(first: Response, { start, end }: ByteRange): Promise<Uint8Array> {
    const bytes = new Uint8Array(end - start);
    let [response, at]: [Response, number] = [first, 0];
    while (at < bytes.length) {
      const before: number = at;
      for await (const piece of bodyPieces(response)) {
        bytes.set(piece.subarray(0, bytes.length - at), at);
        at = Math.min(at + piece.length, bytes.length);
        // A server that takes the range for its begin alone.
        if (at === bytes.length) break;
      }
      if (at === before) throw this.#tooShort({ start: start + at, end });
      if (at < bytes.length) response = await this.#askFor({ start: start + at, end });
    }
    return bytes;
  }
}

/** Asks a server for a file, or for a range of it. */
export async function ask(url: string, range: ByteRange | null, method: "GET" | "HEAD" = "GET"): Promise<Response> {
  const stop = new AbortController();
  const headers: HeadersInit = range === null ? {} : { Range: `bytes=${range.start}-${range.end - 1}` };
  try {
    return await withinSilence(ownFunctions().fetch(url, { method, headers, signal: stop.signal }), () => silent(stop));
  } catch (cause) {
    throw cause instanceof TypeError ? unreachable(url, cause) : cause;
  }
}

/** The bytes of an answer as they come. */
export async function* bodyPieces({ body }: Response): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  const reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | undefined = body?.getReader();
  if (!reader) return;
  const rate = new LeastRate();
  try {
    for (;;) {
      const { done, value } = await withinSilence(Promise.race([reader.read(), rate.tooLow]), () => silent());
      if (done) return;
      rate.add(value.length);
      yield value;
    }
  } catch (cause) {
    throw cause instanceof TypeError ? mediaFault("missing", `the connection to its server broke off: ${cause.message}`, cause) : cause;
  } finally {
    rate.stop();
    // Whoever has enough takes no more.
    reader.cancel().catch(() => {});
  }
}

/** A server that sends one byte every few seconds is never silent, and never done. */
class LeastRate {
  /** Rejects with a `MediaFault` when too little came in a stretch of time. */
  readonly tooLow: Promise<never>;
  #bytes = 0;
  #timer: number | undefined;
  #fail: (fault: MediaFault) => void = () => {};

  constructor() {
    this.tooLow = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.tooLow.catch(() => {});
  }

  add(byteLength: number): void {
    this.#bytes += byteLength;
    this.#timer ??= this.#begin();
  }

  stop(): void {
    ownFunctions().clearTimeout(this.#timer ?? 0);
  }

  /** After the first piece, which does not count: whatever follows it in time does. */
  #begin(): number {
    this.#bytes = 0;
    return ownFunctions().setTimeout(() => {
      if (this.#bytes >= (LEAST_BYTES_PER_SECOND * SILENCE_MS) / 1000) this.#timer = this.#begin();
      else
        this.#fail(
          this.#bytes === 0 ? silent() : mediaFault("missing", `its server sends less than ${LEAST_BYTES_PER_SECOND} bytes a second`),
        );
    }, SILENCE_MS);
  }
}

/** How long the whole file is of which a part came; null where its server does not say, or not to this origin. */
export async function totalBytes(url: string, { headers, body }: Response): Promise<number | null> {
  const total: string | undefined = /\/(\d+)\s*$/.exec(headers.get("Content-Range") ?? "")?.[1];
  if (total !== undefined) return Number(total);
  // Other origins see `Content-Length`, but of an answer to a range that is the length of the part.
  const whole: Response = await ask(url, null, "HEAD");
  const length: string | null = whole.ok ? whole.headers.get("Content-Length") : null;
  return length === null || body === null ? null : Number(length);
}

export function refusalOf(url: string, { status, statusText }: Response): MediaFault {
  const answer: string = `${status} ${statusText}`.trim();
  return mediaFault("missing", `the server of ${originOf(url)} answered ${answer}`);
}

function silent(stop?: AbortController): MediaFault {
  const fault: MediaFault = mediaFault("missing", `its server was silent for ${SILENCE_MS / 1000} seconds`);
  stop?.abort(fault);
  return fault;
}

/** The browser does not tell scripts which of these it was. */
function unreachable(url: string, cause: TypeError): MediaFault {
  if (/^blob:/i.test(url))
    return mediaFault("refused", "its blob: address was revoked, or stands for no file, as those of a MediaSource do", cause);
  const isForeign: boolean = originOf(url) !== globalThis.location.origin;
  const cors: string = isForeign ? `it does not allow ${globalThis.location.origin} to read it (CORS: Access-Control-Allow-Origin), ` : "";
  const policy = "the page's content security policy forbids it (connect-src), or the server cannot be reached";
  return mediaFault("refused", `the browser could not fetch it from ${originOf(url)}: ${cors}${policy}`, cause);
}

function originOf(url: string): string {
  return new URL(url, globalThis.location.href).origin;
}

function shown({ start, end }: ByteRange): string {
  return `${start} to ${end - 1}`;
}
