import { expect, it } from "vitest";
import type { Browser, BrowserPage } from "../../src/core/browser.ts";
import type { FrameInjector, InjectorTraits } from "../../src/core/injector.ts";
import type { MediaFacts } from "../../src/core/media.ts";
import type { ChosenFeed, MediaAnswers } from "../../src/core/media-link.ts";
import type { FrameCache } from "../../src/core/frame-cache.ts";
import { MediaDirector } from "../../src/core/pipeline/media-director.ts";
import type { Plan, PolicyInput } from "../../src/core/policy/plan.ts";

const BUDGET = 1_000_000;
const WORKERS = 3;

/** Where each injector's pictures come from; what the host may keep shows in the cache that it is opened with. */
function injectorOf(name: string, pictures: InjectorTraits["pictures"], opened: FrameCache[]): FrameInjector {
  return {
    contract: 1,
    name,
    traits: { decodesIn: pictures === "none" ? "page" : "process", pictures, sharesPageServer: false, needsSecureContext: false },
    probe: async () => ({ ok: true }),
    async open({ cache }) {
      opened.push(cache);
      return { pageScript: "null", answer: async () => null, close: async () => {}, async [Symbol.asyncDispose]() {} };
    },
  };
}

it.each([
  ["decoded in pages", ["in-page"]],
  ["pushed by the host", ["pushed"]],
  ["of both kinds", ["in-page", "pushed"]],
])("host and pages together may keep what the job may, and no more: pictures %s", async (_, names) => {
  const [opened, asking]: [FrameCache[], MediaAnswers[]] = [[], []];
  await using director = new MediaDirector({
    injectors: [injectorOf("in-page", "none", opened), injectorOf("pushed", "pushed", opened)],
    host: {
      openFiles: () => Promise.reject(new Error("no files are needed")),
      link: async (_page, answers) => {
        asking.push(answers);
        return { read: async () => new Uint8Array(), statistics: async () => null };
      },
    },
    files: { pathOf: async () => "" },
    signal: new AbortController().signal,
    trialLimitMs: 1_000,
    readLimitMs: 1_000,
    warn: () => {},
  });
  for (let page = 0; page <= WORKERS; page++) await director.attach({} as BrowserPage, {} as Browser);
  const videos = names.map((injector, at) => ({ source: `film-${at}`, injector, reason: "" }));
  director.follow({ videos, cacheBytes: BUDGET, workers: WORKERS } as unknown as Plan, {} as PolicyInput);
  let ofPages = 0;
  for (const answers of asking) {
    const feeds: (ChosenFeed | null)[] = [];
    for (const { source } of videos) feeds.push(await answers.feed({ source } as MediaFacts));
    // A page has one budget for all of its videos.
    expect(new Set(feeds.map((feed) => feed!.cacheBytes)).size).toBe(1);
    ofPages += feeds[0]!.cacheBytes;
  }
  const all: number = ofPages + opened[0]!.statistics.budgetBytes;
  expect(all).toBeLessThanOrEqual(BUDGET);
  expect(all).toBeGreaterThan(BUDGET * 0.99);
});
