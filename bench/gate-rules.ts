import type { CaptureTraits } from "../src/core/capture.ts";
import type { EncoderTraits } from "../src/core/encoder.ts";
import { wayOf, type MatrixRow } from "./matrix-row.ts";

/** How much slower than the best safe way the default may be. */
export const SLOWEST_SHARE = 0.9;

/** What a row is searched for: by name. */
export interface BuiltIn {
  readonly captures: readonly { readonly name: string; readonly traits: Pick<CaptureTraits, "gives" | "needsSingleCanvas"> }[];
  readonly encoders: readonly { readonly name: string; readonly traits: Pick<EncoderTraits, "writes"> }[];
  readonly injectors: readonly { readonly name: string }[];
  readonly transports: readonly string[];
}

/** A default, and the safe way that was clearly faster in the same run. */
export interface SlowDefault {
  readonly chosen: MatrixRow;
  readonly better: MatrixRow;
}

/** Defaults that are slower than they may be. */
export function slowDefaults(rows: readonly MatrixRow[]): SlowDefault[] {
  return rows
    .filter(({ isDefault }) => isDefault)
    .flatMap((row): SlowDefault[] => {
      const comparable = rows.filter(({ content, container }) => content === row.content && container === row.container);
      // A row that asked for what the policy chose by itself measured the default once more.
      const chosen: MatrixRow = fastest(comparable.filter((one) => wayOf(one) === wayOf(row))) ?? row;
      const better: MatrixRow | null = fastest(comparable.filter((one) => one.unsafe === null && wayOf(one) !== wayOf(row)));
      return better !== null && chosen.framesPerSecond < better.framesPerSecond * SLOWEST_SHARE ? [{ chosen, better }] : [];
    });
}

function fastest(rows: readonly MatrixRow[]): MatrixRow | null {
  return rows.reduce<MatrixRow | null>((best, row) => (best === null || row.framesPerSecond > best.framesPerSecond ? row : best), null);
}

export function slowDefaultWords({ chosen, better }: SlowDefault): string {
  const percent: number = Math.round((1 - chosen.framesPerSecond / better.framesPerSecond) * 100);
  return `${chosen.content}: the default (${wayOf(chosen)}) gives ${chosen.framesPerSecond} frames/s, ${percent} % less than ${wayOf(better)} with ${better.framesPerSecond}; measure anew with npm run bench:policy, or change the policy`;
}

/** Built-in parts that nobody measured, and contents without a default. */
export function missingRows(rows: readonly MatrixRow[], { captures, encoders, transports }: Omit<BuiltIn, "injectors">): string[] {
  const lacks = (kind: string, names: readonly string[], has: (row: MatrixRow, name: string) => boolean): string[] =>
    names.filter((name) => !rows.some((row) => has(row, name))).map((name) => `the ${kind} ${name} has no row; add one to bench/matrix.ts`);
  const contents: readonly string[] = ["motion", "static", "canvas", "webgl", "text", "4k"];
  return [
    ...lacks(
      "capture",
      captures.map(({ name }) => name),
      (row, name) => row.capture === name,
    ),
    ...lacks(
      "encoder",
      encoders.map(({ name }) => name),
      (row, name) => row.encoder === name,
    ),
    ...lacks("transport", transports, (row, name) => row.transport === name),
    ...lacks("default of the content", contents, (row, name) => row.isDefault && row.content === name),
  ];
}

/** What a table of costs must hold to be the policy's; anything else is a drifted shape. */
export function tableFaults(table: unknown, builtIn: BuiltIn): string[] {
  if (!isObject(table)) return ["the table is no object"];
  const shape: string[] = Object.entries(topKinds).flatMap(([key, isRight]) =>
    isRight(table[key]) ? [] : [`${key} is ${JSON.stringify(table[key]) ?? "not there"}`],
  );
  shape.push(...unknownKeys(table, topKinds, "the table"));
  const [captures, encoders, injectors] = [listOf(table["captures"]), listOf(table["encoders"]), listOf(table["injectors"])];
  return [
    ...shape,
    ...captures.flatMap((row, at) => rowFaults(row, captureKinds, `captures[${at}]`)),
    ...encoders.flatMap((row, at) => rowFaults(row, encoderKinds, `encoders[${at}]`)),
    ...injectors.flatMap((row, at) => rowFaults(row, injectorKinds, `injectors[${at}]`)),
    ...captureGaps(captures, builtIn),
    ...encoderGaps(encoders, builtIn),
    ...injectorGaps(injectors, builtIn),
  ];
}

type Kinds = Readonly<Record<string, (value: unknown) => boolean>>;

