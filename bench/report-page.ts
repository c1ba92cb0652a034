import type { CaptureCost, ContentClass, MeasuredCosts } from "../src/core/policy/costs.ts";
import type { Claim, ClaimsReport } from "./claims.ts";
import type { MachineFacts } from "./machine.ts";
import type { BenchContent, MatrixRow } from "./matrix-row.ts";
import { contentFigure, phaseLegend } from "./report-figure.ts";
import { reportStyle } from "./report-style.ts";
import type { PolicyResults } from "./results-file.ts";

const titles: Readonly<Record<BenchContent, readonly [title: string, words: string]>> = {
  motion: ["Full motion", "twelve cards with wide shadows, all of them turning"],
  text: ["Text", "letters that move and fade"],
  canvas: ["Canvas, 2D", "four hundred discs, drawn anew in every frame"],
  webgl: ["Canvas, WebGL", "a scene in three dimensions, drawn without a graphics card"],
  static: ["Mostly static", "slides: one frame in twenty changes"],
  "4k": ["4K", "the cards at 3840 × 2160"],
};

/** One page that needs nothing but itself. */
export function reportPage({ machine, costs, matrix, claims }: PolicyResults): string {
  const contents = Object.keys(titles) as BenchContent[];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Framewright benchmarks</title>
<style>${reportStyle}</style>
</head>
<body>
<header>
<h1>What each way costs</h1>
<p class="lead">Whole renders, in turns, on one machine. ${mark("chosen")} is what the policy chooses by itself;
${mark("safe")} could be chosen without the picture being worse; ${mark("unsafe")} is a loss of picture, a larger file, or another kind of output.</p>
${machineList(machine)}
</header>
${claims === null ? "" : claimsSection(claims)}
<section>
<h2>Ways side by side</h2>
<p>Frames a second are those of a long video: without the start. Time is what each kind of work took a frame; work that went on side by side
is added up, so that a bar may be longer than the frame took. Memory is that of the host process, its browsers and ffmpeg at their peak.</p>
${phaseLegend()}
${contents.map((content) => contentSection(content, matrix.rows)).join("")}
</section>
${failures(matrix.failed.map(({ content, way, reason }) => `${titles[content][0]}, ${way}: ${reason}`))}
${costsSection(costs)}
</body>
</html>
`;
}

function mark(kind: "chosen" | "safe" | "unsafe"): string {
  const words = { chosen: "The strongest bar", safe: "a plain bar", unsafe: "a dashed one" } as const;
  return `<span class="mark"><i class="swatch ${kind}"></i>${words[kind]}</span>`;
}

function machineList({ date, cpu, cores, memoryBytes, system, runtime, browser, ffmpeg }: MachineFacts): string {
  const facts: readonly (readonly [string, string])[] = [
    ["Processor", `${cpu}, ${cores} cores`],
    ["Memory", `${(memoryBytes / 1e9).toFixed(1)} GB`],
    ["System", `${system}, ${runtime}`],
    ["Browser", browser],
    ["ffmpeg", ffmpeg],
    ["Measured", date.slice(0, 10)],
  ];
  return `<dl>${facts.map(([name, value]) => `<div><dt>${name}</dt><dd>${escaped(value)}</dd></div>`).join("")}</dl>`;
}

function claimsSection({ claims, rounds }: ClaimsReport): string {
  const line = ({ claim, atLeast, measured, note }: Claim): string => {
    const verdict: string = measured === null ? "none" : measured >= atLeast ? "holds" : "fails";
    const figure: string = measured === null ? "–" : `${measured} ×`;
    const words = { none: "nothing to measure", holds: "holds", fails: "does not hold" }[verdict];
    return `<tr><td>${escaped(claim)}<small>${escaped(note)}</small></td><td class="number">${figure}</td><td class="number">${atLeast} ×</td><td class="${verdict}">${words}</td></tr>`;
  };
  return `<section>
<h2>What is promised</h2>
<p>Medians of ${rounds} rounds in which the renders take turns.</p>
<div class="wide"><table><thead><tr><th>Promise</th><th class="number">Measured</th><th class="number">At least</th><th></th></tr></thead>
<tbody>${claims.map(line).join("")}</tbody></table></div>
</section>
`;
}

function contentSection(content: BenchContent, all: readonly MatrixRow[]): string {
  const rows: readonly MatrixRow[] = all
    .filter((row) => row.content === content)
    .sort((one, other) => other.framesPerSecond - one.framesPerSecond);
  if (rows.length === 0) return "";
  const [title, words] = titles[content];
  return `<figure><figcaption><h3>${title}</h3><p>${words}; ${rows[0]!.frames} frames, of which ${rows[0]!.repeats} equal the one before</p></figcaption>
<div class="wide">${contentFigure(title, rows)}</div></figure>
`;
}

function failures(lines: readonly string[]): string {
  if (lines.length === 0) return "";
  return `<section><h2>What gave no row</h2><ul>${lines.map((line) => `<li>${escaped(line)}</li>`).join("")}</ul></section>`;
}

const columns: readonly (readonly [ContentClass, string])[] = [
  ["motion", "motion"],
  ["text", "text"],
  ["canvas", "canvas"],
  ["webgl", "WebGL"],
  ["static", "mostly static"],
];

/** What the policy goes by. */
function costsSection({ captures, encoders }: MeasuredCosts): string {
  const ways: readonly string[] = [...new Set(captures.map(wayOfCost))];
  const most: number = Math.max(...captures.map(({ msPerMegapixel }) => msPerMegapixel));
  const cell = (way: string, content: ContentClass): string => {
    const cost: CaptureCost | undefined = captures.find((one) => wayOfCost(one) === way && one.content === content);
    if (cost === undefined) return `<td class="number">–</td>`;
    const share: number = Math.round((cost.msPerMegapixel / most) * 100);
    return `<td class="number" style="--share: ${share}%">${milliseconds(cost.msPerMegapixel)}<small>${milliseconds(cost.cpuMsPerMegapixel)}</small></td>`;
  };
  const captureRows: string = ways
    .map((way) => `<tr><th>${escaped(way)}</th>${columns.map(([content]) => cell(way, content)).join("")}</tr>`)
    .join("");
  const encoderRows: string = encoders
    .map(
      ({ encoder, codec, level, frameFormat, cpuMsPerMegapixel }) =>
        `<tr><th>${encoder}</th><td>${codec}</td><td>${level}</td><td>${frameFormat}</td><td class="number">${milliseconds(cpuMsPerMegapixel)}</td></tr>`,
    )
    .join("");
  return `<section>
<h2>What the policy goes by</h2>
<p>Milliseconds of one frame at 1920 × 1080: the time that passes, and small below it the processor time of all processes of the worker.</p>
<div class="wide"><table class="costs"><thead><tr><th>Capture</th>${columns.map(([, name]) => `<th class="number">${name}</th>`).join("")}</tr></thead><tbody>${captureRows}</tbody></table></div>
<p>Processor time to encode one frame of the cards.</p>
<div class="wide"><table><thead><tr><th>Encoder</th><th>Codec</th><th>Level</th><th>Frames</th><th class="number">ms</th></tr></thead><tbody>${encoderRows}</tbody></table></div>
</section>
`;
}

function wayOfCost({ capture, frameFormat }: CaptureCost): string {
  return `${capture} ${frameFormat}`;
}

function milliseconds(perMegapixel: number): string {
  const value: number = (perMegapixel * 1920 * 1080) / 1e6;
  return value < 10 ? value.toFixed(1) : String(Math.round(value));
}

/** Text inside HTML. */
export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
