import type { PageFacts } from "../../src/core/capture.ts";
import type { Container } from "../../src/core/formats.ts";
import type { InjectorTraits } from "../../src/core/injector.ts";
import type { ParsedJob } from "../../src/core/job.ts";
import type { MediaFacts, PageMedia } from "../../src/core/media.ts";
import type { InjectorCost } from "../../src/core/policy/costs.ts";
import type { InjectorCandidate, PolicyInput } from "../../src/core/policy/plan.ts";
import { audioBitrates, audioCodecs } from "../../src/core/sound.ts";
import type { Support } from "../../src/core/support.ts";
import { plainPage } from "./policy-input.ts";
import type { Random } from "./random.ts";

/** Few names, so that some come twice; one is that of an encoder as well. */
export const injectorNames = ["ea", "ib", "ic", "id"] as const;
export const mixerNames = ["ma", "mb"] as const;

const codecs = ["avc1.64001f", "hvc1.1.6.L93.B0", "vp09.00.10.08", "prores"] as const;
const origins = [
  new URL(plainPage.url).origin,
  new URL(plainPage.url).origin,
  "https://elsewhere.example",
  "blob:http://localhost",
] as const;

/** A video that a page may show, now or later. */
export function randomVideo(random: Random, at: number): MediaFacts {
  const source = `${random.pick(origins)}/${at}.mp4`;
  const video = {
    codec: random.pick(codecs),
    size: random.pick([
      { width: 1920, height: 1080 },
      { width: 320, height: 240 },
      { width: 7680, height: 4320 },
    ]),
    ...({ rotation: 0, hasAlpha: false, frameRate: 30, tickSeconds: 1 / 30 } as const),
    decodesInPage: random.chance(75),
  };
  return { source, durationSeconds: 10, byteLength: null, video, audio: null };
}

export function randomPageMedia(random: Random): Pick<PageFacts, "media" | "sound"> {
  const sound: PageFacts["sound"] = random.pick(["none", "none", "declared", "played"]);
  if (random.chance(40)) return { media: [], sound };
  const media = Array.from({ length: random.whole(1, 5) }, (_, at): PageMedia => {
    const facts: MediaFacts = randomVideo(random, at);
    const { source } = facts;
    const isUsed: boolean = random.chance(70);
    if (random.chance(20)) return { kind: "audio", source, facts: { ...facts, video: null }, fault: null, isUsed };
    if (random.chance(10)) return { kind: "video", source, facts: null, fault: "it is not there", isUsed };
    return { kind: "video", source, facts, fault: null, isUsed };
  });
  // Two elements may show one file.
  return { media: random.chance(30) ? [...media, { ...media[0]!, isUsed: random.chance(50) }] : media, sound };
}

export function randomMediaJob(random: Random, container: Container): Pick<ParsedJob, "media" | "sound"> {
  const held = audioCodecs[container] ?? [];
  const codec = held.length > 0 && random.chance(20) ? random.pick(held) : null;
  const takesBitrate: boolean = held.length > 0 && (codec === null || audioBitrates[codec] !== null);
  return {
    media: {
      injector: random.chance(20) ? random.pick([...injectorNames, "native", "nobody"]) : null,
      cacheBytes: random.chance(20) ? random.pick([1, 1e6, 1e9]) : null,
    },
    sound: { enabled: random.chance(85), codec, bitrate: takesBitrate && random.chance(20) ? 96_000 : null, loudness: null },
  };
}

export function randomMediaParts(random: Random): Pick<PolicyInput, "injectors" | "mixers"> {
  const mixers = Array.from({ length: random.whole(random.chance(10) ? 0 : 1, 2) }, () => {
    return { name: random.pick(mixerNames), traits: { runsIn: random.pick(["process", "page"] as const) }, support: randomAnswer(random) };
  });
  return { injectors: Array.from({ length: random.whole(random.chance(10) ? 0 : 1, 4) }, () => randomInjector(random)), mixers };
}

function randomInjector(random: Random): InjectorCandidate {
  const traits: InjectorTraits = {
    decodesIn: random.pick(["page", "process", "process"]),
    pictures: random.pick(["none", "pushed", "fetched"]),
    sharesPageServer: random.chance(35),
    needsSecureContext: random.chance(40),
  };
  // Sources as `randomPageMedia` makes them; some were never tried.
  const sources: readonly string[] = origins.flatMap((origin) => Array.from({ length: 5 }, (_, at) => `${origin}/${at}.mp4`));
  const support = Object.fromEntries(random.some(sources, 90).map((source) => [source, randomAnswer(random)]));
  return { name: random.pick(injectorNames), traits, support };
}

function randomAnswer(random: Random): Support {
  return random.chance(85) ? { ok: true } : { ok: false, reasons: random.chance(80) ? ["it does not work"] : [] };
}

export function randomInjectorCosts(random: Random): InjectorCost[] {
  return random.some([...injectorNames], 75).flatMap((injector) =>
    random.some(["any", "avc1", "prores"], 60).map((codec): InjectorCost => {
      const msPerMegapixel: number = random.chance(5) ? 0 : 0.1 + random.next() * 50;
      const memoryBytes: number = random.whole(0, 1e8);
      const cpuMsPerMegapixel: number = 1.7 * msPerMegapixel;
      return { injector, codec, msPerMegapixel, cpuMsPerMegapixel, memoryBytes, decoderBytes: memoryBytes / 2, pageBytes: 4 * memoryBytes };
    }),
  );
}
