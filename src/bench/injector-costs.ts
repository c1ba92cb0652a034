import { codecFamily, type InjectorCost } from "../core/policy/costs.ts";
import type { FedRun, PageRun } from "./film-runs.ts";
import { rounded } from "./rounded.ts";

/** What videos are taken to need beside their pictures where the system does not tell: about what Linux says of H.264. */
const ASSUMED_DECODER_BYTES = 40_000_000;
const ASSUMED_PAGE_BYTES = 550_000_000;
/** Milliseconds by millions of pixels: a cost of nothing counts as none. */
const LEAST_COST = 0.01;

/** What was captured: the same page with so many films, and without. */
export interface FilmRuns {
  readonly bare: PageRun;
  readonly fed: FedRun;
  readonly count: number;
  readonly frames: number;
  /** Bytes that `pageBytesOf` found. */
  readonly pageBytes: number;
}

/** What a picture of a film cost, over all of them. */
export function injectorCostOf(injector: string, { bare, fed, count, frames, pageBytes }: FilmRuns): InjectorCost {
  const { size, codec } = fed.facts.video!;
  const megapixels: number = (frames * count * size.width * size.height) / 1e6;
  const costOf = (ms: number, bareMs: number): number => rounded(Math.max(LEAST_COST, (ms - bareMs) / megapixels));
  const decoderBytes: number | null = workerBytes(fed, bare);
  return {
    ...{ injector, codec: codecFamily(codec) },
    msPerMegapixel: costOf(fed.wallMs, bare.wallMs),
    cpuMsPerMegapixel: costOf(fed.cpuMs, bare.cpuMs),
    memoryBytes: rounded(pictureBytes(fed, count)),
    decoderBytes: decoderBytes === null ? ASSUMED_DECODER_BYTES : rounded(Math.max(0, (decoderBytes - pageBytes) / count)),
    pageBytes: rounded(pageBytes),
  };
}

/** What a worker takes for one film, less what it takes for each of several. */
export function pageBytesOf(one: FedRun, several: FedRun, bare: PageRun, count: number): number {
  const [ofOne, ofSeveral] = [workerBytes(one, bare), workerBytes(several, bare)];
  if (ofOne === null || ofSeveral === null) return ASSUMED_PAGE_BYTES;
  return Math.max(0, ofOne - (ofSeveral - ofOne) / (count - 1));
}

/** A row for all codecs that have none: what the dearest of those that were measured costs. */
export function withOthers(rows: readonly InjectorCost[]): InjectorCost[] {
  const all: InjectorCost[] = [];
  for (const name of new Set(rows.map(({ injector }) => injector))) {
    const own: readonly InjectorCost[] = rows.filter(({ injector }) => injector === name);
    const dearest: InjectorCost = own.reduce((most, row) => (row.msPerMegapixel > most.msPerMegapixel ? row : most));
    all.push(...own, { ...dearest, codec: "any" });
  }
  return all;
}

/** What one film has ready at most in its page; and of those that the host carries there, their files. */
function pictureBytes({ facts, kept: { page, host } }: FedRun, count: number): number {
  const { width, height } = facts.video!.size;
  const inPageBytes: number = (page?.peakBytes ?? 0) / count;
  const fileBytes: number = host.entries === 0 ? 0 : host.bytes / host.entries;
  return inPageBytes + (inPageBytes / (4 * width * height)) * fileBytes;
}

/** What a page takes more with its films, beside the pictures that are ready. */
function workerBytes({ memoryBytes, kept: { page } }: FedRun, bare: PageRun): number | null {
  return memoryBytes === null || bare.memoryBytes === null ? null : memoryBytes - bare.memoryBytes - (page?.bytes ?? 0);
}
