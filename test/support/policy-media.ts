import type { PageFacts } from "../../src/core/capture.ts";
import type { InjectorTraits } from "../../src/core/injector.ts";
import type { PageMedia } from "../../src/core/media.ts";
import type { InjectorCost } from "../../src/core/policy/costs.ts";
import type { InjectorCandidate, PlanFailure, PolicyInput } from "../../src/core/policy/plan.ts";
import type { Support } from "../../src/core/support.ts";
import type { GoldenCase } from "./policy-table.ts";
import { hostOf, plainPage, policyInput } from "./policy-input.ts";

/** What pages can show, by the name that tests call it. */
const codecs: Readonly<Record<string, { readonly codec: string; readonly decodesInPage: boolean }>> = {
  h264: { codec: "avc1.640028", decodesInPage: true },
  hevc: { codec: "hvc1.1.6.L93.B0", decodesInPage: false },
  prores: { codec: "prores", decodesInPage: false },
};

const home: string = new URL(plainPage.url).origin;
const places: Readonly<Record<string, string>> = { far: "https://elsewhere.example", blob: `blob:${home}`, unused: home };

/**
 * Media of a page in words: "h264" is a video of 1080p of the page's own server that plays, "far:h264" one from elsewhere, "blob:h264" one
 * that the page made, "unused:prores" one that nothing plays, "audio" a sound, "closed" a video that scripts cannot read.
 */
export function pageMedia(words: string): PageMedia[] {
  return words.split(" ").map((word, at) => {
    const [name, place] = word.split(":").toReversed();
    const source = `${places[place ?? ""] ?? home}/${at}.${name}`;
    const media = { source, durationSeconds: 10, byteLength: 1e6 };
    const isUsed: boolean = place !== "unused";
    if (name === "audio") {
      const audio = { codec: "mp4a.40.2", sampleRate: 48_000, channels: 2, decodesInPage: true };
      return { kind: "audio", source, facts: { ...media, video: null, audio }, fault: null, isUsed };
    }
    if (name === "closed") return { kind: "video", source, facts: null, fault: null, isUsed };
    const video = { ...codecs[name!]!, size: { width: 1920, height: 1080 }, hasAlpha: false, frameRate: 30, tickSeconds: 1 / 15_360 };
    return { kind: "video", source, facts: { ...media, video: { ...video, rotation: 0 }, audio: null }, fault: null, isUsed };
  });
}

/** Injectors of the kinds that are built in. */
export const injectorTraits: Readonly<Record<"webcodecs" | "base64" | "url", InjectorTraits>> = {
  webcodecs: { decodesIn: "page", pictures: "none", sharesPageServer: false, needsSecureContext: true },
  base64: { decodesIn: "process", pictures: "pushed", sharesPageServer: false, needsSecureContext: false },
  url: { decodesIn: "process", pictures: "fetched", sharesPageServer: false, needsSecureContext: false },
};

/** Of any codec. */
export function injectorCostOf(injector: string, msPerMegapixel: number, change: Partial<InjectorCost> = {}): InjectorCost {
  const bytes = { memoryBytes: 5e6, decoderBytes: 30e6, pageBytes: 400e6 };
  return { injector, codec: "any", msPerMegapixel, cpuMsPerMegapixel: 2 * msPerMegapixel, ...bytes, ...change };
}

export const mixers: PolicyInput["mixers"] = [
  { name: "ffmpeg", traits: { runsIn: "process" }, support: { ok: true } },
  { name: "page", traits: { runsIn: "page" }, support: { ok: true } },
];

/** Ten seconds of 1080p with such media, on two cores and 8 GB unless said; every injector and mixer works. */
export function mediaInput(words: string, change: Partial<PolicyInput> = {}, job: object = {}): PolicyInput {
  const media: readonly PageMedia[] = words === "" ? [] : pageMedia(words);
  const support: Record<string, Support> = Object.fromEntries(media.map(({ source }) => [source, { ok: true }]));
  const injectors = Object.entries(injectorTraits).map(([name, traits]): InjectorCandidate => ({ name, traits, support }));
  return policyInput({ page: { ...plainPage, media }, injectors, mixers, ...change }, job);
}

