import { Agent, request, type ClientRequest, type IncomingMessage, type ServerResponse } from "node:http";

/** Passes plain http on. Whoever opened it closes it. */
export interface HttpForwarder {
  /** Asks one of the addresses, and gives the answer on as it comes. A failure ends the connection. */
  forward(asked: IncomingMessage, response: ServerResponse, url: URL, addresses: readonly string[]): void;
  close(): void;
}

/** Headers between two neighbours (RFC 9110, 7.6.1). */
const BETWEEN_NEIGHBOURS: ReadonlySet<string> = new Set([
  ...["connection", "keep-alive", "proxy-connection", "proxy-authorization", "proxy-authenticate"],
  ...["te", "trailer", "transfer-encoding", "upgrade"],
]);
/** Requests without a body are asked again where a kept connection has just ended, or at the next address. */
const WITHOUT_BODY: ReadonlySet<string> = new Set(["GET", "HEAD"]);

export function httpForwarder(): HttpForwarder {
  const agent = new Agent({ keepAlive: true });
  return {
    forward: (asked, response, url, addresses) => forward(asked, response, url, { agent, addresses }),
    close: () => agent.destroy(),
  };
}

interface Means {
  readonly agent: Agent;
  readonly addresses: readonly string[];
}

function forward(asked: IncomingMessage, response: ServerResponse, url: URL, { agent, addresses }: Means): void {
  const [address, ...others] = addresses;
  const method: string = asked.method ?? "GET";
  if (address === undefined || response.destroyed) return void response.destroy();
  const headers: string[] = [...kept(asked.rawHeaders, "host"), "Host", url.host];
  // Chunks are chunks again on the other side.
  if (asked.headers["transfer-encoding"] !== undefined) headers.push("Transfer-Encoding", "chunked");
  const onward: ClientRequest = request(
    { agent, method, host: address, port: url.port === "" ? 80 : url.port, path: `${url.pathname}${url.search}`, headers },
    (answer) => answerWith(answer, response),
  );
  response.once("close", () => onward.destroy());
  onward.on("error", () => {
    const next: readonly string[] = onward.reusedSocket ? addresses : others;
    if (response.headersSent || !WITHOUT_BODY.has(method) || next.length === 0) return response.destroy();
    try {
      forward(asked, response, url, { agent, addresses: next });
    } catch {
      response.destroy();
    }
  });
  asked.on("error", () => onward.destroy());
  asked.pipe(onward);
}

function answerWith(answer: IncomingMessage, response: ServerResponse): void {
  try {
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? "", kept(answer.rawHeaders));
  } catch {
    // Node takes more from a server than it sends itself.
    answer.destroy();
    response.destroy();
    return;
  }
  answer.on("error", () => response.destroy());
  answer.pipe(response);
}

function kept(rawHeaders: readonly string[], ...without: readonly string[]): string[] {
  const headers: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name: string = rawHeaders[at]!.toLowerCase();
    if (!BETWEEN_NEIGHBOURS.has(name) && !without.includes(name)) headers.push(rawHeaders[at]!, rawHeaders[at + 1]!);
  }
  return headers;
}
