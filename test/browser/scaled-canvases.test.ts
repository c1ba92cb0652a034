import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { compareBlocks, htmlInCanvas, ringFile, screenshot } from "../../src/node/index.ts";
import { openCaptures } from "../support/open-captures.ts";

const page: string = fileURLToPath(new URL("../pages/scaled-canvases.html", import.meta.url));
const size = { width: 960, height: 540 } as const;

test("canvases that CSS scales are painted at their size, and the page sees its own layout at every seek", async () => {
  await using open = await openCaptures(page, size, 10, [
    { capture: htmlInCanvas({ transports: [ringFile()] }), frameFormat: "I420" },
    { capture: screenshot(), frameFormat: "PNG" },
  ]);
  const [drawn, shown] = open.sessions;
  for (const index of [0, 3, 9, 1]) {
    const { largest, box } = compareBlocks(await drawn!.sample(index), await shown!.sample(index), size);
    expect({ index, box, largest }).toEqual({ index, box: null, largest: expect.any(Number) });
  }
  let changed = 0;
  for await (const frame of drawn!.read({ start: 0, end: 10 }, {})) {
    if (!frame.repeats) changed++;
    frame.close();
  }
  expect(changed).toBe(10);
});