/** "h264 prores insecure heard": media, and what else the page is. */
export function mediaInputOf({ asked, page, host, here }: GoldenCase): PolicyInput {
  const [cores, gigabytes] = host.split("×").map(Number);
  const words: readonly string[] = page.split(" ");
  const media: string = words.filter((word) => !(word in pageWords) && word !== "-").join(" ");
  const input: PolicyInput = mediaInput(media, { host: hostOf(cores!, gigabytes!) }, jobOf(asked));
  const ofPage: PageFacts = Object.assign({}, input.page, ...words.map((word) => pageWords[word])) as PageFacts;
  const known: PolicyInput = { ...input, page: ofPage.isSecureContext ? ofPage : { ...ofPage, media: ofPage.media.map(undecoded) } };
  return here === "-" ? known : here.split(", ").reduce((one, happened) => happenings[happened]!(one), known);
}

/** Pages of insecure origins have no decoder that could tell. */
function undecoded(media: PageMedia): PageMedia {
  if (!media.facts?.video) return media;
  return { ...media, facts: { ...media.facts, video: { ...media.facts.video, decodesInPage: false } } };
}

const pageWords: Readonly<Record<string, Partial<PageFacts>>> = {
  insecure: { isSecureContext: false },
  heard: { sound: "declared" },
  played: { sound: "played" },
};

/** "webm injector=url sound=opus": the extension of the output, and options of a job. */
function jobOf(asked: string): object {
  const [extension, ...words] = asked.split(" ");
  const output: string = extension === "png" ? "frames/%05d.png" : `video.${extension}`;
  const options: Readonly<Record<string, object>>[] = words.map(optionOf);
  const media: object = Object.assign({}, ...options.map((one) => one["media"]));
  return Object.assign({ output }, ...options, { media }) as object;
}

function optionOf(word: string): Readonly<Record<string, object>> {
  const [name, value] = word.split("=");
  if (name === "injector") return { media: { injector: value } };
  if (name === "cache") return { media: { cacheBytes: Number(value) } };
  if (name === "bitrate") return { sound: { bitrate: Number(value) } };
  return { sound: value === "off" ? { enabled: false } : { codec: value } };
}

const happenings: Readonly<Record<string, (input: PolicyInput) => PolicyInput>> = {
  "no ffmpeg": (input) => {
    const gone: Support = { ok: false, reasons: ["there is no ffmpeg"] };
    const answers = (one: InjectorCandidate): InjectorCandidate["support"] =>
      Object.fromEntries(Object.keys(one.support).map((source) => [source, gone]));
    return {
      ...input,
      encoders: input.encoders.map((one) => (one.name.startsWith("ffmpeg") ? { ...one, support: gone } : one)),
      injectors: input.injectors.map((one) => (one.traits.decodesIn === "process" ? { ...one, support: answers(one) } : one)),
      mixers: input.mixers.map((one) => (one.traits.runsIn === "process" ? { ...one, support: gone } : one)),
    };
  },
  "url shares": (input) => sharing(input),
  "url alone shares": (input) => ({ ...sharing(input), injectors: sharing(input).injectors.filter(({ name }) => name === "url") }),
  "url is cheap": (input) => ({
    ...input,
    costs: {
      ...input.costs,
      injectors: [injectorCostOf("url", 1), injectorCostOf("webcodecs", 2)],
    },
  }),
  "no webcodecs feed": (input) => ({ ...input, injectors: input.injectors.filter(({ name }) => name !== "webcodecs") }),
  "no url feed": (input) => ({ ...input, injectors: input.injectors.filter(({ name }) => name !== "url") }),
  "no injector": (input) => ({ ...input, injectors: [] }),
  "no mixer": (input) => ({ ...input, mixers: [] }),
  "webcodecs failed": (input) => failed(input, "webcodecs", "injection-failed"),
  "base64 failed": (input) => failed(input, "base64", "injection-failed"),
  "url failed": (input) => failed(input, "url", "injection-failed"),
  "encoder webcodecs failed": (input) => failed(input, "webcodecs", "encoder-not-started"),
  "ffmpeg mix failed": (input) => failed(input, "ffmpeg", "sound-failed"),
  "page mix failed": (input) => failed(input, "page", "sound-failed"),
};

function sharing(input: PolicyInput): PolicyInput {
  const injectors = input.injectors.map((one) =>
    one.name === "url" ? { ...one, traits: { ...one.traits, sharesPageServer: true } } : one,
  );
  return { ...input, injectors };
}

function failed(input: PolicyInput, part: string, code: PlanFailure["code"]): PolicyInput {
  return { ...input, struckOut: [...input.struckOut, { part, code, reason: "it failed" }] };
}