const isText = (value: unknown): boolean => typeof value === "string" && value !== "";
const isCost = (value: unknown): boolean => typeof value === "number" && Number.isFinite(value) && value > 0;
const isCount = (value: unknown): boolean => typeof value === "number" && Number.isFinite(value) && value >= 0;
const oneOf =
  (...values: readonly unknown[]) =>
  (value: unknown): boolean =>
    values.includes(value);

const topKinds: Kinds = {
  version: oneOf(1),
  basis: oneOf("measured on this host", "measured on a reference machine"),
  machine: isText,
  cores: isCost,
  usage: oneOf("measured", "assumed"),
  captures: Array.isArray,
  encoders: Array.isArray,
  injectors: Array.isArray,
};
const frameFormat = oneOf("RGBA", "I420", "PNG", "JPEG", "page");
const captureKinds: Kinds = {
  capture: isText,
  frameFormat,
  content: oneOf("motion", "canvas", "webgl", "text", "static"),
  msPerMegapixel: isCost,
  cpuMsPerMegapixel: isCost,
  memoryBytes: isCost,
};
const encoderKinds: Kinds = {
  encoder: isText,
  codec: isText,
  level: oneOf("draft", "standard", "high", "lossless"),
  frameFormat,
  cpuMsPerMegapixel: isCost,
};
const injectorKinds: Kinds = {
  injector: isText,
  codec: isText,
  msPerMegapixel: isCost,
  cpuMsPerMegapixel: isCost,
  memoryBytes: isCost,
  decoderBytes: isCount,
  pageBytes: isCount,
};

function rowFaults(row: Record<string, unknown>, kinds: Kinds, where: string): string[] {
  const wrong: string[] = Object.entries(kinds).flatMap(([key, isRight]) =>
    isRight(row[key]) ? [] : [`${where}.${key} is ${JSON.stringify(row[key]) ?? "not there"}`],
  );
  return [...wrong, ...unknownKeys(row, kinds, where)];
}

function unknownKeys(row: object, kinds: Kinds, where: string): string[] {
  return Object.keys(row)
    .filter((key) => !(key in kinds))
    .map((key) => `${where} holds ${key}, which the shape does not know`);
}

/** Each capture on each content that it is for, in each format that it gives; and no others. */
function captureGaps(rows: readonly Record<string, unknown>[], { captures }: BuiltIn): string[] {
  const wanted: readonly string[] = captures.flatMap(({ name, traits }) =>
    (traits.needsSingleCanvas ? ["canvas", "webgl"] : ["motion", "canvas", "webgl", "text", "static"]).flatMap((content) =>
      traits.gives.map((format) => `${name} ${format} on ${content}`),
    ),
  );
  return gaps(
    wanted,
    rows.map((row) => `${String(row["capture"])} ${String(row["frameFormat"])} on ${String(row["content"])}`),
  );
}

/** Each encoder at the standard level of what it writes first; and no others. */
function encoderGaps(rows: readonly Record<string, unknown>[], { encoders }: BuiltIn): string[] {
  const measured: readonly string[] = rows.map((row) => String(row["encoder"]));
  const [known, has] = [new Set(encoders.map(({ name }) => name)), new Set(measured)];
  const h264: readonly string[] = encoders.filter(({ traits }) => traits.writes.mp4?.includes("h264") === true).map(({ name }) => name);
  const standard = new Set(
    rows.filter(({ codec, level }) => codec === "h264" && level === "standard").map((row) => String(row["encoder"])),
  );
  return [
    ...[...known].filter((name) => !has.has(name)).map((name) => `${name} is not in the table`),
    ...h264.filter((name) => has.has(name) && !standard.has(name)).map((name) => `${name} h264 standard is not in the table`),
    ...[...has].filter((name) => !known.has(name)).map((name) => `${name} is in the table, and no part has that name`),
  ];
}

/** Each injector with H.264 and with what has no row of its own; and no others. */
function injectorGaps(rows: readonly Record<string, unknown>[], { injectors }: BuiltIn): string[] {
  const known: readonly string[] = injectors.map(({ name }) => name);
  const wanted: readonly string[] = known.flatMap((name) => [`${name} avc1`, `${name} any`]);
  const given = new Set(rows.map((row) => `${String(row["injector"])} ${String(row["codec"])}`));
  const unknown = new Set(rows.map((row) => String(row["injector"])).filter((name) => !known.includes(name)));
  return [
    ...wanted.filter((one) => !given.has(one)).map((one) => `${one} is not in the table`),
    ...[...unknown].map((name) => `${name} is in the table, and no part has that name`),
  ];
}

function gaps(wanted: readonly string[], given: readonly string[]): string[] {
  return [
    ...wanted.filter((one) => !given.includes(one)).map((one) => `${one} is not in the table`),
    ...given.filter((one) => !wanted.includes(one)).map((one) => `${one} is in the table, and no part gives it`),
  ];
}

function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
