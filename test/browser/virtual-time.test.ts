import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { randomNumbers } from "../../src/browser/page/clock/random.ts";
import { checkGauges, gaugePage, inComposition, openGauges, readHashes } from "../support/gauges.ts";
import { scratch, type Scratch } from "../support/render.ts";

let folder: Scratch;

beforeAll(async () => {
  folder = await scratch();
});
afterAll(() => folder[Symbol.asyncDispose]());

const RATE = 30;
/** Where a bar is that grows by `perSecond` pixels from `from` seconds on, for `seconds`. */
const grown = (index: number, perSecond: number, from = 0, seconds = Infinity): number =>
  Math.max(0, Math.min(index / RATE - from, seconds)) * perSecond;

describe("animations of the browser", () => {
  it("plays CSS animations with delay, iterations, direction and fill at their times", async () => {
    const page = await folder.page(
      gaugePage(
        `<i class="g" id="plain"></i><i class="g" id="late"></i><i class="g" id="twice"></i><i class="g" id="held"></i><i class="g" id="paused"></i>`,
        `<style>
          @keyframes grow { to { transform: scaleX(240) } }
          .g { animation: grow 2s linear }
          #late { animation-delay: 0.5s; animation-fill-mode: both }
          #twice { animation: grow 0.5s linear 2 alternate forwards }
          #held { animation: grow 1s linear forwards }
          #paused { animation: grow 1s linear -0.5s paused }
        </style>`,
      ),
    );
    const facts = await checkGauges({
      page,
      rate: RATE,
      frames: 60,
      access: "random",
      expected: (index) => {
        const t: number = index / RATE;
        return [grown(index, 120), grown(index, 120, 0.5, 2), t < 0.5 ? t * 480 : Math.max(0, (1 - t) * 480), grown(index, 240, 0, 1), 120];
      },
    });
    // The longest ends at 2.5 s; the paused one never does.
    expect(facts.duration).toEqual({ value: 2.5, by: "animations" });
    expect(facts.adapters).toContain("animations");
  });

  it("plays animations made by scripts, with rates, pauses, reverses and promises", async () => {
    const page = await folder.page(
      gaugePage(
        `<i class="g"></i><i class="g"></i><i class="g"></i><i class="g"></i><i class="g"></i>
        <script>
          const [a, b, c, d, e] = document.querySelectorAll(".g");
          const grow = (bar, timing) => bar.animate([{ transform: "scaleX(0)" }, { transform: "scaleX(240)" }], timing);
          grow(a, { duration: 2000, fill: "forwards" });
          grow(b, { duration: 2000, fill: "forwards" }).playbackRate = 2;
          const back = grow(c, { duration: 1000, fill: "both" });
          back.reverse();
          const waiting = grow(d, { duration: 1000, fill: "forwards" });
          waiting.pause();
          setTimeout(() => waiting.play(), 500);
          grow(e, { duration: 500 }).finished.then(() => { e.style.transform = "scaleX(33)"; });
        </script>`,
      ),
    );
    await checkGauges({
      page,
      rate: RATE,
      frames: 60,
      access: "sequential",
      expected: (index) => [
        grown(index, 120),
        grown(index, 240, 0, 1),
        240 - grown(index, 240, 0, 1),
        grown(index, 240, 0.5, 1),
        index < 15 ? index * 16 : 33,
      ],
    });
  });

  it("starts transitions at the frame that shows the change, also of those that follow one another", async () => {
    const page = await folder.page(
      gaugePage(
        `<i class="g" id="one"></i><i class="g" id="two"></i>
        <script>
          requestAnimationFrame(() => requestAnimationFrame(() => one.classList.add("on")));
          one.addEventListener("transitionend", () => two.classList.add("on"));
        </script>`,
        `<style>.g { transition: transform 0.5s linear } .on { transform: scaleX(240) }</style>`,
      ),
    );
    await checkGauges({
      page,
      rate: RATE,
      frames: 45,
      access: "sequential",
      expected: (index) => [grown(index - 1, 480, 0, 0.5), grown(index - 16, 480, 0, 0.5)],
    });
  });
});

