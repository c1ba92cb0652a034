import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { screenshot } from "../../src/capture/screenshot.ts";
import { checkGauges, gaugeAt, gaugePage, gaugeSize, openGauges, readHashes } from "../support/gauges.ts";
import { openCaptures } from "../support/open-captures.ts";
import { scratch, type Scratch } from "../support/render.ts";
import { decodePictures } from "../support/video-frames.ts";

let folder: Scratch;

beforeAll(async () => {
  folder = await scratch();
});
afterAll(() => folder[Symbol.asyncDispose]());

const RATE = 30;
/** Times of frames are fractions that floating-point numbers miss. */
const isFrom = (index: number, seconds: number): boolean => index / RATE > seconds - 1e-9;
/** How far something has come that goes from 0 to 1 in `seconds`, from a time on. */
const part = (index: number, from: number, seconds: number): number => Math.max(0, Math.min(1, (index / RATE - from) / seconds));
const bars = (count: number): string => Array.from({ length: count }, (_, at) => `<i class="g" id="b${at}"></i>`).join("");
const grow = `<style>@keyframes grow { from { transform: scaleX(0) } to { transform: scaleX(240) } }</style>`;
const show = "const show = (bar, length) => { bar.style.transform = `scaleX(${length})`; };";

describe("what style does to animations", () => {
  it("takes effect at its frame, however the page changes the style", async () => {
    const page = await folder.page(
      gaugePage(
        `<input type="checkbox" id="box" style="position:absolute;left:-99px">${bars(8)}<div id="around"><b class="g"></b></div>
        <script>
          const rule = (selector) => [...sheet.sheet.cssRules].find(({ selectorText }) => selectorText === selector);
          setTimeout(() => {
            b0.style.animationPlayState = "paused";
            b1.classList.add("paused");
            rule("#b2").style.animationPlayState = "paused";
            b3.style.animationDuration = "2s";
            box.checked = true;
            b6.style.animation = "none";
            b6.offsetWidth;
            b6.style.animation = "";
            keyframes.textContent = keyframes.textContent.replace("240", "120");
          }, 500);
        </script>`,
        `${grow}<style id="keyframes">@keyframes other { from { transform: scaleX(0) } to { transform: scaleX(240) } }</style>
        <style id="sheet">
          #b0, #b1, #b2, #b3, #b6 { animation: grow 1s linear forwards }
          #b2 { color: red }
          .paused { animation-play-state: paused !important }
          #box:checked ~ #b4 { animation: grow 1s linear forwards }
          #b5 { animation: grow 0.1s linear infinite }
          #b7 { animation: other 1s linear forwards }
          #around { container-type: inline-size; width: 100px; animation: widen 1s steps(2, end) forwards }
          #around .g { top: 160px }
          @keyframes widen { to { width: 300px } }
          @container (min-width: 150px) { b.g { animation: grow 1s linear forwards } }
        </style>`,
      ),
    );
    await checkGauges({
      page,
      rate: RATE,
      frames: 36,
      access: "sequential",
      expected: (index) => {
        const whole: number = part(index, 0, 1) * 240;
        const held: number = Math.min(whole, 120);
        const later: number = part(index, 0.5, 1) * 240;
        return [
          ...[held, held, held],
          isFrom(index, 0.5) ? part(index, 0, 2) * 240 : whole,
          later,
          // At the end of a turn the next one begins.
          (index % 3) * 80,
          isFrom(index, 0.5) ? later : whole,
          isFrom(index, 0.5) ? whole / 2 : whole,
          later,
        ];
      },
    });
  });

  it("turns transitions round from where they are at the frame, whichever timer comes first", async () => {
    const page = await folder.page(
      gaugePage(
        `${bars(2)}<script>
          for (const [at, on] of [[200, true], [400, false]])
            for (const bar of [b0, b1]) setTimeout(() => bar.classList.toggle("on", on), at);
        </script>`,
        "<style>.g { transition: transform 0.5s linear } .on { transform: scaleX(240) }</style>",
      ),
    );
    await checkGauges({
      page,
      rate: RATE,
      frames: 24,
      access: "sequential",
      expected: (index) =>
        Array.from({ length: 2 }, () => (isFrom(index, 0.4) ? 96 - part(index, 0.4, 0.2) * 96 : part(index, 0.2, 0.5) * 240)),
    });
  });

  it("is followed through the handlers of events that start one another, also where a later frame is asked for first", async () => {
    const page = await folder.page(
      gaugePage(
        `${bars(6)}<script>
          const bars = [b0, b1, b2, b3, b4, b5];
          b0.addEventListener("animationend", () => b1.classList.add("on"));
          for (const [at, bar] of bars.entries())
            if (at > 0 && at < 5) bar.addEventListener("animationstart", () => bars[at + 1].classList.add("on"));
        </script>`,
        `${grow}<style>#b0 { animation: grow 0.3s linear } .on { animation: grow 0.5s linear forwards }</style>`,
      ),
    );
    await checkGauges({
      page,
      rate: RATE,
      frames: 30,
      access: "sequential",
      expected: (index) => [isFrom(index, 0.3) ? 0 : index * 26.667, ...Array.from({ length: 5 }, () => part(index, 0.3, 0.5) * 240)],
    });
  });

  it("is the same in screenshots: the compositor moves nothing by itself", async () => {
    const page = await folder.page(
      gaugePage(
        `${bars(2)}<script>
          let frames = 0;
          requestAnimationFrame(function draw() { if (++frames === 4) b1.classList.add("on"); requestAnimationFrame(draw); });
        </script>`,
        `${grow}<style>.g { will-change: transform } #b0, .on { animation: grow 1s linear }</style>`,
      ),
    );
    await using captures = await openCaptures(page, gaugeSize, RATE, [{ capture: screenshot(), frameFormat: "PNG" }]);
    const pictures: Uint8Array[] = [];
    for await (const { pixels, close } of captures.sessions[0]!.read({ start: 0, end: 8 }, {})) {
      pictures.push(Uint8Array.from((pixels as { readonly data: Uint8Array }).data));
      close();
    }
    const rgb: Uint8Array[] = await decodePictures(pictures, gaugeSize);
    const seen: number[][] = rgb.map((picture) => {
      const rgba: Uint8Array = Uint8Array.from({ length: (picture.length / 3) * 4 }, (_, at) => picture[Math.floor(at / 4) * 3]!);
      return [Math.round(gaugeAt(rgba, 0)), Math.round(gaugeAt(rgba, 1))];
    });
    expect(seen).toEqual(Array.from({ length: 8 }, (_, index) => [index * 8, Math.max(0, index - 3) * 8]));
  });

  it("is shown at once where a view transition would blend it, with a warning", async () => {
    const page = await folder.page(
      gaugePage(`${bars(1)}<script>${show} setTimeout(() => document.startViewTransition(() => show(b0, 100)), 100);</script>`),
    );
    await using captures = await openGauges(page, RATE);
    const hashes: string[] = await readHashes(captures.sessions[0]!, 0, 6);
    expect(hashes.map((hash) => hash === hashes[0])).toEqual([true, true, true, false, false, false]);
    expect(captures.warnings).toEqual([expect.stringContaining("view transition, which is skipped")]);
  });
});

