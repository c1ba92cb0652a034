import { open } from "node:fs/promises";
import type { PageAddress } from "../core/host.ts";

/** The files that a page consists of, so that no output replaces one of them. */
export interface PageFiles {
  /** Notes a file that the page has loaded. */
  loaded(file: string): void;
  /** Paths: the document, the files that it names, and those that were loaded. */
  list(): Promise<readonly string[]>;
}

/** How much of a document is searched for names. What comes later is known once it is loaded. */
const SEARCHED_BYTES = 8 * 1024 * 1024;
const MOST_NAMES = 5_000;

/** Strings, values of attributes without quotes, and `url()` in styles. */
const REFERENCES = /["'`]([^"'`<>\n]{1,1000})["'`]|url\(\s*([^()"'\s]{1,1000})\s*\)|=([^\s"'`<>]{1,1000})/g;
/** With an extension: most other strings are not names of files. */
const FILE_NAME = /\.\w{1,8}(?:[?#].*)?$/;

/** @param document path of the page's HTML file, whose address is `url` */
export function pageFiles(document: string, { url, fileOf }: Pick<PageAddress, "url" | "fileOf">): PageFiles {
  const loaded = new Set<string>();
  let named: Promise<readonly string[]> | null = null;
  return {
    loaded: (file) => void loaded.add(file),
    list: async () => [document, ...(await (named ??= namedFiles(document, url, fileOf!))), ...loaded],
  };
}

async function namedFiles(document: string, url: string, fileOf: NonNullable<PageAddress["fileOf"]>): Promise<readonly string[]> {
  const { origin } = new URL(url);
  const files: string[] = [];
  for (const name of namesIn(await beginningOf(document))) {
    if (!URL.canParse(name, url)) continue;
    const address = new URL(name, url);
    const file: string | null = address.origin === origin ? await fileOf(address).catch(() => null) : null;
    if (file !== null) files.push(file);
  }
  return files;
}

/** What may be a name of a file, each once. */
export function namesIn(html: string): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [, quoted, styled, bare] of html.matchAll(REFERENCES)) {
    const name: string = (quoted ?? styled ?? bare!).trim().replaceAll("&amp;", "&");
    if (FILE_NAME.test(name)) names.add(name);
    if (names.size >= MOST_NAMES) break;
  }
  return names;
}

async function beginningOf(file: string): Promise<string> {
  await using handle = await open(file, "r");
  const buffer = new Uint8Array(Math.min(SEARCHED_BYTES, (await handle.stat()).size));
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
  return new TextDecoder().decode(buffer.subarray(0, bytesRead));
}