describe("scripts that move by themselves", () => {
  it("gives animation frames the time of the output's frame", async () => {
    const page = await folder.page(
      gaugePage(`<i class="g"></i><i class="g"></i><i class="g"></i>
        <script>
          const [a, b, c] = document.querySelectorAll(".g");
          const start = performance.now(), startDate = Date.now();
          let count = 0;
          requestAnimationFrame(function draw(time) {
            a.style.transform = \`scaleX(\${(time - start) * 0.12})\`;
            b.style.transform = \`scaleX(\${(Date.now() - startDate) * 0.12})\`;
            c.style.transform = \`scaleX(\${count++ * 4})\`;
            requestAnimationFrame(draw);
          });
        </script>`),
    );
    await checkGauges({ page, rate: RATE, frames: 60, access: "sequential", expected: (index) => [index * 4, index * 4, index * 4] });
  });

  it("runs timers in their order and at their times", async () => {
    const page = await folder.page(
      gaugePage(`<i class="g"></i><i class="g"></i><i class="g"></i>
        <script>
          const [a, b, c] = document.querySelectorAll(".g");
          let ticks = 0, chained = 0;
          setInterval(() => { a.style.transform = \`scaleX(\${++ticks * 5})\`; }, 50);
          setTimeout(function again() { b.style.transform = \`scaleX(\${++chained * 5})\`; setTimeout(again, 100); }, 100);
          const order = [];
          setTimeout(() => order.push("late"), 20);
          setTimeout(() => Promise.resolve().then(() => order.push("promise")), 10);
          setTimeout(() => order.push("early"), 10);
          setTimeout(() => { c.style.transform = \`scaleX(\${order.join() === "promise,early,late" ? 100 : 200})\`; }, 30);
        </script>`),
    );
    const passed = (index: number, ms: number): number => Math.floor((index * 1000) / RATE / ms + 1e-9);
    await checkGauges({
      page,
      rate: RATE,
      frames: 60,
      access: "sequential",
      expected: (index) => [passed(index, 50) * 5, passed(index, 100) * 5, index === 0 ? 0 : 100],
    });
  });

  it("seeds what is random: particles fly alike in every run, and otherwise with another seed", async () => {
    const page = await folder.page(
      gaugePage(`<i class="g"></i><i class="g"></i><i class="g"></i>
        <script>
          const [a, b, c] = document.querySelectorAll(".g");
          const bytes = new Uint8Array(1);
          (function draw() {
            a.style.transform = \`scaleX(\${Math.random() * 300})\`;
            b.style.transform = \`scaleX(\${crypto.getRandomValues(bytes)[0]})\`;
            c.style.transform = \`scaleX(\${parseInt(crypto.randomUUID().slice(0, 2), 16)})\`;
            requestAnimationFrame(draw);
          })();
        </script>`),
    );
    // By a generator of our own in the page order: a number for Math.random takes two steps, a byte one, a UUID sixteen.
    const numbers = randomNumbers(0, 0);
    const drawn = (): number[] => {
      const random: number = numbers.next() * 300;
      const byte: number = numbers.nextUint32() & 255;
      const [uuid] = Array.from({ length: 16 }, () => numbers.nextUint32() & 255);
      return [random, byte, uuid!];
    };
    // The first is drawn while the page loads, the second at frame 0.
    drawn();
    const expected: number[][] = Array.from({ length: 20 }, drawn);
    await checkGauges({ page, rate: RATE, frames: 20, access: "sequential", expected: (index) => expected[index]! });
    await using seeded = await openGauges(page, RATE, { seed: 7 });
    await using unseeded = await openGauges(page, RATE);
    expect(await readHashes(seeded.sessions[0]!, 0, 3)).not.toEqual(await readHashes(unseeded.sessions[0]!, 0, 3));
  });

  it("tells the same virtual time by every clock of the page", async () => {
    const page = await folder.page(gaugePage("", "<script>const born = performance.now();</script>"));
    await using captures = await openGauges(page, RATE, { startDateMs: Date.UTC(2030, 4, 6, 7, 8, 9) });
    const session = captures.sessions[0]!;
    await session.sample(45);
    const seen = await inComposition<Record<string, unknown>>(
      session,
      `({
        date: Date.now(), text: new Date().toISOString(), called: Date() === new Date().toString(), isDate: new Date() instanceof Date,
        given: new Date(2020, 1, 2).getFullYear(), now: performance.now(), born, timeline: document.timeline.currentTime,
        origin: performance.timeOrigin, event: new Event("x").timeStamp,
        format: new Intl.DateTimeFormat("en-GB", { dateStyle: "short", timeStyle: "medium", timeZone: "UTC" }).format(),
        temporal: globalThis.Temporal ? Temporal.Now.instant().epochMilliseconds : Date.now(),
      })`,
    );
    const start: number = Date.UTC(2030, 4, 6, 7, 8, 9);
    expect(seen).toEqual({
      date: start + 1500,
      text: "2030-05-06T07:08:10.500Z",
      called: true,
      isDate: true,
      given: 2020,
      now: 1500,
      born: 0,
      timeline: 1500,
      origin: start,
      event: 1500,
      format: "06/05/2030, 07:08:10",
      temporal: start + 1500,
    });
  });

  it("keeps frames inside the page in the same time", async () => {
    const inner = gaugePage(`<i class="g"></i><script>
      requestAnimationFrame(function draw(time) { document.querySelector("i").style.transform = \`scaleX(\${time * 0.12})\`; requestAnimationFrame(draw); });
    </script>`);
    await folder.page(inner, "inner.html");
    const frame = (attributes: string, top: number): string =>
      `<iframe ${attributes} style="position:absolute;left:0;top:${top}px;width:320px;height:20px;border:0" scrolling="no"></iframe>`;
    const page = await folder.page(
      gaugePage(
        `${frame('src="inner.html"', 0)}${frame(`srcdoc='${inner.replaceAll("'", "&#39;")}'`, 20)}<i></i>
        <script>
          setTimeout(() => {
            const late = document.createElement("iframe");
            late.src = "inner.html";
            late.style.cssText = "position:absolute;left:0;top:40px;width:320px;height:20px;border:0";
            document.body.append(late);
          }, 500);
        </script>`,
        "<style>iframe { color-scheme: normal }</style>",
      ),
    );
    await checkGauges({
      page,
      rate: RATE,
      frames: 30,
      access: "sequential",
      // One that comes later starts its own time then.
      expected: (index) => [index * 4, index * 4, Math.max(0, index - 15) * 4],
    });
  });

  it("does not stand still for ever where the page waits for time: a busy loop, an idle callback, an AudioContext, an await in seek", async () => {
    const page = await folder.page(
      gaugePage(`<i class="g"></i><i class="g"></i><i class="g"></i><i class="g"></i>
        <script>
          const [a, b, c, d] = document.querySelectorAll(".g");
          const show = (bar, length) => { bar.style.transform = \`scaleX(\${length})\`; };
          const start = performance.now();
          while (performance.now() - start < 5);
          show(a, 50);
          requestIdleCallback((deadline) => show(b, deadline.timeRemaining() > 0 ? 60 : 0));
          const audio = new AudioContext();
          audio.resume().then(() => setInterval(() => show(c, audio.state === "running" ? audio.currentTime * 120 : 0), 10));
          window.framewright = { duration: 1, async seek(t) {
            await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
            await new Promise((resolve) => setTimeout(resolve, 100));
            show(d, t * 120);
          } };
        </script>`),
    );
    await checkGauges({
      page,
      rate: RATE,
      frames: 20,
      access: "sequential",
      // The interval of 10 ms last ran at the last whole ten.
      expected: (index) => [50, 60, (Math.floor((index * 1000) / RATE / 10 + 1e-9) * 10 * 120) / 1000, index * 4],
    });
  });

  it("waits for the answers to what the page asks servers for", async () => {
    await folder.page('{ "length": 123 }', "data.json");
    const page = await folder.page(
      gaugePage(`<i class="g"></i><i class="g"></i>
        <script>
          const [a, b] = document.querySelectorAll(".g");
          const load = async (bar) => { bar.style.transform = \`scaleX(\${(await (await fetch("data.json")).json()).length})\`; };
          load(a);
          setTimeout(load, 300, b);
        </script>`),
    );
    await checkGauges({ page, rate: RATE, frames: 15, access: "sequential", expected: (index) => [123, index < 9 ? 0 : 123] });
  });

  it("says that workers keep real time", async () => {
    const page = await folder.page(gaugePage(`<script>new Worker(URL.createObjectURL(new Blob([""])));</script>`));
    await using captures = await openGauges(page, RATE);
    expect(captures.sessions[0]!.facts.warnings).toEqual([expect.stringContaining("started the worker blob:")]);
  });
});

describe("a page that cannot go back", () => {
  it("is loaded again and played from its start when an earlier frame is asked for", async () => {
    const page = await folder.page(
      gaugePage(`<i class="g"></i><script>
        let steps = 0;
        (function draw() { document.querySelector("i").style.transform = \`scaleX(\${steps++ * 3})\`; requestAnimationFrame(draw); })();
      </script>`),
    );
    await using captures = await openGauges(page, RATE);
    const session = captures.sessions[0]!;
    expect(session.facts.access).toBe("sequential");
    const forward = await readHashes(session, 0, 30);
    expect(new Set(forward).size).toBe(30);
    expect(await readHashes(session, 12, 14)).toEqual(forward.slice(12, 14));
  });

  it("is so from the moment on that it moves by itself, and jumps over no frame from then on", async () => {
    const page = await folder.page(
      gaugePage(`<i class="g"></i><script>
        let steps = 0;
        const draw = () => { document.querySelector("i").style.transform = \`scaleX(\${++steps * 3})\`; requestAnimationFrame(draw); };
        window.framewright = { duration: 2, seek(t) { if (t >= 0.5 && steps === 0) draw(); } };
      </script>`),
    );
    await using captures = await openGauges(page, RATE);
    const session = captures.sessions[0]!;
    expect(session.facts.access).toBe("random");
    const [fifteen] = await readHashes(session, 15, 16);
    const [thirty] = await readHashes(session, 30, 31);
    expect(await readHashes(session, 15, 31)).toEqual(expect.arrayContaining([fifteen, thirty]));
    expect((await readHashes(session, 15, 31)).at(-1)).toBe(thirty);
  });
});
