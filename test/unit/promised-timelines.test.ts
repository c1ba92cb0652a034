import { describe, expect, it } from "vitest";
import { promisedTimelines } from "../../src/browser/page/hyperframes/promised-timelines.ts";

/** What a script promises. */
const promised = (script: string): { ids: string[]; others: boolean } => {
  const { ids, others } = promisedTimelines([script]);
  return { ids: [...ids.keys()], others };
};

describe("timelines that scripts promise", () => {
  it.each([
    [`window.__timelines["main"] = timeline;`, ["main"]],
    ["window.__timelines['a b'] = timeline;", ["a b"]],
    ["window.__timelines[`main`] ??= timeline;", ["main"]],
    ["__timelines . intro = timeline", ["intro"]],
    ["window.__timelines = window.__timelines || {}; window.__timelines.main = timeline;", ["main"]],
    ["window.__timelines.a = one; window.__timelines.b = two;", ["a", "b"]],
    [`hyperframesAnime.register("main", timeline, { labels: {} });`, ["main"]],
    ["window.hyperframesAnime . register( 'a b', timeline)", ["a b"]],
  ])("are named where they are assigned: %s", (script, ids) => {
    expect(promised(script)).toEqual({ ids, others: false });
  });

  it.each([
    "window.__timelines[id] = timeline;",
    "window.__timelines = { main: timeline };",
    "Object.assign(window.__timelines, { main: timeline });",
    "hyperframesAnime.register(id, timeline);",
    "const timelines = (window.__timelines ??= {}); timelines.main = window.__timelines;",
  ])("are known to come where the name is not: %s", (script) => {
    expect(promised(script)).toEqual({ ids: [], others: true });
  });

  it.each([
    "",
    "gsap.timeline({ paused: true });",
    "window.__timelines = window.__timelines || {};",
    "window.__timelines = window.__timelines ?? {}",
    "window.__timelines ||= {};",
    "if (!window.__timelines) { window.__timelines = {}; }",
    `// window.__timelines["main"] = timeline;`,
    `/* window.__timelines["main"] = timeline; */`,
    `hyperframesAnime.get("main").instance.add(".box", { x: 80 });`,
  ])("are not expected of a script that only makes sure of the registry, or comments: %s", (script) => {
    expect(promised(script)).toEqual({ ids: [], others: false });
  });

  it("are not those that are read", () => {
    expect(promised(`if (window.__timelines["main"] === undefined) show();`)).toEqual({ ids: [], others: true });
  });
});
