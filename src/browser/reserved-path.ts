import { toBase64 } from "../core/base64.ts";
import type { BrowserPage } from "../core/browser.ts";

/** Where our own documents live on whatever origin the composition has: the shell must share its origin. */
export const RESERVED_PATH = "/__framewright__/";

interface PausedRequest {
  readonly requestId: string;
  readonly request: { readonly url: string };
  readonly responseStatusCode?: number;
  readonly responseHeaders?: readonly { readonly name: string; readonly value: string }[];
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
  const { requestId } = paused;
  if (paused.responseStatusCode !== undefined || paused.responseErrorReason !== undefined) {
    await page.send("Fetch.continueResponse", { requestId, ...framable(paused) });
    return;
  }
  const html: string | undefined = documents[new URL(paused.request.url).pathname.slice(RESERVED_PATH.length)];
  await page.send("Fetch.fulfillRequest", {
    requestId,
    responseCode: html === undefined ? 404 : 200,
    responseHeaders: [{ name: "content-type", value: "text/html; charset=utf-8" }],
    body: toBase64(new TextEncoder().encode(html ?? "Not found")),
  });
}

/** The changed headers of a document that forbids framing; nothing for all others. */
function framable({ responseStatusCode, responseHeaders = [] }: PausedRequest): object {
  const kept = responseHeaders.flatMap(({ name, value }) => {
    const key: string = name.toLowerCase();
    if (key === "x-frame-options") return [];
    if (!key.startsWith("content-security-policy")) return [{ name, value }];
    return [
      {
        name,
        value: value
          .split(";")
          .filter((directive) => !/^\s*frame-ancestors\b/i.test(directive))
          .join(";"),
      },
    ];
  });
  const isSame: boolean = kept.length === responseHeaders.length && kept.every(({ value }, at) => value === responseHeaders[at]!.value);
  return isSame ? {} : { responseCode: responseStatusCode, responseHeaders: kept };
}
