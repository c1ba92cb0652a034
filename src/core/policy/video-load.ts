import { codecFamily, megapixelsOf, type InjectorCost } from "./costs.ts";
import { videosOf, type PageVideo } from "./page-videos.ts";
import type { PolicyInput, VideoPlan } from "./plan.ts";
import { costOfVideo, shareOfMeasuredSize } from "./video-costs.ts";

/** What the videos that a page plays add to the work of each frame, where all of them show another picture. */
export interface VideoLoad {
  /** Milliseconds that pass. */
  readonly ms: number;
  /** Milliseconds of processor time in all processes. */
  readonly cpuMs: number;
  /** Bytes that each worker takes for it, outside of the budget for pictures. */
  readonly workerBytes: number;
  /** False where nobody measured one of them, or another codec or another machine stands in. */
  readonly isMeasured: boolean;
  /** In words; null where the page plays no video. */
  readonly reason: string | null;
}

/** A video that plays, and what that costs; null where nobody measured it. */
interface PlayedVideo extends Pick<PageVideo, "video"> {
  readonly cost: InjectorCost | null;
}

/** Adds up what the injectors that were chosen cost. */
export function videoLoad(input: PolicyInput, videos: readonly VideoPlan[]): VideoLoad {
  const played: readonly PlayedVideo[] = playedVideos(input, videos);
  const sum = (of: (cost: InjectorCost, video: PlayedVideo) => number): number =>
    played.reduce((total, one) => total + (one.cost === null ? 0 : of(one.cost, one)), 0);
  const ms: number = sum(({ msPerMegapixel }, { video }) => msPerMegapixel * megapixelsOf(video.size));
  const cpuMs: number = sum(({ cpuMsPerMegapixel }, { video }) => cpuMsPerMegapixel * megapixelsOf(video.size));
  const pageBytes: number = Math.max(0, ...played.map(({ cost }) => cost?.pageBytes ?? 0));
  const workerBytes: number = pageBytes + sum((cost, { video }) => cost.decoderBytes * shareOfMeasuredSize(video));
  const unread: number = unreadVideos(input);
  const unmeasured: number = unread + played.filter(({ cost }) => cost === null).length;
  const count: number = played.length + unread;
  return {
    ...{ ms, cpuMs, workerBytes },
    isMeasured: unmeasured === 0 && played.every((one) => isOfThisVery(one, input)),
    reason: count === 0 ? null : reasonOf(count, unmeasured, ms, workerBytes),
  };
}

function playedVideos(input: PolicyInput, videos: readonly VideoPlan[]): PlayedVideo[] {
  return videosOf(input.page)
    .filter(({ isUsed }) => isUsed)
    .map(({ source, video }) => {
      const injector: string | null = videos.find((one) => one.source === source)?.injector ?? null;
      return { video, cost: injector === null ? null : costOfVideo(injector, video, input.costs) };
    });
}

/** Those that play though nobody could read what they are: they are left to the browser. */
function unreadVideos({ page }: PolicyInput): number {
  const unread = page.media.filter(({ kind, facts, isUsed }) => kind === "video" && isUsed && !facts?.video);
  return new Set(unread.map(({ source }) => source)).size;
}

function isOfThisVery({ cost, video }: PlayedVideo, { costs }: PolicyInput): boolean {
  return costs.injectors !== undefined && cost?.codec === codecFamily(video.codec);
}

function reasonOf(count: number, unmeasured: number, ms: number, workerBytes: number): string {
  const play: string = `videos: ${count} ${count === 1 ? "plays" : "play"}`;
  if (unmeasured === count) return `${play}, and nobody measured what that costs`;
  const rest: string = unmeasured === 0 ? "" : `; nobody measured what ${unmeasured} of them ${unmeasured === 1 ? "costs" : "cost"}`;
  const rounded: number = ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms);
  return `${play}, which takes each frame ${rounded} ms longer, and each worker ${Math.round(workerBytes / 1e6)} MB more${rest}`;
}