describe("work that the browser does by itself", () => {
  it("is done before time goes on: messages, tasks, pictures, observers", async () => {
    await folder.page(
      `<svg xmlns="http://www.w3.org/2000/svg" width="100" height="20"><rect width="100" height="20" fill="#fff"/></svg>`,
      "bar.svg",
    );
    const page = await folder.page(
      gaugePage(
        `${bars(7)}<div id="box" style="position:absolute;left:-500px;top:0;width:10px;height:10px"></div>
        <div id="back" style="position:absolute;left:0;top:140px;width:100px;height:20px"></div>
        <script>
          ${show}
          let sent = 0;
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => { show(b0, ++sent); if (sent < 150) port2.postMessage(0); };
          setTimeout(() => port2.postMessage(0), 200);
          scheduler.postTask(async () => { for (let turn = 1; turn <= 50; turn++) { await scheduler.yield(); show(b1, turn); } }, { delay: 200 });
          AbortSignal.timeout(200).onabort = () => show(b2, 90);
          (async () => { for (let turn = 1; ; turn++) { await new Promise((resolve) => setTimeout(resolve, 0)); if (performance.now() >= 200) show(b3, 80); } })();
          let frames = 0;
          requestAnimationFrame(async function draw() {
            const canvas = new OffscreenCanvas(8, 8);
            canvas.getContext("2d").fillRect(0, 0, 8, 8);
            await createImageBitmap(await canvas.convertToBlob());
            show(b4, ++frames * 4);
            requestAnimationFrame(draw);
          });
          new ResizeObserver(([{ contentRect }]) => { if (contentRect.width > 10) b5.classList.add("on"); }).observe(box);
          setTimeout(() => {
            box.style.width = "50px";
            const picture = new Image();
            picture.onload = () => show(b6, picture.naturalWidth);
            picture.src = "bar.svg?1";
            back.style.backgroundImage = "url(bar.svg?2)";
          }, 200);
        </script>`,
        `${grow}<style>.on { animation: grow 0.5s linear forwards }</style>`,
      ),
    );
    await checkGauges({
      page,
      rate: RATE,
      frames: 15,
      access: "sequential",
      expected: (index) => {
        const isLater: boolean = isFrom(index, 0.2);
        const late = (length: number): number => (isLater ? length : 0);
        return [late(150), late(50), late(90), null, (index + 1) * 4, part(index, 0.2, 0.5) * 240, late(100), late(100)];
      },
    });
  });
});

