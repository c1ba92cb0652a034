import type { CompositionSettings } from "../../../core/capture.ts";
import type { Size } from "../../../core/frame.ts";
import type { FrameRate } from "../../../core/frame-rate.ts";
import { awaitTimelines } from "./awaited-timelines.ts";
import { startAnimationsWithClips } from "./clip-animations.ts";
import { ClipTimes, positive } from "./clip-times.ts";
import { Clips } from "./clips.ts";
import { describeMissingEntry, findEntry, findRoot, isolate, placeAlone } from "./entry.ts";
import type { HyperframesWindow } from "./hyperframes-window.ts";
import { layOut } from "./layout.ts";
import { lengthOfComposition } from "./length.ts";
import { NestedCompositions } from "./nested-compositions.ts";
import { describePlayer, isLoaded, registeredPlayers } from "./lottie-players.ts";
import { CompositionFault, inTime, nameOf, untilNothingIsMissing, type OpeningContext } from "./problems.ts";
import { dispatchSeek } from "./seek-event.ts";
import type { DrivenTimeline } from "./timeline.ts";
import { driveTimelines, registeredLength } from "./timelines.ts";
import { bindVariables, declaredDefaults, pageVariables, renderValues, setCustomProperties } from "./variables.ts";

/** A page of HyperFrames' contract, whose structure does not change any more. */
export interface HyperframesComposition {
  /** CSS pixels; null where the root does not say. */
  readonly size: Size | null;
  /** Null where neither attributes nor timelines nor clips say. */
  readonly durationSeconds: number | null;
  /** As the root's `data-fps` says it; null where it does not. */
  readonly frameRate: string | null;
  /** Its timelines call functions that going back does not undo. */
  readonly isSequential: boolean;
  /** Brings timelines and clips to a time of the page, and tells the page. */
  seek(seconds: number): void | Promise<void>;
}

export interface HyperframesSettings extends Pick<CompositionSettings, "entry"> {
  readonly frameRate: FrameRate;
}

/**
 * Opens the composition of a page that has loaded.
 *
 * @returns null where the page is none: no element has `data-composition-id`
 * @throws AwaitedInVain that says what did not come in time, Error for what can never be shown
 */
export async function openHyperframes(
  view: Window,
  { entry, frameRate }: HyperframesSettings,
  context: OpeningContext,
): Promise<HyperframesComposition | null> {
  const page = view as HyperframesWindow;
  const { document } = page;
  const pageRoot: HTMLElement | null = findRoot(document) ?? hostOfTemplate(document);
  if (pageRoot === null) return null;
  const pageScripts: HTMLScriptElement[] = [...document.scripts];
  layOut(pageRoot);
  bindPageVariables(page);
  const nested = new NestedCompositions(page, context);
  const { root, outside } = await choose(page, pageRoot, entry, nested, context);
  await nested.mountAll(root);
  if (root !== pageRoot) placeAlone(root, pageRoot);
  layOut(root);
  await awaitMedia(root, context);
  await awaitTimelines(page, root, pageScripts, nested.all, outside, context);
  await awaitBuilds(page, context);
  await awaitPlayers(page, context);
  return frozen(page, root, outside, frameRate, context);
}

/** A file that consists of a template only, as others include it. */
function hostOfTemplate(document: Document): HTMLElement | null {
  const inside: HTMLElement | undefined = [...document.querySelectorAll("template")]
    .map(({ content }) => content.querySelector<HTMLElement>("[data-composition-id]"))
    .find((root) => root !== null) as HTMLElement | undefined;
  if (!inside) return null;
  const host: HTMLElement = document.createElement("div");
  const { compositionId, width, height, duration, fps } = inside.dataset;
  const said: DOMStringMap = { compositionId, width, height, duration, fps };
  for (const [name, value] of Object.entries(said)) if (value !== undefined) host.dataset[name] = value;
  host.dataset["compositionSrc"] = document.URL;
  document.body.append(host);
  return host;
}

/** What is rendered: the page, or the part of it that the job names. */
async function choose(
  view: HyperframesWindow,
  pageRoot: HTMLElement,
  entry: string | null,
  nested: NestedCompositions,
  context: OpeningContext,
): Promise<{ root: HTMLElement; outside: Set<string> }> {
  const { document } = view;
  if (entry === null) return { root: pageRoot, outside: new Set() };
  let chosen: HTMLElement | null = findEntry(document, entry);
  // It may be in a file that is not there yet.
  if (chosen === null) await nested.mountAll(pageRoot);
  chosen ??= findEntry(document, entry);
  if (chosen === null) throw new CompositionFault(describeMissingEntry(document, entry));
  if (chosen === pageRoot) return { root: pageRoot, outside: new Set() };
  const outside: Set<string> = isolate(view, chosen);
  // A style sheet that was moved is loaded again.
  await Promise.all(
    [...document.body.querySelectorAll<HTMLLinkElement>("link[rel~=stylesheet]")].map((link) =>
      inTime(sheetOf(link), `the style sheet ${link.href}`, context),
    ),
  );
  return { root: chosen, outside };
}

