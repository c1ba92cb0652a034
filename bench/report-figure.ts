import type { PhaseTimings } from "../src/core/result.ts";
import { wayOf, type MatrixRow } from "./matrix-row.ts";

/** Kinds of work, in the order in which they come; each has a colour of its own in the style. */
const phases: readonly (readonly [name: string, words: string, keys: readonly (keyof PhaseTimings)[]])[] = [
  ["capture", "capture: seek and picture", ["captureMs"]],
  ["window", "wait for room", ["windowMs"]],
  ["write", "wait for the encoder", ["writeMs"]],
  ["finish", "finish and verify", ["finishMs", "verifyMs"]],
];

const ROW = 40;
const BAR = 16;
const TOP = 26;
/** Left edges and widths of the columns, in pixels. */
const NAME = 0;
const SPEED = { left: 250, width: 230 };
const TIME = { left: 550, width: 260 };
const MEMORY = { left: 880, width: 120 };
const QUALITY = 1070;
const WIDTH = 1180;

/** The ways on one content, one a line: frames/s, time by phase, memory, and what the file is like. */
export function contentFigure(title: string, rows: readonly MatrixRow[]): string {
  const height: number = TOP + rows.length * ROW;
  const most = (value: (row: MatrixRow) => number): number => Math.max(...rows.map(value));
  const scales: Scales = {
    framesPerSecond: most(({ framesPerSecond }) => framesPerSecond),
    frameMs: most(frameMs),
    memoryBytes: most(({ peakMemoryBytes }) => peakMemoryBytes),
  };
  const lines: string = rows.map((row, at) => line(row, TOP + at * ROW, scales)).join("");
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${title}: frames a second, time by phase and memory of each way">
${heads()}${lines}</svg>`;
}

/** The colours of the phases. */
export function phaseLegend(): string {
  return `<ul class="legend">${phases.map(([name, words]) => `<li><i class="swatch ${name}"></i>${words}</li>`).join("")}</ul>`;
}

interface Scales {
  readonly framesPerSecond: number;
  readonly frameMs: number;
  readonly memoryBytes: number;
}

function heads(): string {
  const head = (x: number, words: string): string => `<text class="head" x="${x}" y="12">${words}</text>`;
  return [
    head(NAME, "capture and frames, encoder, workers"),
    head(SPEED.left, "frames/s"),
    head(TIME.left, "ms a frame, by phase"),
    head(MEMORY.left, "memory, MB"),
    head(QUALITY, "SSIM, file"),
  ].join("");
}

function line(row: MatrixRow, top: number, scales: Scales): string {
  const kind: string = row.isDefault ? "chosen" : row.unsafe === null && row.ssim !== null ? "safe" : "unsafe";
  const [way, ...rest] = wayOf(row).split(", ");
  const tip: string = row.unsafe ?? (row.isDefault ? "what the policy chooses" : "safe");
  const middle: number = top + BAR - 4;
  return `<g><title>${xml(`${wayOf(row)}: ${tip}`)}</title>
<text class="name ${kind}" x="${NAME}" y="${middle}">${xml(way!)}</text><text class="more" x="${NAME}" y="${middle + 13}">${xml(rest.join(", "))}${row.isDefault ? " – default" : ""}</text>
${bar(SPEED, top, row.framesPerSecond / scales.framesPerSecond, kind, short(row.framesPerSecond))}
${stack(row, top, scales.frameMs)}
${bar(MEMORY, top, row.peakMemoryBytes / scales.memoryBytes, "memory", String(Math.round(row.peakMemoryBytes / 1e6)))}
<text class="value" x="${QUALITY}" y="${middle}">${row.ssim === null ? "–" : row.ssim.toFixed(4)}</text><text class="more" x="${QUALITY}" y="${middle + 13}">${(row.byteLength / 1e6).toFixed(2)} MB</text></g>
`;
}

function bar(
  { left, width }: { readonly left: number; readonly width: number },
  top: number,
  share: number,
  kind: string,
  value: string,
): string {
  const length: number = Math.max(1, share * width);
  return `<rect class="bar ${kind}" x="${left}" y="${top}" width="${length.toFixed(1)}" height="${BAR}" rx="2"/><text class="value" x="${(left + length + 6).toFixed(1)}" y="${top + BAR - 4}">${value}</text>`;
}

function stack(row: MatrixRow, top: number, longestMs: number): string {
  let left: number = TIME.left;
  const parts: string[] = phases.map(([name, words, keys]) => {
    const ms: number = phaseMs(row, keys);
    const length: number = (ms / longestMs) * TIME.width;
    const part = `<rect class="${name}" x="${left.toFixed(1)}" y="${top}" width="${length.toFixed(1)}" height="${BAR}"><title>${words}: ${short(ms)} ms</title></rect>`;
    left += length;
    return part;
  });
  return `${parts.join("")}<text class="value" x="${(left + 6).toFixed(1)}" y="${top + BAR - 4}">${short(frameMs(row))}</text>`;
}

function frameMs(row: MatrixRow): number {
  return phases.reduce((sum, [, , keys]) => sum + phaseMs(row, keys), 0);
}

function phaseMs({ phases: times, frames }: MatrixRow, keys: readonly (keyof PhaseTimings)[]): number {
  return keys.reduce((sum, key) => sum + times[key], 0) / frames;
}

function short(value: number): string {
  return value < 10 ? value.toFixed(1) : String(Math.round(value));
}

function xml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
