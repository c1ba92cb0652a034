import { request as requestHttp, type IncomingMessage } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP } from "node:net";
import { pipeline } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { hostResolver, PrivateAddressError, type ResolveHost } from "../browser/resolve-host.ts";
import { isRenderError, messageOf, pageUnreachable } from "../core/errors.ts";
import { networkRule } from "../core/network.ts";
import { withLeastRate } from "../core/pipeline/transfer-rate.ts";

/** The document of a page of the network, fetched without anything that it refers to. */
export interface RemoteDocument {
  /** Where it was found in the end. */
  readonly url: URL;
  /** Media type. */
  readonly type: string;
  readonly bytes: Uint8Array;
}

export interface RemoteDocumentOptions {
  readonly signal?: AbortSignal;
  /** @default the system's resolver */
  readonly resolve?: ResolveHost;
  /** Most bytes of the document, decompressed. @default 64 MiB */
  readonly mostBytes?: number;
  /** How long a transfer is measured before it counts as too slow, in milliseconds. @default 30,000 */
  readonly rateWindowMs?: number;
}

export const MOST_DOCUMENT_BYTES: number = 64 * 1024 * 1024;
const MOST_REDIRECTS = 10;
const ACCEPT = "text/html,*/*";

/**
 * Fetches a document. Redirects are followed within its origin: one that leads elsewhere might lead to what only this host can reach.
 *
 * @throws RenderError `page-unreachable`, `aborted`
 */
export async function fetchDocument(page: string, options: RemoteDocumentOptions = {}): Promise<RemoteDocument> {
  if (!URL.canParse(page)) throw pageUnreachable(page, "it is no valid URL");
  const { signal = new AbortController().signal, rateWindowMs, resolve = hostResolver(), mostBytes = MOST_DOCUMENT_BYTES } = options;
  const tooSlow = (words: string): Error => pageUnreachable(page, words);
  const window = rateWindowMs === undefined ? {} : { windowMs: rateWindowMs };
  try {
    return await withLeastRate({ signal, tooSlow, ...window }, (arrived, stop) =>
      follow(new URL(page), { page, resolve, mostBytes, arrived, signal: stop }),
    );
  } catch (thrown) {
    throw isRenderError(thrown) ? thrown : pageUnreachable(page, messageOf(thrown));
  }
}

interface Fetching {
  readonly page: string;
  readonly resolve: ResolveHost;
  readonly mostBytes: number;
  readonly arrived: (byteLength: number) => void;
  readonly signal: AbortSignal;
}

async function follow(first: URL, fetching: Fetching): Promise<RemoteDocument> {
  const { page } = fetching;
  const addresses: readonly string[] = await addressesOf(first, fetching);
  let url: URL = first;
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    const response: IncomingMessage = await askAny(url, addresses, fetching.signal);
    const status: number = response.statusCode ?? 0;
    const { location } = response.headers;
    if (status < 300 || status >= 400 || location === undefined) return documentOf(url, response, fetching);
    response.destroy();
    const next: URL | null = URL.canParse(location, url.href) ? new URL(location, url) : null;
    if (next?.origin !== url.origin)
      throw pageUnreachable(page, `it redirects to "${next?.href ?? location}", which network: "none" forbids; give that URL instead`);
    url = next;
  }
  throw pageUnreachable(page, `it redirects more than ${MOST_REDIRECTS} times`);
}

async function addressesOf(url: URL, { page, resolve }: Fetching): Promise<readonly string[]> {
  try {
    return await resolve(url, networkRule("none", url.origin)(url) ?? "public");
  } catch (thrown) {
    if (!(thrown instanceof PrivateAddressError)) throw thrown;
    throw pageUnreachable(
      page,
      `${thrown.message}, and network: "none" forbids names that lead to this machine or its network; give the address instead of the name if you trust it`,
    );
  }
}

/** Asks the first address that answers. */
async function askAny(url: URL, addresses: readonly string[], signal: AbortSignal): Promise<IncomingMessage> {
  let failure: unknown;
  for (const address of addresses) {
    try {
      return await ask(url, address, signal);
    } catch (thrown) {
      failure = thrown;
    }
  }
  throw failure;
}

/** A request to an address that was checked, whatever the name resolves to by now. */
function ask(url: URL, address: string, signal: AbortSignal): Promise<IncomingMessage> {
  const name: string = url.hostname.replaceAll(/[[\]]/g, "");
  const isSecure: boolean = url.protocol === "https:";
  return new Promise((resolve, reject) => {
    const settings = {
      host: address,
      port: url.port === "" ? (isSecure ? 443 : 80) : Number(url.port),
      path: `${url.pathname}${url.search}`,
      headers: { host: url.host, accept: ACCEPT, "accept-encoding": "gzip, deflate, br", "user-agent": "framewright" },
      agent: false as const,
      signal,
    };
    // Certificates are checked by the name. Addresses cannot be asked for by SNI.
    const asked = isSecure
      ? requestHttps({ ...settings, ...(isIP(name) > 0 ? {} : { servername: name }) }, resolve)
      : requestHttp(settings, resolve);
    asked.on("error", reject);
    asked.end();
  });
}

async function documentOf(url: URL, response: IncomingMessage, { page, mostBytes, arrived }: Fetching): Promise<RemoteDocument> {
  const status: number = response.statusCode ?? 0;
  try {
    if (status >= 400) throw pageUnreachable(page, `its server answered with status ${status}`);
    const parts: Uint8Array[] = [];
    let byteLength = 0;
    for await (const part of decoded(response, counted(response, arrived))) {
      byteLength += part.byteLength;
      if (byteLength > mostBytes) throw pageUnreachable(page, `its document is larger than ${mostBytes} bytes`);
      parts.push(part);
    }
    const type: string = response.headers["content-type"] ?? "text/html; charset=utf-8";
    return { url, type, bytes: Buffer.concat(parts) };
  } finally {
    response.destroy();
  }
}

async function* counted(pieces: AsyncIterable<Uint8Array>, arrived: (byteLength: number) => void): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    arrived(piece.byteLength);
    yield piece;
  }
}

/** Decompressed as it comes: a small answer that stands for a huge document is never whole in memory. */
function decoded({ headers }: IncomingMessage, pieces: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const encoding: string = (headers["content-encoding"] ?? "identity").trim().toLowerCase();
  // Its faults reach the reader of the decoder.
  return encoding === "identity" || encoding === "" ? pieces : pipeline(pieces, decoderOf(encoding), () => {});
}

function decoderOf(encoding: string): ReturnType<typeof createGunzip | typeof createInflate | typeof createBrotliDecompress> {
  if (encoding === "gzip" || encoding === "x-gzip") return createGunzip();
  if (encoding === "deflate") return createInflate();
  if (encoding === "br") return createBrotliDecompress();
  throw new Error(`its server compresses it by "${encoding}", which was not asked for`);
}
