import type { Random } from "../support/random.ts";

/** A value that JSON may hold, or a page may answer. */
export type Json = unknown;

/** Where a part of a value is. */
type Path = readonly (string | number)[];

/** Shared between cases: making them anew would take most of the time. */
const longTexts: readonly string[] = [101, 1_001, 10_001, 65_537].map((length) => "x".repeat(length));
const longLists: readonly unknown[][] = [1_001, 10_001].map((length) => Array.from({ length }, () => null));
const sparseList: unknown[] = [];
sparseList.length = 20_000;
const nested: unknown = JSON.parse("[".repeat(1_000) + "]".repeat(1_000));

const anyValues: readonly Json[] = [
  ...[undefined, null, true, false, 0, -0, -1, 0.5, 1e308, -1e308, 5e-324, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 53 + 2, 16_385],
  ...[Number.NaN, Infinity, -Infinity, "", "0", "1e999", "NaN", "100,movie=/etc/passwd", "file:///etc/passwd", "../../../etc/passwd"],
  ...[
    "-i",
    "|cat /etc/passwd",
    "javascript:alert(1)",
    "\0",
    "\uD800",
    "\u202E\u001B[31m",
    "__proto__",
    "constructor",
    "====",
    "A",
    "AA==\n",
  ],
  ...["data:text/html,<script>", "complete", "done", "reload", "navigated", "framewright", "played"],
  ...[[], [null], [[]], ["x"], {}, { length: 1e9 }, { toString: null }, { value: 1, by: "contract" }],
  ...[
    JSON.parse('{"then":"soon"}'),
    JSON.parse('{"__proto__":{"ready":true,"slot":0}}'),
    JSON.parse('{"constructor":{"prototype":{"x":1}}}'),
  ],
];

/** They cost more time than others: fewer are tried. */
const largeValues: readonly Json[] = [nested, sparseList, ...longTexts, ...longLists];

const extraKeys: readonly string[] = ["__proto__", "constructor", "toString", "hasOwnProperty", "then", "extra", "\0", "\uD800", ""];

/** What was done to a value, for the message of a failure. */
export interface Mutation {
  readonly what: string;
  readonly value: Json;
}

/** The value with one of its parts replaced, left out, repeated or added; in one of five cases two of them. */
export function mutated(value: Json, random: Random): Mutation {
  const first: Mutation = mutatedOnce(value, random);
  if (!random.chance(20)) return first;
  const second: Mutation = mutatedOnce(first.value, random);
  return { what: `${first.what}; ${second.what}`, value: second.value };
}

function mutatedOnce(value: Json, random: Random): Mutation {
  const path: Path = random.pick(pathsOf(value));
  const part: Json = at(value, path);
  const name: string = path.length === 0 ? "the value" : path.join(".");
  if (isObject(part) && random.chance(30)) {
    const key: string = random.pick(extraKeys);
    const extra: Json = random.pick(anyValues);
    return { what: `${name} gets the key ${JSON.stringify(key)}`, value: replaced(value, path, withKey(part, key, extra)) };
  }
  const put: Json = random.chance(35) ? neighbour(part, random) : random.pick(random.chance(10) ? largeValues : anyValues);
  return { what: `${name} becomes ${shown(put)}`, value: replaced(value, path, put) };
}

/** A value of the same type that may be taken for a right one. */
function neighbour(part: Json, random: Random): Json {
  if (typeof part === "number") return random.pick([part + 1, part - 1, -part, part * 2, part / 3, part + 1e6, Math.round(part * 1e3), 1]);
  if (typeof part === "boolean") return !part;
  if (Array.isArray(part)) return random.pick([[], part.slice(1), part.toReversed(), [...part, ...part], [...part, part[0]]]);
  if (typeof part === "string")
    return random.pick([
      part.slice(4),
      `${part}AAAA`,
      part.repeat(3),
      part.toUpperCase(),
      `${part}\0`,
      `http://127.0.0.1:9/${part}`,
      "AAAA".repeat(part.length >> 2),
    ]);
  return random.pick(anyValues);
}

/** The value itself and all that is in it; of long lists the first entries. */
function pathsOf(value: Json, path: Path = []): Path[] {
  if (path.length > 6) return [path];
  if (Array.isArray(value)) return [path, ...value.slice(0, 3).flatMap((item, index) => pathsOf(item, [...path, index]))];
  if (isObject(value)) return [path, ...Object.keys(value).flatMap((key) => pathsOf(value[key], [...path, key]))];
  return [path];
}

function at(value: Json, path: Path): Json {
  return path.reduce<Json>((part, key) => (part as Record<string | number, Json>)[key], value);
}

/** A copy along the path; what becomes undefined is left out. */
function replaced(value: Json, [key, ...rest]: Path, put: Json): Json {
  if (key === undefined) return put;
  if (Array.isArray(value)) return value.map((item, index) => (index === key ? replaced(item, rest, put) : item));
  const old = value as Record<string, Json>;
  const part: Json = replaced(old[key as string], rest, put);
  if (part !== undefined || rest.length > 0) return withKey(old, key as string, part);
  return Object.fromEntries(Object.entries(old).filter(([name]) => name !== key));
}

/** `__proto__` becomes a key of its own, as `JSON.parse` makes it. */
function withKey(value: Record<string, Json>, key: string, part: Json): Record<string, Json> {
  const copy: Record<string, Json> = { ...value };
  Object.defineProperty(copy, key, { value: part, enumerable: true, configurable: true, writable: true });
  return copy;
}

function isObject(value: Json): value is Record<string, Json> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** For messages: short, whatever it is. */
export function shown(value: Json): string {
  if (typeof value === "string") return `${JSON.stringify(value.slice(0, 60))}${value.length > 60 ? ` of ${value.length} characters` : ""}`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (isObject(value)) return `an object with ${Object.keys(value).slice(0, 5).join(", ") || "nothing"}`;
  return Object.is(value, -0) ? "-0" : String(value);
}

/** Text as a page may give it to a binding: numbers that JSON cannot hold as `1e999`, and now and then no JSON at all. */
export function hostileText(value: Json, random: Random): string {
  const text: string = jsonOf(value);
  if (random.chance(85)) return text;
  return random.pick([
    "",
    "null",
    "NaN",
    "undefined",
    "{",
    "[1,]",
    '"\uD800',
    text.slice(0, text.length >> 1),
    `${text}${text}`,
    `\uFEFF${text}`,
    "[".repeat(20_000),
    longTexts.at(-1)!,
  ]);
}

function jsonOf(value: Json): string {
  const written = JSON.stringify(value, (_, part: unknown) =>
    typeof part === "number" && !Number.isFinite(part) ? `\u0001${part > 0 ? "1e999" : "-1e999"}\u0001` : part,
  ) as string | undefined;
  return (written ?? "undefined").replaceAll(/"\\u0001(-?1e999)\\u0001"/g, "$1");
}
