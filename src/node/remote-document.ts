import { messageOf, pageUnreachable } from "../core/errors.ts";

/** The document of a page of the network, fetched without anything that it refers to. */
export interface RemoteDocument {
  /** Where it was found in the end. */
  readonly url: URL;
  /** Media type. */
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** Longest wait for a server's answer, in milliseconds. */
const ANSWER_LIMIT_MS = 30_000;
const MOST_REDIRECTS = 10;

/**
 * Fetches a document. Redirects are followed within its origin: one that leads elsewhere might lead to what only this host can reach.
 *
 * @throws RenderError `page-unreachable`
 */
export async function fetchDocument(page: string): Promise<RemoteDocument> {
  if (!URL.canParse(page)) throw pageUnreachable(page, "it is no valid URL");
  let url = new URL(page);
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    const response: Response = await ask(page, url.href);
    const location: string | null = response.headers.get("location");
    if (response.status < 300 || response.status >= 400 || location === null) return documentOf(page, url, response);
    const next: URL | null = URL.canParse(location, url.href) ? new URL(location, url) : null;
    if (next?.origin !== url.origin)
      throw pageUnreachable(page, `it redirects to "${next?.href ?? location}", which network: "none" forbids; give that URL instead`);
    url = next;
  }
  throw pageUnreachable(page, `it redirects more than ${MOST_REDIRECTS} times`);
}

async function ask(page: string, url: string): Promise<Response> {
  try {
    const limit: AbortSignal = AbortSignal.timeout(ANSWER_LIMIT_MS);
    return await fetch(url, { redirect: "manual", signal: limit, headers: { accept: "text/html,*/*" } });
  } catch (thrown) {
    const { cause } = thrown as Error;
    throw pageUnreachable(page, messageOf(cause ?? thrown));
  }
}

async function documentOf(page: string, url: URL, response: Response): Promise<RemoteDocument> {
  if (response.status >= 400) throw pageUnreachable(page, `its server answered with status ${response.status}`);
  const type: string = response.headers.get("content-type") ?? "text/html; charset=utf-8";
  try {
    return { url, type, bytes: new Uint8Array(await response.arrayBuffer()) };
  } catch (thrown) {
    throw pageUnreachable(page, messageOf(thrown));
  }
}
