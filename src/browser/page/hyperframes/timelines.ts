import { animeTimeline, isAnimeInstance, type AnimeInstance } from "./anime-registry.ts";
import { finite, playbackRate, type ClipTimes } from "./clip-times.ts";
import type { HyperframesWindow } from "./hyperframes-window.ts";
import { compositionOf, playerTimeline, registeredPlayers, unplayedPlayers } from "./lottie-players.ts";
import { DrivenTimeline, isTimeline, lengthOf, type Timeline } from "./timeline.ts";

/**
 * What is registered, each with a composition's id: in `__timelines`, where a list of timelines counts as one for the root, or
 * as none of any composition; and in `hyperframesAnime`.
 */
export function registeredTimelines(view: HyperframesWindow, rootId: string | null): [string, Timeline][] {
  const { __timelines: registry, hyperframesAnime, document } = view;
  const entries: [string, unknown][] = Array.isArray(registry)
    ? registry.map((one, index) => [registry.length === 1 ? (rootId ?? "") : `${index}`, one])
    : Object.entries(registry ?? {});
  const played: [string, Timeline][] = (hyperframesAnime?.entries?.() ?? [])
    .filter(({ instance }) => isAnimeInstance(instance))
    .map(({ id, instance }) => [id, animeTimeline(instance, document)]);
  return [...entries.filter((entry): entry is [string, Timeline] => isTimeline(entry[1])), ...played];
}

/** Seconds; null where nothing says how long what is registered for a composition plays. */
export function registeredLength(view: HyperframesWindow, composition: Element, rootId: string | null): number | null {
  const id: string | null = composition.getAttribute("data-composition-id");
  const timelines: Timeline[] = registeredTimelines(view, rootId).flatMap(([one, timeline]) => (one === id ? [timeline] : []));
  const players: Timeline[] = registeredPlayers(view)
    .filter((one) => compositionOf(one) === composition)
    .map(playerTimeline);
  const lengths: number[] = [...timelines, ...players].flatMap((one) => lengthOf(one) ?? []);
  return lengths.length === 0 ? null : Math.max(...lengths);
}

/**
 * Takes the timelines of a composition and of those in it, and its Lottie animations. Each runs in the time of its composition.
 *
 * @param outside ids of compositions that are not rendered
 */
export function driveTimelines(
  view: HyperframesWindow,
  root: HTMLElement,
  times: ClipTimes,
  outside: ReadonlySet<string>,
  warn: (reason: string) => void,
): DrivenTimeline[] {
  const rootId: string | null = root.dataset["compositionId"] ?? null;
  const driven: DrivenTimeline[] = [];
  const homeless: [string, Timeline][] = [];
  const registered: readonly [string, Timeline][] = registeredTimelines(view, rootId);
  for (const [id, timeline] of registered) {
    if (outside.has(id)) continue;
    const composition: HTMLElement | null = id === rootId ? root : root.querySelector(`[data-composition-id="${CSS.escape(id)}"]`);
    if (composition) driven.push(new DrivenTimeline(timeline, localTime(composition, root, times)));
    else homeless.push([id, timeline]);
  }
  for (const [id, timeline] of homeless) {
    // It is a part of another one, which brings it along if it is not paused itself.
    if (timeline.parent?.parent) timeline.paused?.(false);
    else {
      if (rootId === null || registered.some(([one]) => one === rootId))
        warn(
          `The timeline "${id}" belongs to no composition of the page: no element has data-composition-id="${id}"; it runs in the time of the page`,
        );
      driven.push(new DrivenTimeline(timeline, (seconds) => seconds));
    }
  }
  for (const instance of unnamedInstances(view))
    driven.push(new DrivenTimeline(animeTimeline(instance, view.document), (seconds) => seconds));
  for (const player of new Set([...registeredPlayers(view), ...unplayedPlayers(view)])) {
    const composition: HTMLElement = compositionOf(player) ?? root;
    if (root.contains(composition)) driven.push(new DrivenTimeline(playerTimeline(player), localTime(composition, root, times)));
  }
  return driven;
}

function unnamedInstances({ __hfAnime: instances }: HyperframesWindow): AnimeInstance[] {
  return Array.isArray(instances) ? instances.filter(isAnimeInstance) : [];
}

function localTime(composition: HTMLElement, root: HTMLElement, times: ClipTimes): (seconds: number) => number {
  const start: number = composition === root ? 0 : times.startOf(composition);
  const from: number = finite(composition.getAttribute("data-playback-start")) ?? finite(composition.getAttribute("data-media-start")) ?? 0;
  const rate: number = playbackRate(composition);
  return (seconds) => from + rate * Math.max(0, seconds - start);
}
