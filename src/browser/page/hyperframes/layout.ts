import { pixels } from "./nested-file.ts";

/** Nothing of these has a box. */
const WITHOUT_BOX = "script, style, link, meta, template";

/** Gives the composition its size, and its clips their places in it: what HyperFrames sees to, so that authors do not write it. */
export function layOut(root: HTMLElement): void {
  const { documentElement, body } = root.ownerDocument;
  const [width, height] = [pixels(root.dataset["width"]), pixels(root.dataset["height"])];
  for (const element of [documentElement, body]) Object.assign(element.style, { margin: "0", padding: "0", overflow: "hidden" });
  for (const element of [documentElement, body, root]) {
    if (width !== null) element.style.width = width;
    if (height !== null) element.style.height = height;
  }
  if (root.style.position === "") root.style.position = "relative";
  root.style.overflow = "hidden";
  placeClips([...root.querySelectorAll<HTMLElement>(":scope > [data-start]")].filter((clip) => !clip.matches(WITHOUT_BOX)));
}

/** Clips of the composition itself lie upon one another. All are read before any is written: each change is a new layout. */
function placeClips(clips: readonly HTMLElement[]): void {
  const inFlow: HTMLElement[] = clips.filter((clip) => !["absolute", "fixed"].includes(getComputedStyle(clip).position));
  for (const { style } of inFlow) style.position = "absolute";
  const without = (side: "width" | "height"): HTMLElement[] =>
    clips.filter((clip) => clip.localName !== "audio" && clip.style[side] === "" && getComputedStyle(clip)[side] === "0px");
  const [flat, low] = [without("width"), without("height")];
  for (const { style, dataset } of flat) style.width = pixels(dataset["width"]) ?? "100%";
  for (const { style, dataset } of low) style.height = pixels(dataset["height"]) ?? "100%";
}
