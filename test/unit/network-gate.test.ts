import { createServer, request, type Server } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openNetworkGate, type NetworkGate, type NetworkGateOptions } from "../../src/browser/network-gate.ts";
import { hostResolver, type Lookup } from "../../src/browser/resolve-host.ts";
import { networkRule } from "../../src/core/network.ts";

let server: Server;
let port = 0;
let gate: NetworkGate;
let refused: (readonly [origin: string, address: string | null])[] = [];
const looked: string[] = [];

/** Names as a site that means harm has them. */
const names: Readonly<Record<string, readonly string[]>> = {
  localhost: ["127.0.0.1"],
  "evil.example.com": ["127.0.0.1"],
  "mapped.example.com": ["::ffff:127.0.0.1"],
  "cloud.example.com": ["169.254.169.254"],
  "intranet.example.com": ["10.1.2.3", "fc00::1"],
};
const lookup: Lookup = (name) => {
  looked.push(name);
  const found: readonly string[] | undefined = names[name];
  return found ? Promise.resolve(found) : Promise.reject(new Error(`ENOTFOUND ${name}`));
};

beforeAll(async () => {
  server = createServer((asked, response) => {
    const parts: Buffer[] = [];
    asked.on("data", (part: Buffer) => parts.push(part));
    asked.on("end", () =>
      response
        .writeHead(201, { "x-host": asked.headers.host ?? "", "set-cookie": ["a=1", "b=2"] })
        .end(`${asked.method} ${asked.url} ${Buffer.concat(parts).toString()}`),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ({ port } = server.address() as AddressInfo);
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

beforeEach(async () => {
  looked.length = 0;
  gate = await open();
});

afterEach(() => gate[Symbol.asyncDispose]());

async function open(options: Partial<NetworkGateOptions> = {}): Promise<NetworkGate> {
  refused = [];
  return openNetworkGate({
    rule: networkRule(["*.example.com", `evil.example.com:${port}`, `localhost:${port}`], "https://page.test"),
    onRefused: (origin, address) => void refused.push([origin, address]),
    resolve: hostResolver(lookup),
    ...options,
  });
}

/** What comes back on a connection until it ends. */
function said(bytes: string | Buffer, then: (socket: Socket) => void = () => {}): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const socket: Socket = connect(gate.port, "127.0.0.1", () => {
      socket.write(bytes);
      then(socket);
    });
    socket.on("data", (part: Buffer) => {
      answer += part.toString("latin1");
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(answer));
  });
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

function ask(url: string, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port: gate.port, path: url, method: body === undefined ? "GET" : "POST" }, (response) => {
      let text = "";
      response.on("data", (part: Buffer) => {
        text += part.toString();
      });
      response.on("end", () => resolve({ status: response.statusCode!, body: text, headers: response.headers }));
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

describe("a request that is malformed", () => {
  it.each([
    ["a tunnel to nothing", "CONNECT  HTTP/1.1\r\n\r\n"],
    ["a tunnel to a host without a port", "CONNECT example.com HTTP/1.1\r\n\r\n"],
    ["a tunnel to an impossible port", "CONNECT example.com:99999 HTTP/1.1\r\n\r\n"],
    ["a tunnel to a port that is no number", "CONNECT example.com:http HTTP/1.1\r\n\r\n"],
    ["a tunnel to no host", "CONNECT :443 HTTP/1.1\r\n\r\n\u0016"],
    ["a tunnel to a broken address", "CONNECT [::1:443 HTTP/1.1\r\n\r\nx"],
    ["a tunnel to a name with a percent sign", "CONNECT a%zz:443 HTTP/1.1\r\n\r\nx"],
    ["a tunnel to a name with a slash", "CONNECT a/b:443 HTTP/1.1\r\n\r\nx"],
    ["a tunnel with credentials", "CONNECT user@evil.example.com:443 HTTP/1.1\r\n\r\nx"],
    ["an address that is none", "GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["a path alone", "GET /etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["two slashes", "GET // HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["another scheme", "GET file:///etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["an upgrade", "GET http://localhost/ HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"],
    ["no HTTP", "\u0000\u0001\u0002\r\n\r\n"],
    ["headers without end", `GET http://a/ HTTP/1.1\r\nX: ${"y".repeat(100_000)}\r\n\r\n`],
    ["two lengths", "POST http://a/ HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"],
  ])("%s is refused, and the gate goes on", async (_, bytes) => {
    expect(await said(bytes)).not.toMatch(/^HTTP\/1\.1 20[1-9]/);
    expect((await ask(`http://localhost:${port}/after`)).status).toBe(201);
  });

  it("goes away in the middle, and the gate goes on", async () => {
    await said(`CONNECT localhost:${port} HTTP/1.1\r\n\r\n`, (socket) => socket.resetAndDestroy());
    await said(`CONNECT other.test:443 HTTP/1.1\r\n\r\n`, (socket) => socket.resetAndDestroy());
    await said(`POST http://localhost:${port}/ HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nhalf`, (socket) =>
      socket.resetAndDestroy(),
    );
    // Half-closed: no byte says what the tunnel is for.
    await said(`CONNECT other.test:443 HTTP/1.1\r\n\r\n`, (socket) => void socket.end());
    expect((await ask(`http://localhost:${port}/after`)).status).toBe(201);
  });

  it("is none where a server answers what this program would not send", async () => {
    const odd = createServer(({ socket }) => socket.end("HTTP/1.1 099 Odd\r\nX: \u0001\r\nContent-Length: 0\r\n\r\n"));
    await new Promise<void>((resolve) => odd.listen(0, "127.0.0.1", resolve));
    gate.admit((odd.address() as AddressInfo).port);
    await expect(ask(`http://127.0.0.1:${(odd.address() as AddressInfo).port}/`)).rejects.toThrow();
    odd.close();
  });
});

describe("what is allowed", () => {
  it("is passed on, with its headers and its body", async () => {
    const answer = await ask(`http://localhost:${port}/path?query`, "body");
    expect(answer).toMatchObject({ status: 201, body: "POST /path?query body" });
    expect(answer.headers).toMatchObject({ "x-host": `localhost:${port}`, "set-cookie": ["a=1", "b=2"] });
  });

  it("is passed through a tunnel", async () => {
    const answer: string = await said(
      `CONNECT localhost:${port} HTTP/1.1\r\n\r\nGET /tunnel HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toContain("GET /tunnel");
  });

  it("is a server of ours that was admitted, and no other port of this machine", async () => {
    await expect(ask(`http://127.0.0.1:${port}/`)).rejects.toThrow();
    gate.admit(port);
    expect((await ask(`http://127.0.0.1:${port}/`)).status).toBe(201);
  });

  it("is refused to other users of this machine", async () => {
    await gate[Symbol.asyncDispose]();
    gate = await open({ isTrusted: () => Promise.resolve(false) });
    await expect(ask(`http://localhost:${port}/`)).rejects.toThrow();
    expect(await said(`CONNECT localhost:${port} HTTP/1.1\r\n\r\n`)).toBe("");
  });
});

describe("a name that is allowed", () => {
  it.each([
    ["evil.example.com", "127.0.0.1"],
    ["mapped.example.com", "::ffff:127.0.0.1"],
    ["cloud.example.com", "169.254.169.254"],
    ["intranet.example.com", "10.1.2.3"],
  ])("is refused where it leads to this machine or its network: %s to %s", async (name, address) => {
    await expect(ask(`http://${name}/`)).rejects.toThrow();
    await said(`CONNECT ${name}:443 HTTP/1.1\r\n\r\n\u0016`);
    expect(refused).toEqual([
      [`http://${name}`, address],
      [`https://${name}`, address],
    ]);
  });

  it("is looked up once, so that it cannot lead elsewhere after it was checked", async () => {
    await expect(ask("http://evil.example.com/")).rejects.toThrow();
    await expect(ask(`http://evil.example.com:${port}/`)).rejects.toThrow();
    expect(looked).toEqual(["evil.example.com"]);
  });

  it("is no reason to look up names that are refused anyway", async () => {
    await expect(ask("http://far.test/")).rejects.toThrow();
    expect([looked, refused]).toEqual([[], [["http://far.test", null]]]);
  });
});
