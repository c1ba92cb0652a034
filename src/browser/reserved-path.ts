import { fromBase64, toBase64 } from "../core/base64.ts";
import type { BrowserPage } from "../core/browser.ts";
import { RESERVED_PATH } from "./messages.ts";

interface Header {
  readonly name: string;
  readonly value: string;
}

interface PausedRequest {
  readonly requestId: string;
  readonly request: { readonly url: string };
  readonly responseStatusCode?: number;
  readonly responseHeaders?: readonly Header[];
  readonly responseErrorReason?: string;
}

/** Most bytes of a document whose headers are changed, decompressed: it is held in memory on its way. */
const MOST_DOCUMENT_BYTES = 64 * 1024 * 1024;
/** What the browser is asked for at a time. */
const PIECE_BYTES = 1024 * 1024;

/**
 * Answers requests of this page below the reserved path from memory, and lets the composition be framed: its documents'
 * `X-Frame-Options` and the `frame-ancestors` of their content security policy are dropped on the way.
 *
 * @param documents HTML by its name below the reserved path
 */
export async function serveReservedPath(page: BrowserPage, documents: Readonly<Record<string, string>>): Promise<void> {
  page.on<PausedRequest>("Fetch.requestPaused", (paused) => {
    answer(page, paused, documents).catch(() => refuse(page, paused));
  });
  await page.send("Fetch.enable", {
    patterns: [
      { urlPattern: `*${RESERVED_PATH}*`, requestStage: "Request" },
      { urlPattern: "*", resourceType: "Document", requestStage: "Response" },
    ],
  });
}

/** A page that closes while it loads leaves its requests behind, and their answers are no longer needed. */
function refuse(page: BrowserPage, { requestId }: PausedRequest): void {
  page.send("Fetch.failRequest", { requestId, errorReason: "BlockedByClient" }).catch(() => {});
}

async function answer(page: BrowserPage, paused: PausedRequest, documents: Readonly<Record<string, string>>): Promise<void> {
  const { requestId, responseStatusCode } = paused;
  if (responseStatusCode === undefined && paused.responseErrorReason === undefined) {
    const { pathname } = new URL(paused.request.url);
    // Others have it in their query, or further down.
    if (!pathname.startsWith(RESERVED_PATH)) return void (await page.send("Fetch.continueRequest", { requestId }));
    const name: string = pathname.slice(RESERVED_PATH.length);
    const html: string | undefined = Object.hasOwn(documents, name) ? documents[name] : undefined;
    const body: string = toBase64(new TextEncoder().encode(html ?? "Not found"));
    const responseHeaders: readonly Header[] = [{ name: "content-type", value: "text/html; charset=utf-8" }];
    await page.send("Fetch.fulfillRequest", { requestId, responseCode: html === undefined ? 404 : 200, responseHeaders, body });
    return;
  }
  const { responseHeaders = [] } = paused;
  const kept: readonly Header[] = responseHeaders.flatMap(framableHeader);
  if (kept.length === responseHeaders.length && kept.every(({ value }, at) => value === responseHeaders[at]!.value)) {
    await page.send("Fetch.continueResponse", { requestId });
    return;
  }
  // Not `continueResponse` with other headers: Chromium judges framing by those that came.
  await page.send("Fetch.fulfillRequest", {
    requestId,
    responseCode: responseStatusCode ?? 200,
    responseHeaders: kept.filter(({ name }) => !ofTheTransfer.has(name.toLowerCase())),
    body: toBase64(await bodyOf(page, requestId)),
  });
}

/** The body of a paused answer, decompressed. Rejects where it is too long: the whole of it in one message could end this process. */
async function bodyOf(page: BrowserPage, requestId: string): Promise<Uint8Array> {
  const { stream } = await page.send<{ stream: string }>("Fetch.takeResponseBodyAsStream", { requestId });
  const pieces: Uint8Array[] = [];
  let byteLength = 0;
  try {
    for (;;) {
      const read = await page.send<{ data: string; base64Encoded?: boolean; eof: boolean }>("IO.read", {
        handle: stream,
        size: PIECE_BYTES,
      });
      const piece: Uint8Array = read.base64Encoded === true ? fromBase64(read.data) : new TextEncoder().encode(read.data);
      byteLength += piece.byteLength;
      if (byteLength > MOST_DOCUMENT_BYTES) throw new Error(`the document is larger than ${MOST_DOCUMENT_BYTES} bytes`);
      pieces.push(piece);
      if (read.eof) return joined(pieces, byteLength);
    }
  } finally {
    await page.send("IO.close", { handle: stream }).catch(() => {});
  }
}

function joined(pieces: readonly Uint8Array[], byteLength: number): Uint8Array {
  const whole = new Uint8Array(byteLength);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole;
}

/** True of the bytes as they came, not of the decoded ones that are given on. */
const ofTheTransfer: ReadonlySet<string> = new Set(["content-encoding", "content-length", "transfer-encoding"]);

/** The header without what forbids framing; none where nothing is left. */
function framableHeader({ name, value }: Header): Header[] {
  const key: string = name.toLowerCase();
  if (key === "x-frame-options") return [];
  if (!key.startsWith("content-security-policy")) return [{ name, value }];
  // One header may hold several policies, with commas between them.
  const policies: readonly string[] = value.split(",").map(framablePolicy);
  const kept: string = policies.filter((policy) => policy.trim() !== "").join(",");
  return kept === "" ? [] : [{ name, value: kept }];
}

function framablePolicy(policy: string): string {
  const isKept = (directive: string): boolean => !/^\s*frame-ancestors(?:\s|$)/i.test(directive);
  return policy.split(";").filter(isKept).join(";");
}
