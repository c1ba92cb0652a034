import type { MediaFacts, PageMedia as MediaOfPage } from "../../../core/media.ts";
import { hideEvents, nativesOf, type MediaNatives } from "../adapters/media-natives.ts";
import type { PageWindow } from "../clock/page-window.ts";
import type { PaintedRoot } from "../painted-roots.ts";
import type { Awaited } from "../readiness.ts";
import { pause } from "../loading-time.ts";
import { describe } from "../words.ts";
import { sourcesOf } from "./element-sources.ts";
import { FedElement } from "./fed-element.ts";
import { isMediaFault } from "./media-fault.ts";
import { MediaLink } from "./media-link.ts";
import { ObjectUrls } from "./object-urls.ts";
import { Pictures, type WantedPicture } from "./pictures.ts";
import { StretchLog, type Stretch } from "./stretches.ts";

const MEDIA = "video, audio";

/**
 * The media of a page, taken from the browser before it loads them: what they are is read once, and their pictures come from
 * feeds. What scripts may not read goes back to the browser.
 */
export class PageMedia {
  readonly natives: MediaNatives;
  readonly log: StretchLog = new StretchLog();
  readonly #link: MediaLink | null;
  readonly #pictures: Pictures | null;
  readonly #objectUrls = new ObjectUrls();
  readonly #warn: (reason: string) => void;
  readonly #all = new Map<HTMLMediaElement, FedElement>();
  readonly #isHidden = new WeakSet<HTMLMediaElement>();
  readonly #isUsed = new WeakSet<HTMLMediaElement>();
  /** Those that the adapter has not seen yet. */
  readonly #fresh = new Set<FedElement>();
  readonly #arriving = new Set<Promise<void>>();
  readonly #chosen = new WeakSet<FedElement>();
  readonly #observer = new MutationObserver((records) => records.forEach((record) => this.#takeChange(record)));
  #openedAtMs: number | null = null;

