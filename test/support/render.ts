import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of a test, removed with everything in it when the scope ends. */
export interface Scratch extends AsyncDisposable {
  readonly folder: string;
  path(name: string): string;
  /** Writes a page and gives its path. */
  page(html: string, name?: string): Promise<string>;
  /** Names of all files in it, hidden ones too. */
  list(): Promise<string[]>;
}

export async function scratch(): Promise<Scratch> {
  const folder: string = await mkdtemp(join(tmpdir(), "framewright-test-"));
  return {
    folder,
    path: (name) => join(folder, name),
    async page(html, name = "page.html") {
      await writeFile(join(folder, name), html);
      return join(folder, name);
    },
    list: async () => (await readdir(folder)).toSorted(),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
