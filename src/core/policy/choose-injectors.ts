import { injectionFailed, mediaUnreadable, planImpossible } from "../errors.ts";
import type { InjectorTraits } from "../injector.ts";
import type { MediaFacts, PageMedia, VideoFacts } from "../media.ts";
import { chooseFrom, judge, refusals, rejectAll, type Choice, type Judged } from "./choose.ts";
import { cacheBytesOf } from "./cache-bytes.ts";
import { codecFamily, megapixelsOf, type InjectorCost } from "./costs.ts";
import { isFromPageServer, videosOf, type PageVideo } from "./page-videos.ts";
import type { Candidate, PolicyInput, Rejection, VideoPlan } from "./plan.ts";
import { costOfVideo, shareOfMeasuredSize } from "./video-costs.ts";

/** What a job asks for that leaves all videos to the browser. */
export const NATIVE = "native";
/**
 * Hosts with less memory than this, in bytes, are small: half of it is for the browsers, and a page that is pushed more pictures
 * than the cache holds takes the rest.
 */
const SMALL_HOST_BYTES: number = 4 * 1024 ** 3;
/** Families of codecs that every browser's `<video>` plays. */
const PLAYED_BY_BROWSERS: ReadonlySet<string> = new Set(["avc1", "vp8", "vp09", "av01"]);

export interface InjectorChoice {
  readonly videos: readonly VideoPlan[];
  readonly rejected: readonly Rejection[];
}

/** What was decided for one video. */
interface Decision {
  readonly plan: VideoPlan;
  /** Null: the browser itself plays it. */
  readonly chosen: Candidate<InjectorTraits> | null;
  /** What speaks against each injector, in their order; null for the one that was taken. */
  readonly against: readonly (Rejection | null)[];
}

/** What decisions on videos of one page have in common. */
interface Circumstances {
  readonly input: PolicyInput;
  /** All videos that the page shows. */
  readonly videos: readonly PageVideo[];
  /** What the page reads from its own server, and pictures from there would wait behind; null where it reads nothing there. */
  readonly traffic: PageMedia | null;
  /** Whether pictures that are pushed must fit into the cache. */
  readonly isBounded: boolean;
}

/**
 * The injector of each video: the one that costs least among those that can feed it here. Where none can, the browser itself plays it.
 *
 * @throws RenderError `media-unreadable` for a video that is played and that nothing here decodes; `plan-impossible` where the injector
 *   that the job asks for does not do, or those that would do have failed
 */
export function chooseInjectors(input: PolicyInput): InjectorChoice {
  const videos: readonly PageVideo[] = videosOf(input.page);
  const decisions: readonly Decision[] = decideAll(input, videos);
  return {
    videos: decisions.map(({ plan }) => plan),
    rejected: videos.length === 0 ? withoutVideos(input) : input.injectors.flatMap((_, at) => rejectedBy(decisions, at)),
  };
}

/**
 * The injector of a video that the page shows only later, beside those that it has from the beginning. Pure.
 *
 * @throws RenderError as `chooseInjectors` does; `injection-failed` where the page would read it from the server that an injector in
 *   use takes its pictures from: the policy is then asked anew
 */
export function injectorFor(input: PolicyInput, facts: MediaFacts): VideoPlan {
  const videos: readonly PageVideo[] = videosOf(input.page);
  const decisions: readonly Decision[] = decideAll(input, videos);
  const known: Decision | undefined = decisions.find(({ plan }) => plan.source === facts.source);
  if (known !== undefined) return known.plan;
  if (facts.video === null) return { source: facts.source, injector: null, reason: "it has no pictures" };
  const late: PageVideo = { source: facts.source, facts, video: facts.video, isUsed: true };
  const circumstances: Circumstances = { input, videos: [...videos, late], traffic: trafficOf(input, decisions), isBounded: true };
  const decision: Decision = decide(late, circumstances);
  const sharing = decisions.find(({ chosen }) => chosen?.traits.sharesPageServer === true)?.chosen;
  if (sharing && readsInPage(decision) && isFromPageServer(late, input.page))
    throw injectionFailed(
      sharing.name,
      facts.source,
      "the page reads this video from the server that pictures come from, and they would wait",
    );
  return decision.plan;
}