  /** @param injects false leaves all media to the browser */
  constructor(view: PageWindow, injects: boolean, warn: (reason: string) => void) {
    this.natives = nativesOf(view);
    this.#warn = warn;
    this.#link = injects ? new MediaLink(view) : null;
    this.#pictures = this.#link && new Pictures(this.#link);
    view.addEventListener("pagehide", () => this.#pictures?.close());
  }

  /** To be called for each window before its scripts run. */
  install(view: PageWindow): void {
    if (this.#link) this.#objectUrls.install(view);
  }

  /** Takes what is in a tree, and what comes into it, before the browser begins to load it. */
  observe(root: PaintedRoot): void {
    if (this.#link === null) return;
    this.#observer.observe(root, { subtree: true, childList: true, attributes: true, attributeFilter: ["src"] });
    for (const media of root.querySelectorAll<HTMLMediaElement>(MEDIA)) this.take(media);
  }

  /**
   * From now on pictures are shown: before, it is not decided where they come from.
   *
   * @param pageMs the page's time at the beginning of the video, in milliseconds
   */
  open(pageMs: number): void {
    this.#openedAtMs = pageMs;
  }

  /** The page's time at the beginning of the video, in milliseconds; null while it loads. */
  get openedAtMs(): number | null {
    return this.#openedAtMs;
  }

  /** What is played instead of the browser's own; null where that plays. */
  fed(element: HTMLMediaElement): FedElement | null {
    const known: FedElement | undefined = this.#all.get(element);
    return known?.isFed === true ? known : null;
  }

  /** The file of an element, whoever plays it. */
  fileOf(element: HTMLMediaElement): FedElement | null {
    return this.#all.get(element) ?? null;
  }

  get all(): Iterable<FedElement> {
    return this.#all.values();
  }

  /** Those that came since the last call. */
  takeFresh(): FedElement[] {
    const fresh: FedElement[] = [...this.#fresh];
    this.#fresh.clear();
    return fresh;
  }

  /**
   * Takes an element that has a file to play; one that has the same file as before stays as it is.
   *
   * @param isToldToLoad it begins anew even so
   */
  take(element: HTMLMediaElement, isToldToLoad = false): void {
    if (this.#link === null) return;
    const sources: readonly string[] = sourcesOf(element);
    const known: FedElement | undefined = this.#all.get(element);
    if (!isToldToLoad && (sources.length === 0 || (known && isSettled(known, sources)))) return;
    const stream: MediaProvider | null = this.natives.stream(element);
    if (stream && known?.isFed !== true) return;
    if (known) this.#drop(known);
    if (sources.length === 0) return;
    if (sources.length === 1 && this.#objectUrls.isStream(sources[0]!)) {
      this.natives.setStream(element, null);
      const advice = "give the element the file itself";
      return this.#warn(`${named(element)} plays a MediaSource, which the browser itself plays, frame by frame and slower: ${advice}`);
    }
    this.#hide(element);
    // Pages take back what is theirs as soon as they have named it.
    const urls: readonly string[] = sources.map((source) => this.#objectUrls.lasting(source));
    const fed = new FedElement(element, sources, this.natives);
    this.#all.set(element, fed);
    this.#fresh.add(fed);
    fed.arrived = this.#arrive(fed, urls, known !== undefined);
    this.#arriving.add(fed.arrived);
    void fed.arrived.finally(() => this.#arriving.delete(fed.arrived));
  }

  /** The page gives the element a stream of its own, or takes that away. */
  leave(element: HTMLMediaElement): void {
    const known: FedElement | undefined = this.#all.get(element);
    if (known) this.#drop(known);
    this.#all.delete(element);
  }

  /** All that is still read; for the wait until the page is ready. What cannot be read is told with the facts. */
  awaited(): Awaited[] {
    return [...this.#all.values()].map((fed) => ({
      what: `the ${fed.element.localName} ${fed.sources.map(shortened).join(", ")}`,
      arrived: fed.arrived,
    }));
  }

  /** Resolves when it is known of each element what it is and who plays it. */
  async settle(): Promise<void> {
    while (this.#arriving.size > 0) await Promise.all(this.#arriving);
    if (this.#openedAtMs === null) return;
    await Promise.all([...this.#all.values()].map((fed) => this.#choose(fed)));
  }

  /** Brings videos to their pictures; gives those whose picture is another one now. */
  async show(wanted: readonly WantedPicture[]): Promise<FedElement[]> {
    return this.#openedAtMs !== null && wanted.length > 0 ? this.#pictures!.show(wanted) : [];
  }

  /** Brings one video to a time that the page has set; says whether its picture is another one now. */
  async showNow(fed: FedElement, seconds: number): Promise<boolean> {
    await fed.arrived;
    if (this.#openedAtMs !== null) await this.#choose(fed);
    return fed.isPictured && (await this.show([{ fed, seconds, next: [] }])).length > 0;
  }

  /** It plays, or is to play. */
  use(element: HTMLMediaElement): void {
    this.#isUsed.add(element);
  }

  /** What plays when: for those who mix the sound. */
  get stretches(): readonly Stretch[] {
    return this.log.all;
  }

  get elements(): readonly HTMLMediaElement[] {
    return [...this.#all.keys()];
  }

  factsOf(element: HTMLMediaElement): MediaFacts | null {
    return this.fileOf(element)?.facts ?? null;
  }

  /** Where the page reaches the bytes of an element; empty where it has no source. */
  urlOf(element: HTMLMediaElement): string {
    const { reading } = this.fileOf(element) ?? {};
    return reading?.state === "known" ? reading.url : element.currentSrc || element.src;
  }

  facts(): MediaOfPage[] {
    return [...this.#all.values()].map((fed) => ({
      kind: fed.element.localName === "video" ? "video" : "audio",
      source: fed.source ?? shortened(fed.sources[0]!),
      facts: fed.facts,
      fault: fed.reading.state === "unreadable" ? fed.reading.fault : null,
      isUsed: this.#isUsed.has(fed.element),
    }));
  }

  #takeChange({ target, addedNodes }: MutationRecord): void {
    const { localName } = target as Element;
    if (localName === "video" || localName === "audio") this.take(target as HTMLMediaElement);
    for (const node of addedNodes) {
      if (node.nodeType !== Node.ELEMENT_NODE) continue;
      if ((node as Element).matches(MEDIA)) this.take(node as HTMLMediaElement);
      for (const media of (node as Element).querySelectorAll<HTMLMediaElement>(MEDIA)) this.take(media);
    }
  }

  #hide(element: HTMLMediaElement): void {
    if (this.#isHidden.has(element)) return;
    this.#isHidden.add(element);
    hideEvents(element, () => this.fed(element) !== null);
  }

  async #arrive(fed: FedElement, urls: readonly string[], isAnother: boolean): Promise<void> {
    // Whoever named the file has the rest of its turn to listen.
    await Promise.resolve();
    if (isAnother && fed.isFed) fed.tell("emptied");
    if (fed.isFed) fed.tell("loadstart");
    const faults: string[] = [];
    for (const [at, source] of fed.sources.entries()) {
      const url: string = urls[at]!;
      try {
        const facts: MediaFacts = await this.#link!.facts(url);
        fed.reading = { state: "known", facts, url };
        return await this.#tellFacts(fed, facts);
      } catch (thrown) {
        if (!fed.isFed) return;
        if (isMediaFault(thrown) && thrown.kind === "refused") return this.#giveBackRefused(fed, source, thrown.message);
        faults.push(isMediaFault(thrown) ? thrown.message : describe(thrown));
        this.#tellSourceError(fed, source);
      }
    }
    await fed.surface?.rest();
    fed.reading = { state: "unreadable", source: fed.sources[0]!, fault: [...new Set(faults)].join("; ") };
    if (fed.element.hasAttribute("src")) fed.tell("error");
  }

  async #tellFacts(fed: FedElement, { video }: MediaFacts): Promise<void> {
    if (!fed.isFed) return;
    // Known from here on: the picture that gives it its size sets the document's load event free.
    fed.readyState = 1;
    // A poster stays until there is a picture, and with it the size of the poster.
    if (video && !fed.element.hasAttribute("poster")) await fed.surface?.reserve(video.size);
    else await fed.surface?.rest();
    const steps: readonly (readonly string[])[] = [
      ["durationchange", ...(video ? ["resize"] : []), "loadedmetadata"],
      ["loadeddata"],
      ["canplay"],
      ["canplaythrough"],
    ];
    for (const [at, types] of steps.entries()) {
      if (!fed.isFed) return;
      fed.readyState = at + 1;
      fed.tell(...types);
    }
  }

  /** The `<source>` that could not be read hears of it, not the element. */
  #tellSourceError({ element }: FedElement, source: string): void {
    if (element.hasAttribute("src")) return;
    const child: HTMLSourceElement | undefined = [...element.querySelectorAll("source")].find(({ src }) => src === source);
    child?.dispatchEvent(new Event("error"));
  }

  async #giveBackRefused(fed: FedElement, source: string, why: string): Promise<void> {
    const advice = 'serve it with Access-Control-Allow-Origin, or render with crossOrigin: "paint"';
    const outcome = "the browser itself plays it, frame by frame and slower, and it is not heard";
    this.#warn(`${named(fed.element)} cannot be read by scripts (${why}), so that ${outcome}: ${advice}`);
    this.#giveBack(fed);
    if (await hasNativeData(fed.element)) return;
    fed.reading = { state: "unreadable", source, fault: `${why}; the browser itself cannot play it either` };
  }

  /** The browser's own plays, as if nobody had taken it. */
  #giveBack(fed: FedElement): void {
    const { element, muted } = fed;
    const rate: number = this.natives.rate(element);
    fed.close();
    this.natives.setStream(element, null);
    this.natives.setRate(element, rate);
    this.natives.setMuted(element, muted);
    // Where it would play by itself soon, that is called off.
    this.natives.pause(element);
    if (element.preload === "none") element.preload = "metadata";
  }

  /** Asks once who feeds a video. */
  async #choose(fed: FedElement): Promise<void> {
    if (!fed.isPictured || this.#chosen.has(fed)) return;
    this.#chosen.add(fed);
    const { injector } = await this.#link!.choice(fed.facts!);
    if (injector !== null || !fed.isFed) return;
    this.#giveBack(fed);
    await hasNativeData(fed.element);
  }

  #drop(fed: FedElement): void {
    if (!fed.isFed) return;
    fed.close();
    this.#fresh.delete(fed);
    this.natives.setMuted(fed.element, fed.muted);
    this.natives.setStream(fed.element, null);
  }
}

/** Sources that come later count only where nothing could be read. */
function isSettled(known: FedElement, sources: readonly string[]): boolean {
  if (!known.element.hasAttribute("src")) return known.reading.state !== "unreadable" || known.sources.length === sources.length;
  return known.sources.length === 1 && known.sources[0] === sources[0];
}

/** Longest wait for the browser's own, in milliseconds. */
const NATIVE_MS = 5_000;

/** Waits until the browser itself has what it shows first; says whether it knows how long the file is. */
async function hasNativeData(media: HTMLMediaElement): Promise<boolean> {
  if (media.readyState >= media.HAVE_CURRENT_DATA) return true;
  const settled = new Promise<void>((resolve) => {
    const last: HTMLElement = media.hasAttribute("src") ? media : ([...media.querySelectorAll("source")].at(-1) ?? media);
    media.addEventListener("loadeddata", () => resolve(), { once: true });
    last.addEventListener("error", () => resolve(), { once: true });
  });
  await Promise.race([settled, pause(NATIVE_MS)]);
  return media.readyState >= media.HAVE_METADATA;
}

function named(element: HTMLMediaElement): string {
  return `The ${element.localName} ${shortened(sourcesOf(element)[0] ?? element.id)}`;
}

/** Addresses that hold the file itself are too long for messages. */
function shortened(url: string): string {
  return url.startsWith("data:") ? `${url.slice(0, url.indexOf(","))},...` : url;
}
