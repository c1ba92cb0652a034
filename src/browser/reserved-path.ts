import { toBase64 } from "../core/base64.ts";
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

/**
 * Answers requests of this page below the reserved path from memory, and lets the composition be framed: its documents'
 * `X-Frame-Options` and the `frame-ancestors` of their content security policy are dropped on the way.
 *
 * @param documents HTML by its name below the reserved path
 */
export async function serveReservedPath(page: BrowserPage, documents: Readonly<Record<string, string>>): Promise<void> {
  page.on<PausedRequest>("Fetch.requestPaused", (paused) => {
    // A page that closes while it loads leaves its requests behind: nobody waits for their answers.
    void answer(page, paused, documents).catch(() => {});
  });
  await page.send("Fetch.enable", {
    patterns: [
      { urlPattern: `*${RESERVED_PATH}*`, requestStage: "Request" },
      { urlPattern: "*", resourceType: "Document", requestStage: "Response" },
    ],
  });
}

async function answer(page: BrowserPage, paused: PausedRequest, documents: Readonly<Record<string, string>>): Promise<void> {
  const { requestId, responseStatusCode } = paused;
  if (responseStatusCode === undefined && paused.responseErrorReason === undefined) {
    const html: string | undefined = documents[new URL(paused.request.url).pathname.slice(RESERVED_PATH.length)];
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
  const { body, base64Encoded } = await page.send<{ body: string; base64Encoded: boolean }>("Fetch.getResponseBody", { requestId });
  await page.send("Fetch.fulfillRequest", {
    requestId,
    responseCode: responseStatusCode ?? 200,
    responseHeaders: kept.filter(({ name }) => !ofTheTransfer.has(name.toLowerCase())),
    body: base64Encoded ? body : toBase64(new TextEncoder().encode(body)),
  });
}

/** True of the bytes as they came, not of the decoded ones that are given on. */
const ofTheTransfer: ReadonlySet<string> = new Set(["content-encoding", "content-length", "transfer-encoding"]);

/** The header without what forbids framing; none where nothing is left. */
function framableHeader({ name, value }: Header): Header[] {
  const key: string = name.toLowerCase();
  if (key === "x-frame-options") return [];
  if (!key.startsWith("content-security-policy")) return [{ name, value }];
  const directives: string = value
    .split(";")
    .filter((directive) => !/^\s*frame-ancestors\b/i.test(directive))
    .join(";");
  return directives.trim() === "" ? [] : [{ name, value: directives }];
}