describe("a page that loads slowly", () => {
  const files: Readonly<Record<string, string>> = {
    "/": `<!doctype html><img src="/bar.svg"><script>setTimeout(() => location.replace("page.html"), 0);</script>`,
    "/page.html": gaugePage(
      `${bars(4)}<script>
        ${show}
        let chained = 0, frames = 0;
        (function again() { chained++; setTimeout(again, 0); })();
        requestAnimationFrame(function draw() { show(b1, ++frames * 3); show(b2, chained % 240); requestAnimationFrame(draw); });
        window.framewright = { duration: 1, ready: (async () => {
          await fetch("/bar.svg?1");
          const picture = new Image();
          picture.src = "/bar.svg?2";
          await new Promise((resolve) => { picture.onload = resolve; });
          show(b3, picture.naturalWidth + performance.now());
        })() };
      </script><script src="/heavy.js" defer></script>`,
      `${grow}<style>#b0 { animation: grow 0.2s linear }</style>`,
    ),
    // As long as the animation and longer: it must not be over before the first frame.
    "/heavy.js": "let sum = 0; for (let turn = 0; turn < 3e8; turn++) sum += turn % 7; globalThis.sum = sum;",
    "/bar.svg": `<svg xmlns="http://www.w3.org/2000/svg" width="100" height="20"/>`,
  };

  /** A server each of whose answers takes longer than the one before. */
  async function serve(stepMs: number): Promise<Server> {
    let answers = 0;
    const server: Server = createServer(({ url = "" }, response) => {
      const path: string = url.split("?")[0]!;
      const type: string = path.endsWith(".js") ? "text/javascript" : path.endsWith(".svg") ? "image/svg+xml" : "text/html";
      setTimeout(() => response.setHeader("content-type", type).end(files[path]), answers++ * stepMs);
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  it("gives the same frames as from a quick server, and none of the page that it redirects from", async () => {
    const read = async (stepMs: number): Promise<string[]> => {
      const server: Server = await serve(stepMs);
      try {
        await using captures = await openGauges(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, RATE);
        return await readHashes(captures.sessions[0]!, 0, 12);
      } finally {
        server.close();
      }
    };
    const quick: string[] = await read(0);
    expect(new Set(quick).size).toBe(12);
    expect(await read(120)).toEqual(quick);
  });
});