/**
 * Pictures that are fetched from the page's own server wait there behind whatever else the page reads: an injector that takes them from
 * there does only where that is nothing.
 */
function decideAll(input: PolicyInput, videos: readonly PageVideo[]): Decision[] {
  const first: Decision[] = videos.map((video) => decide(video, { input, videos, traffic: null, isBounded: true }));
  const traffic: PageMedia | null = trafficOf(input, first);
  const shares: boolean = first.some(({ chosen }) => chosen?.traits.sharesPageServer === true);
  return shares && traffic !== null ? videos.map((video) => decide(video, { input, videos, traffic, isBounded: true })) : first;
}

/** The first of the page's media that the page itself reads from its own server: sound, videos left to the browser, those that it decodes. */
function trafficOf({ page }: PolicyInput, decisions: readonly Decision[]): PageMedia | null {
  return (
    page.media.find((one) => {
      if (!isFromPageServer(one, page)) return false;
      const decision: Decision | undefined = one.kind === "video" ? decisions.find(({ plan }) => plan.source === one.source) : undefined;
      return decision === undefined || readsInPage(decision);
    }) ?? null
  );
}

/** Whether the page reads the file, and not a process of the host. */
function readsInPage({ chosen }: Decision): boolean {
  return chosen === null || chosen.traits.decodesIn === "page";
}

function decide(one: PageVideo, circumstances: Circumstances): Decision {
  const { input } = circumstances;
  const judged: readonly Judged<InjectorTraits>[] = judgeFor(one, circumstances);
  const choice: Choice<InjectorTraits> | null = chooseFor(one, judged, input);
  if (choice !== null) return fedBy(one, choice, judged);
  if (playsInBrowser(one.video, input)) return left(one, judged, input);
  // Slow is better than not at all.
  const unbounded: readonly Judged<InjectorTraits>[] = judgeFor(one, { ...circumstances, isBounded: false });
  const large: Choice<InjectorTraits> | null = chooseFor(one, unbounded, input);
  if (large === null) return left(one, judged, input);
  const { plan, ...decision }: Decision = fedBy(one, large, unbounded);
  return { ...decision, plan: { ...plan, reason: `${plan.reason}; its pictures do not fit into the cache, but nothing else decodes it` } };
}

function fedBy(
  { source }: PageVideo,
  { chosen, reason, rejected }: Choice<InjectorTraits>,
  judged: readonly Judged<InjectorTraits>[],
): Decision {
  const against: (Rejection | null)[] = [...rejected];
  against.splice(
    judged.findIndex(({ candidate }) => candidate === chosen),
    0,
    null,
  );
  return { plan: { source, injector: chosen.name, reason: reason.slice(chosen.name.length + 2) }, chosen, against };
}

/** Pages of insecure origins have no decoder to ask: what browsers commonly play is then taken to be played. */
function playsInBrowser({ codec, decodesInPage }: VideoFacts, { page }: PolicyInput): boolean {
  return decodesInPage || (!page.isSecureContext && PLAYED_BY_BROWSERS.has(codecFamily(codec)));
}

/** The browser plays it; or nothing does, and then it must not be missed. */
function left({ source, video, isUsed }: PageVideo, judged: readonly Judged<InjectorTraits>[], input: PolicyInput): Decision {
  const { job } = input;
  const isNative: boolean = job.media.injector === NATIVE;
  const asked: string | null = isNative ? null : job.media.injector;
  const refused = refusals(asked, judged);
  if (isUsed && asked !== null) throw planImpossible("injector", refused);
  const decision = (reason: string): Decision => {
    return { plan: { source, injector: null, reason }, chosen: null, against: rejectAll("injector", judged) };
  };
  const list: string = isNative ? "the job leaves videos to the browser" : refused.map(refusalWords).join("; ") || "there is no injector";
  if (playsInBrowser(video, input)) return decision(isNative ? list : `the browser plays it itself, sought frame by frame: ${list}`);
  if (!isUsed) return decision(`nothing here decodes ${video.codec}, and the page does not play it: ${list}`);
  // What would have decoded it has failed, and that is the answer.
  if (judged.some(({ objections }) => objections.some(({ kind }) => kind === "struck-out"))) throw planImpossible("injector", refused);
  throw mediaUnreadable(source, `nothing here decodes ${video.codec}: ${list}`);
}

