// Runs under every runtime: imports each entry of the installed package, renders with both encoders, and in a process of its own.
import { readdirSync, statSync } from "node:fs";
import * as core from "framewright";
import { render } from "framewright/node";
import { patternSource } from "framewright/testing";

if (typeof core.parseJob !== "function" || typeof patternSource !== "function") throw new Error("An entry lacks its exports");
for (const encoder of ["ffmpeg-pipe", "webcodecs"]) {
  const output = `${encoder}.mp4`;
  const { facts, plan, checks, transport } = await render({ page: "page.html", output, width: 320, height: 180, frameRate: 25, encoder });
  if (facts.frameCount !== 25 || statSync(output).size !== facts.byteLength) throw new Error(`Wrong facts: ${JSON.stringify(facts)}`);
  if (checks.comparisons === 0) throw new Error("The capture was not checked");
  console.log(
    `  ${plan.capture} (${transport ?? "in the page"}) and ${plan.encoder}: ${facts.frameCount} frames, ${facts.byteLength} bytes`,
  );
}
{
  const output = "isolated.mp4";
  const job = { page: "page.html", output, width: 320, height: 180, frameRate: 25, encoder: "webcodecs" };
  const frames = [];
  const onEvent = (event) => event.type === "frame-encoded" && frames.push(event.index);
  const { facts } = await render(job, { isolation: "process", onEvent });
  if (frames.length !== 25 || statSync(output).size !== facts.byteLength) throw new Error(`Wrong facts: ${JSON.stringify(facts)}`);
  console.log(`  in a process of its own: ${facts.frameCount} frames, ${facts.byteLength} bytes`);
}
const left = readdirSync(".").filter((name) => name.endsWith(".partial"));
if (left.length > 0) throw new Error(`Left behind: ${left.join(", ")}`);
