import { describe, expect, it } from "vitest";
import { messageLines } from "../../src/node/isolation/message-lines.ts";
import { parseMessage } from "../../src/node/isolation/parse-message.ts";
import type { RenderMessage } from "../../src/node/isolation/protocol.ts";
import { renderMessages } from "../support/render-messages.ts";

/** What a render process writes, which a page may control. */

type Path = readonly (string | number)[];

const named: readonly (readonly [string, RenderMessage])[] = renderMessages.map(
  (message) => [message.type === "event" ? `event ${message.event.type}` : message.type, message] as const,
);

/** Each field of a message, at every depth, but for the details of errors, which are free. */
function pathsOf(value: unknown, path: Path = []): Path[] {
  if (path.at(-1) === "details") return [path];
  const inner: Path[] =
    typeof value === "object" && value !== null
      ? Object.entries(value).flatMap(([key, each]) => pathsOf(each, [...path, Array.isArray(value) ? Number(key) : key]))
      : [];
  return path.length === 0 ? inner : [path, ...inner];
}

function replaced(value: unknown, [key, ...rest]: Path, by: unknown): unknown {
  if (key === undefined) return by;
  if (Array.isArray(value)) return value.map((each, at) => (at === key ? replaced(each, rest, by) : each));
  const fields = value as Record<string, unknown>;
  return { ...fields, [key]: replaced(fields[key], rest, by) };
}

function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<string | number, unknown>)[key], value);
}

describe("parseMessage", () => {
  it.each(named)("reads a valid message unchanged: %s", (_, message) => {
    expect(parseMessage(JSON.stringify(message))).toEqual(message);
  });

  it.each(named)("rejects a value of another kind in every field: %s", (_, message) => {
    const accepted: string[] = [];
    for (const path of pathsOf(message)) {
      const before: unknown = at(message, path);
      const hostile: readonly unknown[] = [
        typeof before === "object" ? "text" : { length: 3 },
        typeof before === "number" ? "1" : 7,
        typeof before === "boolean" ? 1 : true,
      ];
      for (const value of hostile) {
        try {
          parseMessage(JSON.stringify(replaced(message, path, value)));
          accepted.push(`${path.join(".")} = ${JSON.stringify(value)}`);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(Error);
        }
      }
    }
    expect(accepted).toEqual([]);
  });

  it("rejects numbers that are not finite", () => {
    const line: string = JSON.stringify({ type: "span", span: { name: "a", track: "b", startMs: 1, durationMs: 99 } });
    expect(() => parseMessage(line.replace("99", "1e999"))).toThrow("span.durationMs");
  });

  it("drops unknown fields", () => {
    const line = '{"type":"alive","__proto__":{"isTrusted":true},"extra":1}';
    expect(parseMessage(line)).toEqual({ type: "alive" });
  });

  it.each([
    "",
    "null",
    "[]",
    "7",
    "not JSON",
    "{}",
    '{"type":"no such message"}',
    '{"type":["alive"]}',
    '{"type":"event"}',
    '{"type":"event","event":null}',
    '{"type":"error","code":"no-such-code","message":"","details":{}}',
    `{"type":"error","code":"page-failed","message":"","details":{"deep":${"[".repeat(100_000)}${"]".repeat(100_000)}}}`,
  ])("rejects %.60s", (line) => {
    expect(() => parseMessage(line)).toThrow(Error);
  });
});

describe("messageLines", () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

  it("joins lines that come in pieces, and splits pieces that hold several", () => {
    const lines = messageLines(100);
    expect(lines(bytes("on"))).toEqual([]);
    expect(lines(bytes("e\ntwo\n\nth"))).toEqual(["one", "two", ""]);
    expect(lines(bytes("ree\n"))).toEqual(["three"]);
  });

  it("keeps a character whose bytes come apart", () => {
    const lines = messageLines(100);
    const [text] = [bytes("é\n")];
    expect(lines(text.subarray(0, 1))).toEqual([]);
    expect(lines(text.subarray(1))).toEqual(["é"]);
  });

  it("takes a line of the longest length", () => {
    expect(messageLines(3)(bytes("abc\nabc\n"))).toEqual(["abc", "abc"]);
  });

  it("rejects a longer line, also one that never ends", () => {
    expect(() => messageLines(3)(bytes("abcd\n"))).toThrow("longer than 3 bytes");
    const lines = messageLines(3);
    lines(bytes("abc"));
    expect(() => lines(bytes("d"))).toThrow("longer than 3 bytes");
  });
});
