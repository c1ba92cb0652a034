import { fileURLToPath } from "node:url";

/** A page that the benches capture. */
export interface BenchPage {
  readonly name: string;
  readonly path: string;
}

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export const cards: BenchPage = { name: "cards", path: at("pages/cards.html") };
export const still: BenchPage = { name: "still", path: at("pages/still.html") };
export const slides: BenchPage = { name: "slides", path: at("pages/slides.html") };
export const text: BenchPage = { name: "text", path: at("pages/text.html") };

export const canvas2d: BenchPage = { name: "canvas-2d", path: at("pages/canvas-2d.html") };
export const canvasWebGl: BenchPage = { name: "canvas-webgl", path: at("pages/canvas-webgl.html") };

export const examples: readonly BenchPage[] = ["hello", "chart", "particles"].map((name) => ({
  name,
  path: at(`../examples/${name}/index.html`),
}));
