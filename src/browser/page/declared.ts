import type { Declared } from "../../core/capture.ts";
import type { Size } from "../../core/frame.ts";
import type { FrameRateInput } from "../../core/frame-rate.ts";

/** What a page says of itself. */
export interface Declarations {
  readonly size: Declared<Size> | null;
  readonly frameRate: Declared<FrameRateInput> | null;
  /** Text: JSON carries neither infinity nor NaN. */
  readonly duration: Declared<string> | null;
}

/** One place that says things, with its words. */
export interface Declaring {
  readonly by: Declared<unknown>["by"];
  readonly width?: unknown;
  readonly height?: unknown;
  readonly frameRate?: unknown;
  readonly duration?: unknown;
}

/** The first place that says a thing counts. */
export function firstDeclared(places: readonly Declaring[]): Declarations {
  const first = <Value>(read: (place: Declaring) => Value | null): Declared<Value> | null => {
    for (const place of places) {
      const value: Value | null = read(place);
      if (value !== null) return { value, by: place.by };
    }
    return null;
  };
  return {
    size: first(({ width, height }) => (isSaid(width) && isSaid(height) ? { width: Number(width), height: Number(height) } : null)),
    frameRate: first(({ frameRate }) => (isSaid(frameRate) ? (frameRate as FrameRateInput) : null)),
    duration: first(({ duration }) => (isSaid(duration) ? String(Number(duration)) : null)),
  };
}

function isSaid(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "";
}

/** `<meta name="framewright" content="width=1080, height=1920, fps=30, duration=12">`, written as for a viewport. */
export function metaDeclaring(document: Document, warn: (reason: string) => void): Declaring {
  const content: string = document.querySelector<HTMLMetaElement>('meta[name="framewright" i]')?.content ?? "";
  const said: Record<string, string> = {};
  for (const part of content.split(/[,;]/)) {
    if (part.trim() === "") continue;
    const [name, value = ""] = part.split("=").map((word) => word.trim());
    if (!["width", "height", "fps", "duration"].includes(name!) || value === "")
      warn(`<meta name="framewright"> says "${part.trim()}"; known are width=, height=, fps= and duration=`);
    else said[name!] = value;
  }
  return { by: "meta", width: said["width"], height: said["height"], frameRate: said["fps"], duration: said["duration"] };
}

/** `data-width`, `data-height`, `data-fps` and `data-duration` of the root element or the body. */
export function attributesDeclaring({ documentElement, body }: Document): Declaring {
  const said: DOMStringMap = { ...body?.dataset, ...documentElement.dataset };
  return { by: "attributes", width: said["width"], height: said["height"], frameRate: said["fps"], duration: said["duration"] };
}
