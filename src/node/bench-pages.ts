import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { ContentClass } from "../core/policy/costs.ts";

/** In the package the pages lie beside what was built; in the repository in a folder of their own. */
const folders: readonly URL[] = ["bench-pages/", "../../bench/pages/"].map((folder) => new URL(folder, import.meta.url));

/** Paths of the pages that stand for each kind of content. */
export function benchPages(): Readonly<Record<ContentClass, string>> {
  const folder: URL = folders.find((one) => existsSync(one)) ?? folders[0]!;
  const page = (name: string): string => fileURLToPath(new URL(name, folder));
  return {
    motion: page("cards.html"),
    canvas: page("canvas-2d.html"),
    webgl: page("canvas-webgl.html"),
    text: page("text.html"),
    static: page("slides.html"),
  };
}
