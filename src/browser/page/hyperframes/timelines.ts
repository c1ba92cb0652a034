import { finite, playbackRate, type ClipTimes } from "./clip-times.ts";
import type { HyperframesWindow } from "./hyperframes-window.ts";
import { DrivenTimeline, isTimeline, type Timeline } from "./timeline.ts";

/** What is registered, by composition id. A list of timelines counts as one for the root, or as none of any composition. */
export function registeredTimelines(view: HyperframesWindow, rootId: string | null): Map<string, Timeline> {
  const { __timelines: registry } = view;
  const entries: [string, unknown][] = Array.isArray(registry)
    ? registry.map((one, index) => [registry.length === 1 ? (rootId ?? "") : `${index}`, one])
    : Object.entries(registry ?? {});
  return new Map(entries.filter((entry): entry is [string, Timeline] => isTimeline(entry[1])));
}

/**
 * Takes the timelines of a composition and of those in it. Each runs in the time of its composition.
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
  for (const [id, timeline] of registeredTimelines(view, rootId)) {
    if (outside.has(id)) continue;
    const composition: HTMLElement | null = id === rootId ? root : root.querySelector(`[data-composition-id="${CSS.escape(id)}"]`);
    if (composition) driven.push(new DrivenTimeline(timeline, localTime(composition, root, times)));
    else homeless.push([id, timeline]);
  }
  for (const [id, timeline] of homeless) {
    // It is a part of another one, which brings it along if it is not paused itself.
    if (timeline.parent?.parent) timeline.paused?.(false);
    else {
      if (rootId === null || registeredTimelines(view, rootId).has(rootId))
        warn(
          `The timeline window.__timelines["${id}"] belongs to no composition of the page: no element has data-composition-id="${id}"; it runs in the time of the page`,
        );
      driven.push(new DrivenTimeline(timeline, (seconds) => seconds));
    }
  }
  return driven;
}

function localTime(composition: HTMLElement, root: HTMLElement, times: ClipTimes): (seconds: number) => number {
  const start: number = composition === root ? 0 : times.startOf(composition);
  const from: number = finite(composition.getAttribute("data-playback-start")) ?? finite(composition.getAttribute("data-media-start")) ?? 0;
  const rate: number = playbackRate(composition);
  return (seconds) => from + rate * Math.max(0, seconds - start);
}