function refusalWords({ part, reasons }: { readonly part: string; readonly reasons: readonly string[] }): string {
  return `${part} (${reasons.join(", ")})`;
}

function chooseFor({ video }: PageVideo, judged: readonly Judged<InjectorTraits>[], input: PolicyInput): Choice<InjectorTraits> | null {
  return chooseFrom("injector", judged, input, {
    cost: ({ name }) => {
      const cost: InjectorCost | null = costOfVideo(name, video, input.costs);
      return cost && cost.msPerMegapixel * megapixelsOf(video.size);
    },
  });
}

function judgeFor({ source, video }: PageVideo, circumstances: Circumstances): Judged<InjectorTraits>[] {
  const { input, traffic } = circumstances;
  const { page } = input;
  const candidates = input.injectors.map(({ name, traits, support }): Candidate<InjectorTraits> => {
    return { name, traits, support: support[source] ?? null };
  });
  // One that decodes in the page reads the very file there.
  const inItsWay = ({ decodesIn }: InjectorTraits): string | null =>
    traffic?.source ?? (decodesIn === "page" && isFromPageServer({ source }, page) ? source : null);
  return judge("injector", candidates, input, {
    notApplicable: () => [],
    unsuitable: (traits, name) => [
      ...(traits.decodesIn === "page" && !video.decodesInPage ? [`the page decodes no ${video.codec}`] : []),
      ...(traits.needsSecureContext && !page.isSecureContext ? [`the page "${page.url}" is no secure context`] : []),
      ...(traits.sharesPageServer && inItsWay(traits) !== null
        ? [`its pictures would wait behind "${inItsWay(traits)}", which the page reads from the same server`]
        : []),
      ...beyondCache(name, traits, circumstances),
    ],
  });
}

/** The job's own choice is not doubted. */
function beyondCache(name: string, { pictures }: InjectorTraits, { input, videos, isBounded }: Circumstances): string[] {
  const { job, host } = input;
  if (!isBounded || pictures !== "pushed" || job.media.injector !== null || host.memoryBytes >= SMALL_HOST_BYTES) return [];
  const played: readonly PageVideo[] = videos.filter(({ isUsed }) => isUsed);
  const neededBytes: number = played.reduce((sum, { video }) => sum + aheadBytes(name, video, input), 0);
  const budgetBytes: number = cacheBytesOf(input);
  if (neededBytes <= budgetBytes) return [];
  return [
    `the pictures that ${played.length} videos need ahead take ${inMegabytes(neededBytes)}, and the cache of this small host holds ${inMegabytes(budgetBytes)}`,
  ];
}

/** Nothing where nobody measured it. */
function aheadBytes(injector: string, video: VideoFacts, input: PolicyInput): number {
  const memoryBytes: number = costOfVideo(injector, video, input.costs)?.memoryBytes ?? 0;
  return memoryBytes * shareOfMeasuredSize(video);
}

/** An injector that feeds no video, with each reason once. */
function rejectedBy(decisions: readonly Decision[], at: number): Rejection[] {
  const rejections: Rejection[] = [];
  for (const { against } of decisions) {
    const one: Rejection | null = against[at]!;
    if (one === null) return [];
    rejections.push(one);
  }
  const counts = new Map<string, number>();
  for (const reason of rejections.flatMap(({ reasons }) => [...new Set(reasons)])) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const all: number = decisions.length;
  const reasons: string[] = [...counts].map(([reason, count]) => (count === all ? reason : `for ${count} of ${all} videos: ${reason}`));
  return [{ ...rejections[0]!, reasons }];
}

function withoutVideos(input: PolicyInput): Rejection[] {
  const candidates = input.injectors.map(({ name, traits }): Candidate<InjectorTraits> => ({ name, traits, support: null }));
  const notApplicable = (): string[] => ["the page has no video whose pictures can be read"];
  return rejectAll("injector", judge("injector", candidates, input, { notApplicable, unsuitable: () => [] }));
}

function inMegabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