function sheetOf(link: HTMLLinkElement): Promise<void> {
  return new Promise((resolve) => {
    if (link.sheet) resolve();
    for (const end of ["load", "error"]) link.addEventListener(end, () => resolve());
  });
}

function bindPageVariables(view: HyperframesWindow): void {
  const { document } = view;
  const winning = renderValues(view);
  for (const element of document.querySelectorAll<HTMLElement>("[data-composition-variables]")) {
    const declared = declaredDefaults(element);
    const ours = Object.fromEntries(Object.entries(winning).filter(([id]) => id in declared));
    setCustomProperties(element, { ...declared, ...ours }, ours);
  }
  bindVariables(document, () => pageVariables(view));
}

/** Clips of media that do not say how long they are last as long as the medium. */
async function awaitMedia(root: HTMLElement, context: OpeningContext): Promise<void> {
  const media: HTMLMediaElement[] = [...root.querySelectorAll<HTMLMediaElement>("video[data-start], audio[data-start]")];
  const unsaid: HTMLMediaElement[] = media.filter(
    (one) => positive(one.getAttribute("data-duration")) === null && !one.hasAttribute("data-end"),
  );
  await Promise.all(
    unsaid.map((one) =>
      inTime(metadataOf(one), `the length of the ${one.localName} ${nameOf(one)} (${one.currentSrc || one.src})`, context),
    ),
  );
}

function metadataOf(media: HTMLMediaElement): Promise<void> {
  return new Promise((resolve) => {
    const sources: HTMLSourceElement[] = [...media.querySelectorAll("source")];
    const isHopeless: boolean =
      media.error !== null || (media.src === "" && sources.length === 0) || media.networkState === media.NETWORK_NO_SOURCE;
    if (isHopeless || media.readyState >= media.HAVE_METADATA) return resolve();
    if (media.preload === "none") media.preload = "metadata";
    media.addEventListener("loadedmetadata", () => resolve());
    (sources.at(-1) ?? media).addEventListener("error", () => resolve());
  });
}

/** Promises that a page keeps for work which nobody can see from outside, such as building meshes. */
async function awaitBuilds({ __hf }: HyperframesWindow, context: OpeningContext): Promise<void> {
  const builds: object = (typeof __hf?.buildReady === "object" && __hf.buildReady) || {};
  const pending = new Set<string>(Object.keys(builds));
  for (const [name, build] of Object.entries(builds)) {
    Promise.resolve(build).then(
      () => pending.delete(name),
      (thrown: unknown) => {
        pending.delete(name);
        context.warn(`window.__hf.buildReady.${name} was rejected: ${String(thrown)}`);
      },
    );
  }
  await untilNothingIsMissing(
    () => (pending.size === 0 ? null : [...pending].map((name) => `window.__hf.buildReady.${name}`).join(", ")),
    context,
  );
}

/** Players of Lottie animations know their length when their file is there. */
async function awaitPlayers(view: HyperframesWindow, context: OpeningContext): Promise<void> {
  await untilNothingIsMissing(() => {
    const missing = registeredPlayers(view).find((player) => !isLoaded(player));
    return missing ? describePlayer(missing) : null;
  }, context);
}

function frozen(
  view: HyperframesWindow,
  root: HTMLElement,
  outside: ReadonlySet<string>,
  rate: FrameRate,
  { warn }: OpeningContext,
): HyperframesComposition {
  const times = new ClipTimes((composition) => registeredLength(view, composition, root.dataset["compositionId"] ?? null));
  startAnimationsWithClips(root, times);
  const clips = new Clips(root, times, rate);
  const durationSeconds: number | null = lengthOfComposition(root, times);
  const timelines: readonly DrivenTimeline[] = driveTimelines(view, root, times, outside, warn);
  const { width, height, fps } = root.dataset;
  const [wide, high] = [Number.parseFloat(width ?? ""), Number.parseFloat(height ?? "")];
  return {
    size: wide > 0 && high > 0 ? { width: wide, height: high } : null,
    durationSeconds,
    frameRate: fps?.trim() || null,
    isSequential: timelines.some(({ isSequential }) => isSequential),
    seek(seconds) {
      for (const timeline of timelines) timeline.seek(seconds);
      const awaited: unknown[] = tellPage(view, seconds);
      // Timelines may have written what clips own.
      clips.show(Math.round((seconds * rate.numerator) / rate.denominator));
      if (awaited.length > 0) return Promise.all(awaited).then(() => {});
    },
  };
}

/** @returns what is to be waited for */
function tellPage(view: HyperframesWindow, seconds: number): unknown[] {
  for (const name of ["__hfTime", "__hfThreeTime", "__hfTypegpuTime"] as const) view[name] = seconds;
  const { __hfRender: draws, __hf } = view;
  if (Array.isArray(draws)) for (const draw of [...(draws as ((seconds: number) => void)[])]) draw(seconds);
  const awaited: unknown[] = [dispatchSeek(view, seconds)];
  if (typeof __hf?.seek === "function") awaited.push(__hf.seek(seconds));
  return awaited.filter((one) => typeof (one as PromiseLike<unknown> | null)?.then === "function");
}
