import { silenceOf } from "../core/policy/choose-sound.ts";
import type { Plan, PolicyInput, VideoPlan } from "../core/policy/plan.ts";
import { rejectedRows, type Row } from "./plan-rows.ts";
import { megabytes } from "./quantities.ts";

/** Longest name of a source that a table shows whole. */
const LONGEST_NAME = 40;

/** Who feeds the videos of the page: those that are fed alike in one line. Nothing where the page has none. */
export function mediaRows(plan: Plan, { injectors }: PolicyInput): Row[] {
  const { videos, cacheBytes } = plan;
  if (videos.length === 0) return [];
  return [
    ...fedAlike(videos).map(videosRow),
    ...rejectedRows("injector", injectors, plan),
    ...loadRow(plan),
    ...(cacheBytes === 0 ? [] : [["pictures", megabytes(cacheBytes), "may be kept, over all workers"] as const]),
  ];
}

function loadRow({ reasons }: Plan): Row[] {
  const prefix = "videos: ";
  const load: string | undefined = reasons.find((reason) => reason.startsWith(prefix))?.slice(prefix.length);
  return load === undefined ? [] : [["playing", "", load]];
}

function fedAlike(videos: readonly VideoPlan[]): VideoPlan[][] {
  const groups = new Map<string, VideoPlan[]>();
  for (const video of videos) {
    const alike: string = JSON.stringify([video.injector, video.reason]);
    groups.set(alike, [...(groups.get(alike) ?? []), video]);
  }
  return [...groups.values()];
}

function videosRow([first, ...others]: readonly VideoPlan[]): Row {
  const { source, injector, reason } = first!;
  return [`${shortSource(source)}${others.length === 0 ? "" : ` and ${others.length} more`}`, injector ?? "native", reason];
}

/** Who mixes what is heard. Nothing where the page plays no sound. */
export function soundRows(plan: Plan, input: PolicyInput): Row[] {
  if (input.page.sound === "none") return [];
  const rejected: readonly Row[] = rejectedRows("mixer", input.mixers, plan);
  if (plan.sound === null) return [["sound", "none", silenceOf(input) ?? ""], ...rejected];
  const { mixer, audio } = plan.sound;
  const prefix = `sound by ${mixer}: `;
  const why: string = plan.reasons.find((reason) => reason.startsWith(prefix))?.slice(prefix.length) ?? "";
  const { container } = input.job;
  const written: Row =
    audio === null
      ? ["written as", "WAV", `beside the pictures: ${container} holds no sound`]
      : ["written as", audio.codec, `into the ${container}${audio.bitrate === null ? "" : `, ${Math.round(audio.bitrate / 1000)} kb/s`}`];
  return [[mixer, "chosen", why], ...rejected, written];
}

/** The last part of an address, which tells files of one page apart. */
function shortSource(source: string): string {
  const name: string = /^https?:/.test(source) ? (new URL(source).pathname.split("/").at(-1) ?? source) : source;
  const shown: string = readable(name) || source;
  return shown.length > LONGEST_NAME ? `${shown.slice(0, LONGEST_NAME - 1)}…` : shown;
}

function readable(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
