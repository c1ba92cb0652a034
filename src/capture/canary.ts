import type { CanaryLook } from "../browser/messages.ts";
import { defaultComposition, type CaptureRequest } from "../core/capture.ts";

/** A pixel of the canary page and the colour that it must have. */
export interface CanaryPoint {
  readonly at: readonly [number, number];
  readonly color: readonly [number, number, number];
  readonly shows: string;
}

export const CANARY_SIZE = { width: 256, height: 128 } as const;

/**
 * A page whose right picture is known: what browsers that have HTML-in-canvas have got wrong with an iframe. `seek(1)`
 * moves the first box; `seek` to the same time again changes nothing.
 */
export const canaryPage = `<!doctype html>
<style>
  html, body { margin: 0; background: rgb(10, 20, 30) }
  div, canvas, iframe { position: absolute; width: 32px; height: 32px; border: 0 }
  #moved { left: 8px; top: 8px; background: rgb(200, 40, 60) }
  #turned { left: 108px; top: 8px; background: rgb(40, 200, 60); transform: perspective(200px) rotateY(30deg) rotate(90deg) }
  #filtered { left: 158px; top: 8px; background: rgb(0, 0, 0); filter: invert(1) }
  #drawn { left: 8px; top: 72px }
  #framed { left: 58px; top: 72px }
</style>
<div id="moved"></div><div id="turned"></div><div id="filtered"></div>
<canvas id="drawn" width="32" height="32"></canvas>
<iframe id="framed" srcdoc="<body style='margin:0;background:rgb(90,60,220)'>"></iframe>
<script>
  const context = drawn.getContext("2d");
  context.fillStyle = "rgb(220, 180, 20)";
  context.fillRect(0, 0, 32, 32);
  window.framewright = { duration: 1, seek(t) { moved.style.left = 8 + t * 50 + "px"; } };
</script>`;

/** What the canary shows after `seek(1)`. */
export const canaryPoints: readonly CanaryPoint[] = [
  { at: [250, 120], color: [10, 20, 30], shows: "the background" },
  { at: [24, 24], color: [10, 20, 30], shows: "the place that the moved box left" },
  { at: [74, 24], color: [200, 40, 60], shows: "the moved box" },
  { at: [124, 24], color: [40, 200, 60], shows: "the turned box" },
  { at: [174, 24], color: [255, 255, 255], shows: "the filtered box" },
  { at: [24, 88], color: [220, 180, 20], shows: "the 2D canvas" },
  { at: [74, 88], color: [90, 60, 220], shows: "the nested frame" },
];

/** A page that is one canvas, half as large as its box, over a colour. `seek(1)` moves the box in it. */
export const canvasCanaryPage: string = `<!doctype html>
<body style="margin:0;background:rgb(10, 20, 30)">
<canvas id="drawn" width="${CANARY_SIZE.width / 2}" height="${CANARY_SIZE.height / 2}" style="display:block;width:100vw;height:100vh"></canvas>
<script>
  const context = drawn.getContext("2d");
  const seek = (t) => {
    context.reset();
    context.fillStyle = "rgb(200, 40, 60)";
    context.fillRect(8 + t * 48, 8, 32, 32);
  };
  window.framewright = { duration: 2, seek };
</script>`;

/** What it shows after `seek(1)`, in pixels of the box. */
export const canvasCanaryPoints: readonly CanaryPoint[] = [
  { at: [40, 40], color: [10, 20, 30], shows: "the place that the moved box left" },
  { at: [144, 48], color: [200, 40, 60], shows: "the moved box" },
  { at: [250, 120], color: [10, 20, 30], shows: "the background" },
];

/** The canary at `url`, at one frame a second: the frame's index is its time. */
export function canaryRequest(url: string): CaptureRequest {
  return {
    url,
    size: CANARY_SIZE,
    frameRate: { numerator: 1, denominator: 1 },
    frameFormat: "PNG",
    alpha: false,
    composition: defaultComposition,
    readinessTimeoutMs: 10_000,
  };
}

/** Everything that a capture gets wrong: changes that it does not notice, and colours. `look` seeks to a frame and says what is there. */
export async function canaryFaults(look: (index: number) => Promise<CanaryLook>): Promise<string[]> {
  await look(0);
  const moved: CanaryLook = await look(1);
  const still: CanaryLook = await look(1);
  return [
    ...(moved.isDamaged ? [] : ["a change of the canary page was not noticed"]),
    ...(still.isDamaged ? ["an unchanged canary page was taken for changed"] : []),
    ...colorFaults(canaryPoints, moved.colors),
  ];
}

export function colorFaults(points: readonly CanaryPoint[], colors: CanaryLook["colors"]): string[] {
  return points.flatMap(({ color, shows }, at) => {
    const seen: readonly number[] = colors[at] ?? [];
    return color.every((channel, which) => Math.abs(channel - (seen[which] ?? Infinity)) <= 2)
      ? []
      : [`${shows} of the canary page is ${seen.join(",")} instead of ${color.join(",")}`];
  });
}
