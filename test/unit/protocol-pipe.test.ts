import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { messageLimits, ProtocolPipe, type OversizedMessage } from "../../src/browser/protocol-pipe.ts";

interface Piped {
  readonly pipe: ProtocolPipe;
  /** What the browser writes. */
  readonly input: PassThrough;
  readonly messages: object[];
  readonly oversized: OversizedMessage[];
  readonly garbled: Error[];
  /** What was written to the browser. */
  sent(): object[];
  /** Resolves when all that was written has been delivered. */
  settled(): Promise<void>;
}

function piped(targetCommands: ConstructorParameters<typeof ProtocolPipe>[2]["targetCommands"] = []): Piped {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const [messages, oversized, garbled]: [object[], OversizedMessage[], Error[]] = [[], [], []];
  const pipe = new ProtocolPipe(input, output, {
    targetCommands,
    onOversized: (message) => void oversized.push(message),
    onGarbled: (error) => void garbled.push(error),
  });
  pipe.onmessage = (message) => void messages.push(message);
  return {
    ...{ pipe, input, messages, oversized, garbled },
    sent: () =>
      ((output.read() as Buffer | null)?.toString() ?? "")
        .split("\0")
        .filter(Boolean)
        .map((text) => JSON.parse(text) as object),
    async settled() {
      while (input.readableLength > 0) await new Promise((resolve) => void setImmediate(resolve));
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => void setImmediate(resolve));
    },
  };
}

/** A message of the browser with a text of so many bytes. */
function event(method: string, bytes: number): string {
  return `{"method":"${method}","params":{"text":"${"x".repeat(bytes)}"},"sessionId":"A1"}\0`;
}

describe("the pipe of the protocol", () => {
  test("delivers messages in order, however they are cut", async () => {
    const { input, messages, settled } = piped();
    const bytes = Buffer.from(Array.from({ length: 50 }, (_, id) => `{"id":${id},"result":{"text":"ü${"y".repeat(id * 7)}"}}\0`).join(""));
    for (let start = 0; start < bytes.length; start += 37) input.write(bytes.subarray(start, start + 37));
    await settled();
    expect(messages).toEqual(Array.from({ length: 50 }, (_, id) => ({ id, result: { text: `ü${"y".repeat(id * 7)}` } })));
  });

  test("skips an event that is larger than its limit, reports it, and reads on", async () => {
    const { input, messages, oversized, settled } = piped();
    input.write(event("Page.frameNavigated", messageLimits.event));
    input.write(event("Runtime.bindingCalled", messageLimits.event));
    await settled();
    expect(oversized).toEqual([{ method: "Page.frameNavigated", byteLength: messageLimits.event + 70, limitBytes: messageLimits.event }]);
    expect(messages).toMatchObject([{ method: "Runtime.bindingCalled" }]);
  });

  test("answers a call whose answer is too large with an error, in its session", async () => {
    const { input, messages, settled } = piped();
    input.write(`{"id":7,"result":{"text":"`);
    for (let piece = 0; piece < 65; piece++) input.write("z".repeat(1024 * 1024));
    input.write(`"},"sessionId":"5A-B"}\0`);
    await settled();
    expect(messages).toEqual([
      {
        id: 7,
        error: { code: -32000, message: expect.stringMatching(/^it has 68157\d+ bytes, and at most 67108864 are read$/) },
        sessionId: "5A-B",
      },
    ]);
  });

  test("reads larger answers where a picture was asked for", async () => {
    const { pipe, input, messages, settled } = piped();
    pipe.send({ id: 7, method: "Page.captureScreenshot" });
    input.write(`{"id":7,"result":{"data":"`);
    for (let piece = 0; piece < 65; piece++) input.write("z".repeat(1024 * 1024));
    input.write(`"}}\0`);
    await settled();
    expect(messages).toMatchObject([{ id: 7, result: { data: expect.any(String) } }]);
  });

  test("ignores what pages write to their consoles, whatever its size", async () => {
    const { input, messages, oversized, settled } = piped();
    input.write(event("Runtime.consoleAPICalled", 10));
    input.write(event("Runtime.consoleAPICalled", messageLimits.event + 1));
    input.write(event("Page.loadEventFired", 10));
    await settled();
    expect(messages).toMatchObject([{ method: "Page.loadEventFired" }]);
    expect(oversized).toEqual([]);
  });

  test("ignores events of the network that are too large to be read", async () => {
    const { input, messages, oversized, settled } = piped();
    input.write(event("Network.requestWillBeSent", messageLimits.event + 1));
    input.write(event("Network.webSocketFrameSent", 10));
    input.write(event("Network.requestWillBeSent", 10));
    await settled();
    expect(messages).toMatchObject([{ method: "Network.requestWillBeSent" }]);
    expect(oversized).toEqual([]);
  });

  test.each(["not JSON\0", "7\0", "null\0", '{"id":1\0'])("closes where the browser writes %j", async (text) => {
    const { pipe, input, messages, garbled, settled } = piped();
    let closed = 0;
    pipe.onclose = () => closed++;
    input.write(text);
    input.write(event("Page.loadEventFired", 1));
    await settled();
    expect({ messages, garbled: garbled.length, closed }).toEqual({ messages: [], garbled: 1, closed: 1 });
    expect(() => pipe.send({})).toThrow("The pipe to the browser is closed");
  });

  test("prepares each page and frame before it runs, and keeps the answers to itself", async () => {
    const { input, messages, sent, settled } = piped([{ method: "Emulation.setLocaleOverride", params: { locale: "de-DE" } }]);
    const attached = (type: string, sessionId: string): string =>
      `${JSON.stringify({ method: "Target.attachedToTarget", params: { sessionId, targetInfo: { type } } })}\0`;
    input.write(attached("page", "P") + attached("worker", "W") + attached("iframe", "F"));
    await settled();
    const calls = sent() as { id: number; sessionId: string }[];
    expect(calls).toMatchObject([
      { method: "Emulation.setLocaleOverride", params: { locale: "de-DE" }, sessionId: "P" },
      { method: "Emulation.setLocaleOverride", params: { locale: "de-DE" }, sessionId: "F" },
    ]);
    for (const { id, sessionId } of calls) input.write(`{"id":${id},"result":{},"sessionId":"${sessionId}"}\0`);
    await settled();
    expect(messages).toHaveLength(3);
  });
});
