import {
  WARN_BINDING,
  type EarlySettings,
  type HeardPiece,
  type HeardScore,
  type OpenedComposition,
  type SeekEnd,
  type UnreadyComposition,
} from "../messages.ts";
import type { PageSound } from "../../core/media.ts";
import type { Adapter, AdapterPage, AdapterTime } from "./adapters/adapter.ts";
import { Adapters } from "./adapters/adapters.ts";
import { installRandom } from "./clock/install-random.ts";
import { installTime } from "./clock/install-time.ts";
import { installTimers } from "./clock/install-timers.ts";
import { installViewTransitions } from "./clock/install-view-transitions.ts";
import { installWorkers } from "./clock/install-workers.ts";
import type { PageWindow } from "./clock/page-window.ts";
import { Messages } from "./clock/messages.ts";
import { randomNumbers } from "./clock/random.ts";
import { realTime } from "./clock/real-time.ts";
import { VirtualClock } from "./clock/virtual-clock.ts";
import { attributesDeclaring, firstDeclared, metaDeclaring, type Declarations, type Declaring } from "./declared.ts";
import { Departure } from "./departure.ts";
import { DepthScenes } from "./depth-scenes.ts";
import { installDialogs } from "./dialogs.ts";
import { DomWatch, unchanged, type DomChanges } from "./dom-watch.ts";
import { AwaitedInVain, CompositionFault, installHyperframes, openHyperframes, type HyperframesComposition } from "./hyperframes/index.ts";
import { PageMedia } from "./media/page-media.ts";
import { Observers } from "./observers.ts";
import { contractDeclaring, contractOf } from "./page-contract.ts";
import { isPromise, keptWhileTimeStands } from "./page-promise.ts";
import { LoadingTime, pause } from "./loading-time.ts";
import { paintedRoots, registryOf, remember, rememberedRoots, type PaintedRoot } from "./painted-roots.ts";
import { crossOriginIn, lateResourcesOf, pendingIn, resourcesOf, type Awaited } from "./readiness.ts";
import { Requests } from "./requests.ts";
import { singleCanvas } from "./single-canvas.ts";
import { Heard } from "./sound/heard.ts";
import { RecordedPieces } from "./sound/recorded-pieces.ts";
import { videoSeeks, type VideoSeeks } from "./video-seeks.ts";
import { WebGlUse } from "./webgl-use.ts";
import { capitalised, describe } from "./words.ts";

/** How long answers to the page's own requests may take, in milliseconds: some are never meant to end. */
const REQUESTS_LIMIT_MS = 5_000;
/** How often observers are told within one frame. */
const OBSERVER_ROUNDS = 3;

/**
 * A page as something that can be brought to a time. It lives in the composition's own window, from before its scripts.
 */
export class Composition {
  readonly #view: PageWindow;
  readonly #settings: EarlySettings;
  readonly #clock: VirtualClock;
  readonly #watch: DomWatch = new DomWatch();
  readonly #requests = new Requests();
  readonly #messages = new Messages();
  readonly #observers = new Observers();
  readonly #webGl = new WebGlUse();
  readonly #departure: Departure;
  readonly #media: PageMedia;
  readonly #adapters: Adapters;
  readonly #loading: LoadingTime;
  readonly #heard: Heard;
  readonly #warnings = new Set<string>();
  readonly #windows: Window[] = [];
  #videos: VideoSeeks | undefined;
  #hyperframes: HyperframesComposition | null = null;
  #foundRoots: ReadonlySet<PaintedRoot> = new Set();
  /** The frame that is shown; -1 before the first. */
  #index = -1;
  #seconds = 0;
  /** What loading took of the page's own time. */
  #loadedMs = 0;
  /** What came in this frame and is still to load. */
  readonly #late: Awaited[] = [];
  #isSequential = false;
  #isReady = false;
  #sound: PageSound = "none";
  #isListening = false;
  #recorded = new RecordedPieces([]);

  constructor(view: PageWindow, settings: EarlySettings, adaptersFor: (media: PageMedia) => readonly Adapter[]) {
    this.#view = view;
    this.#settings = settings;
    this.#departure = new Departure(view);
    this.#clock = new VirtualClock((thrown) => {
      view.reportError(thrown);
      if (this.#isReady) this.#warn(`A timer or animation frame of the page threw: ${describe(thrown)}`);
    });
    const page: AdapterPage = livePage({
      windows: () => this.#windows.filter(isPainted),
      roots: () => this.roots(),
      now: () => this.#now(),
      warn: (reason) => this.#warn(reason),
      isListening: () => this.#isListening,
    });
    this.#media = new PageMedia(view, settings.injectsMedia, (reason) => this.#warn(reason));
    this.#adapters = new Adapters(adaptersFor(this.#media), page);
    this.#heard = new Heard({
      clock: this.#clock,
      media: this.#media,
      frameSeconds: settings.frameRate.denominator / settings.frameRate.numerator,
      loadedMs: () => this.#loadedMs,
      warn: (reason) => this.#warn(reason),
    });
    this.#loading = new LoadingTime(
      this.#clock,
      () => this.#adapters.freeze(),
      () => this.#requests.areUnderWay,
    );
    installHyperframes(view, settings);
    void this.#freezeWhileLoading();
  }

  /** Takes in a window of the composition or of one of its frames before its scripts run. */
  adopt(view: PageWindow): void {
    const bornAtMs: number = this.#clock.nowMs;
    if (!isAdopted(view)) {
      this.#windows.push(view);
      installTimers(view, this.#clock, bornAtMs);
      installTime(view, this.#clock, { startDateMs: this.#settings.startDateMs, bornAtMs });
      installRandom(view, randomNumbers(this.#settings.seed, this.#streamOf(view)));
      installWorkers(view, (reason) => this.#warn(reason));
      installDialogs(view, (reason) => this.#warn(reason));
      installViewTransitions(view, (reason) => this.#warn(reason));
      this.#requests.install(view);
      this.#messages.install(view);
      this.#observers.install(view);
      this.#webGl.install(view);
      this.#adapters.install(view);
      // Around what adapters put in the place of `play()`.
      this.#heard.install(view);
      this.#watchShadowTrees(view);
    }
    this.#watchRoot(view.document);
  }

  /** Documents and shadow trees that are painted now: those that the parser made, and those that came later. */
  roots(): PaintedRoot[] {
    if (this.#foundRoots.size === 0) return paintedRoots(this.#view);
    return [...this.#foundRoots, ...rememberedRoots(this.#view, this.#foundRoots)];
  }

  /** Waits until the page can be rendered and everything that it shows has loaded; says what was missing after `limitMs`. */
  async open(limitMs: number): Promise<OpenedComposition | UnreadyComposition> {
    const deadlineMs: number = realTime.now() + limitMs;
    await ownTurn;
    const { document } = this.#view;
    const url: string = this.#view.location.href;
    const notReady = (waitedFor: string): UnreadyComposition => ({ ready: false, url, waitedFor });
    if (!(await this.#loading.until(() => document.readyState === "complete", deadlineMs))) return notReady(this.#describeLoading());
    await this.#awaitDeparture(deadlineMs);
    try {
      this.#hyperframes = await openHyperframes(this.#view, this.#settings, {
        deadlineMs,
        realTime,
        warn: (reason) => this.#warn(reason),
        runPageTasks: () => this.#loading.runWhileAwaited(),
      });
      await this.#awaitRequests(deadlineMs);
      const unready: string | null = await this.#awaitReady(deadlineMs);
      if (unready !== null) return notReady(unready);
    } catch (thrown) {
      if (thrown instanceof AwaitedInVain) return notReady(thrown.waitedFor);
      if (thrown instanceof CompositionFault) return { ...notReady("the page itself"), fault: thrown.message };
      return { ...notReady("the page itself"), failed: describe(thrown) };
    }
    this.#foundRoots = new Set(paintedRoots(this.#view));
    for (const root of this.#foundRoots) this.#watchRoot(root);
    const late: string | null = await this.#awaitResources(deadlineMs);
    if (late !== null) return notReady(late);
    await this.#loading.runAllTasks();
    await this.#awaitDeparture(deadlineMs);
    this.#watch.take();
    this.#adapters.look();
    // Adapters of the page's own come with its contract, and only then is it known what ends when.
    if (!(await this.#awaitDuration(deadlineMs)))
      return notReady(
        'something that says how long the video is: window.framewright.duration, <meta name="framewright" content="duration=...">, data-duration, or an animation that ends',
      );
    // What is there now began at the start, whichever frame is asked for first.
    await this.#adapters.seek("before-frames", unchanged);
    this.#videos = videoSeeks(this.#view);
    this.#isSequential =
      this.#clock.isWaiting ||
      this.#adapters.areSequential ||
      this.#heard.isLookedAt ||
      this.#hyperframes?.isSequential === true ||
      contractOf(this.#view)?.contract.access === "sequential";
    this.#sound = this.#heard.kind(this.#windows.filter(isPainted), this.#isSequential);
    this.#isReady = true;
    this.#media.open(this.#loadedMs);
    return { ready: true, url: this.#view.location.href, ...this.#facts() };
  }

  /**
   * Brings the page to a frame: what it shows there is the same however often and in what order frames are asked for.
   *
   * @throws what the page's own `seek` throws
   */
  async seek(index: number): Promise<SeekEnd> {
    await ownTurn;
    if (this.#isSequential) {
      if (index < this.#index) return "reload";
      while (this.#index < index) await this.#step(this.#index + 1);
    } else await this.#step(index);
    await this.#videos!.shown();
    return "done";
  }

  /**
   * All that is heard in so many frames. Where attributes do not say it the page goes through all of them, without pictures, and
   * does not go back.
   *
   * @param sound What is known of it: more than it says itself, where more was heard in another page of the job
   * @throws what the page's own `seek` throws
   */
  async listen(frameCount: number, sound: PageSound = this.#sound): Promise<HeardScore | "reload"> {
    await ownTurn;
    if (sound === "none") return { clips: [], pieces: 0 };
    const { numerator, denominator } = this.#settings.frameRate;
    const videoSeconds: number = (frameCount * denominator) / numerator;
    if (sound === "declared") return { clips: this.#heard.clips(videoSeconds), pieces: 0 };
    if (this.#heard.wasListenedTo || (this.#isSequential && this.#index > 0)) return "reload";
    this.#isListening = true;
    this.#heard.listen();
    try {
      // One that cannot go back shall not make its first frame twice.
      const first: number = this.#isSequential ? this.#index + 1 : 0;
      if (first > 0) this.#heard.look();
      for (let index = first; index < frameCount; index++) {
        await this.#step(index);
        this.#heard.look();
      }
      // The last frame lasts as well: what begins or ends in it is heard.
      await this.#clock.advanceTo(this.#loadedMs + videoSeconds * 1000, () => this.#yield(), this.#hear);
      await this.#heard.advance(this.#clock.nowMs);
      this.#recorded = new RecordedPieces(await this.#heard.made(videoSeconds));
    } finally {
      this.#isListening = false;
    }
    return { clips: this.#heard.clips(videoSeconds), pieces: this.#recorded.count };
  }

  /** One piece of what the page made itself, which is forgotten here. */
  recordedPiece(index: number): HeardPiece {
    return this.#recorded.take(index);
  }

  /** What was heard while pictures were made, though the page had said nothing of it before; null where nothing was. In words. */
  get unplannedSound(): string | null {
    return this.#heard.unplanned;
  }

  /** One frame, in the order in which a browser would make it. */
  async #step(index: number): Promise<void> {
    const { numerator, denominator } = this.#settings.frameRate;
    const timeMs: number = this.#loadedMs + (index * denominator * 1000) / numerator;
    this.#index = index;
    this.#seconds = (index * denominator) / numerator;
    if (timeMs < this.#clock.nowMs) this.#clock.jumpTo(timeMs);
    else await this.#clock.advanceTo(timeMs, () => this.#yield(), this.#hear);
    await this.#seekAdapters("before-frames");
    await this.#heard.advance(timeMs);
    if (await this.#clock.runFrames(() => Promise.resolve())) await this.#yield();
    await this.#seekAdapters("after-frames");
    const sinceId: number = this.#clock.lastId;
    const answer: unknown = this.#seekPage();
    if (this.#messages.areUnderWay) await this.#yield();
    if (isPromise(answer)) await this.#whileLooking(keptWhileTimeStands(answer, this.#clock, sinceId));
    if (this.#requests.areUnderWay) await this.#whileLooking(this.#awaitRequests(Infinity));
    // What the frame itself has started begins in it.
    await this.#seekStarted();
    if (this.#observers.areInUse) await this.#tellObservers();
    if (this.#late.length > 0) await this.#whileLooking(this.#awaitLate());
    this.#isSequential ||= this.#clock.isWaiting || this.#adapters.areSequential || this.#heard.isLookedAt;
  }

  /** The page's own word comes last. */
  #seekPage(): unknown {
    if (this.#hyperframes) return this.#hyperframes.seek(this.#seconds);
    const { contract = null } = contractOf(this.#view) ?? {};
    return typeof contract?.seek === "function" ? contract.seek(this.#seconds) : undefined;
  }

  async #seekAdapters(turn: "before-frames" | "after-frames"): Promise<void> {
    await this.#adapters.seek(turn, this.#takeChanges());
  }

  async #seekStarted(): Promise<boolean> {
    const changes: DomChanges = this.#takeChanges();
    this.#adapters.notice(changes);
    await this.#seekAdapters("before-frames");
    return changes.hasNewStyles;
  }

  /** Observers are told of what has moved, and what they start begins in the same frame; what that moves, they are told again. */
  async #tellObservers(): Promise<void> {
    for (let round = 0; round < OBSERVER_ROUNDS; round++) {
      await this.#observers.told();
      if (!(await this.#seekStarted())) return;
    }
  }

  #takeChanges(): DomChanges {
    const changes: DomChanges = this.#watch.take();
    if (changes.hasNewStyles) this.#late.push(...lateResourcesOf([...changes.added, ...changes.sourced]));
    return changes;
  }

  /** What the page has changed begins where things are now, whenever the browser looks at it. */
  #notice(): void {
    const changes: DomChanges = this.#takeChanges();
    if (changes.hasNewStyles) this.#adapters.notice(changes);
  }

  /** What sounds before a timer of the page runs does not know of it. */
  readonly #hear = (pageMs: number): Promise<void> => this.#heard.advance(pageMs);

  /** Lets promises and messages of the page run, and waits for what servers answer: all of it happens at the time that it is. */
  async #yield(): Promise<void> {
    this.#notice();
    await this.#messages.arrived();
    if (this.#requests.areUnderWay) await this.#whileLooking(this.#awaitRequests(Infinity));
  }

  /** Waits for what takes real time. What the page changes meanwhile stands from the browser's first look at it. */
  async #whileLooking(work: Promise<unknown>): Promise<void> {
    this.#notice();
    let isOver = false;
    const look = async (): Promise<void> => {
      // A page that goes elsewhere gets no frames any more.
      while (!this.#departure.isNear) {
        await realTime.nextFrame();
        if (isOver) return;
        this.#notice();
      }
    };
    void look();
    await work.finally(() => {
      isOver = true;
    });
  }

  /** In each of the browser's frames, before it looks at styles: one that comes late would find short animations at their end. */
  async #freezeWhileLoading(): Promise<void> {
    for (;;) {
      await realTime.nextFrame();
      if (this.#isReady) return;
      this.#adapters.freeze();
    }
  }

  /** What came in this frame is waited for before its picture is taken. */
  async #awaitLate(): Promise<void> {
    const late: Awaited[] = this.#late.splice(0);
    const limit: Promise<never> = pause(REQUESTS_LIMIT_MS).then(() =>
      Promise.reject(new Error(`no answer within ${REQUESTS_LIMIT_MS} ms`)),
    );
    limit.catch(() => {});
    for (const { what, arrived } of late)
      await Promise.race([arrived, limit]).catch((thrown: unknown) =>
        this.#warn(`${capitalised(what)}, which came ${this.#seconds} s into the video, did not load: ${describe(thrown)}`),
      );
  }

  /** A page that goes elsewhere ends here. One that only seemed to is rendered after a while. */
  async #awaitDeparture(deadlineMs: number): Promise<void> {
    await this.#loading.until(() => !this.#departure.isNear, Math.min(deadlineMs, realTime.now() + REQUESTS_LIMIT_MS));
  }

  async #awaitReady(deadlineMs: number): Promise<string | null> {
    const { ready, adapters } = contractOf(this.#view)?.contract ?? {};
    if (adapters) this.#adapters.add(adapters);
    if (ready === undefined || ready === null) return null;
    const answer: unknown = typeof ready === "function" ? ready() : ready;
    return (await this.#loading.keptByPageBefore(deadlineMs, Promise.resolve(answer))) ? null : "window.framewright.ready";
  }

  /** Waits for the answers to what scripts asked for; those that take too long are named and left. */
  async #awaitRequests(deadlineMs: number): Promise<void> {
    const limitMs: number = Math.min(REQUESTS_LIMIT_MS, Math.max(0, (deadlineMs - realTime.now()) / 2));
    for (const url of await this.#requests.settled(limitMs))
      this.#warn(`The page's request of ${url} had no answer within ${Math.round(limitMs)} ms, and was not waited for any longer`);
  }

  async #awaitResources(deadlineMs: number): Promise<string | null> {
    const pending = new Set<string>();
    const ofRoots: Awaited[] = this.roots().flatMap((root) => resourcesOf(root, this.#isFed));
    const all: Awaited[] = [...ofRoots, ...this.#media.awaited()];
    const loaded = Promise.all(
      all.map(async ({ what, arrived }) => {
        pending.add(what);
        await arrived.catch(() => this.#warn(`${capitalised(what)} did not load`));
        pending.delete(what);
      }),
    );
    return (await this.#loading.keptBefore(deadlineMs, loaded)) ? null : [...pending].join(", ");
  }

  /** Where nothing says yet how long the video is, the page's time goes on until something does. */
  async #awaitDuration(deadlineMs: number): Promise<boolean> {
    const isKnown = (): boolean =>
      !this.#settings.awaitsDuration || this.#declared().duration !== null || contractOf(this.#view)?.contract.seek !== undefined;
    while (!isKnown()) {
      if (realTime.now() >= deadlineMs) return false;
      await this.#loading.flow();
      this.#adapters.look();
    }
    this.#loadedMs = this.#clock.nowMs;
    return true;
  }

  #declared(): Declarations {
    const { size = null, durationSeconds = null, frameRate = null } = this.#hyperframes ?? {};
    const ofHyperframes: Declaring = { by: "contract", width: size?.width, height: size?.height, frameRate, duration: durationSeconds };
    const { document } = this.#view;
    return firstDeclared([
      ...(this.#hyperframes ? [ofHyperframes] : []),
      contractDeclaring(contractOf(this.#view)),
      metaDeclaring(document, (reason) => this.#warn(reason)),
      attributesDeclaring(document),
      { by: "animations", duration: this.#adapters.durationSeconds },
    ]);
  }

  #facts(): Omit<OpenedComposition, "ready" | "url"> {
    const roots: PaintedRoot[] = this.roots();
    return {
      ...this.#declared(),
      contract: this.#hyperframes ? "hyperframes" : (contractOf(this.#view)?.name ?? "none"),
      access: this.#isSequential ? "sequential" : "random",
      isSingleCanvas: singleCanvas(this.#view) !== null,
      crossOrigin: [...new Set(roots.flatMap((root) => crossOriginIn(root, this.#isFed)))],
      adapters: this.#adapters.active,
      isSecureContext: this.#view.isSecureContext,
      hasDepthScene: new DepthScenes().isShownIn(roots),
      drawsWebGl: this.#webGl.isSeen,
      media: this.#media.facts(),
      sound: this.#sound,
      warnings: [...this.#warnings],
    };
  }

  readonly #isFed = (media: HTMLMediaElement): boolean => this.#media.fed(media) !== null;

  #now(): AdapterTime {
    return { seconds: this.#seconds, milliseconds: this.#clock.nowMs, index: Math.max(0, this.#index) };
  }

  #describeLoading(): string {
    const pending: string[] = paintedRoots(this.#view).flatMap(pendingIn);
    return pending.length === 0 ? "the page's load event" : pending.join(", ");
  }

  /** Frames load in any order: the numbers that each gets depend on its place alone, which is the same in every capture. */
  #streamOf(view: Window): number {
    if (view === this.#view) return 0;
    const { parent } = view;
    let at = 0;
    while (at < parent.length && parent[at] !== view) at++;
    return this.#streamOf(parent) * 64 + at + 1;
  }

  #watchRoot(root: PaintedRoot): void {
    const registry = registryOf(this.#view);
    if (registry) remember(registry, root);
    this.#media.observe(root);
    this.#watch.observe(root);
  }

  #watchShadowTrees(view: PageWindow): void {
    const { attachShadow } = view.Element.prototype;
    const watch = (root: ShadowRoot): void => this.#watchRoot(root);
    view.Element.prototype.attachShadow = function (this: Element, init: ShadowRootInit): ShadowRoot {
      const root: ShadowRoot = attachShadow.call(this, init);
      watch(root);
      return root;
    };
  }

  #warn(reason: string): void {
    if (this.#warnings.has(reason)) return;
    this.#warnings.add(reason);
    if (this.#isReady) (this.#view as unknown as Record<string, (reason: string) => void>)[WARN_BINDING]?.(reason);
  }
}

/**
 * Browsers take an address that a script gives to `location` as relative to whoever began the turn: where that is the shell in
 * another window, to the shell's. After it has been awaited, it is the page.
 */
const ownTurn: Promise<void> = Promise.resolve();

/** The page as adapters see it, at whatever time they look. */
function livePage(live: {
  windows(): Window[];
  roots(): PaintedRoot[];
  now(): AdapterTime;
  warn(reason: string): void;
  isListening(): boolean;
}): AdapterPage {
  return {
    get windows() {
      return live.windows();
    },
    get roots() {
      return live.roots();
    },
    get now() {
      return live.now();
    },
    get isListening() {
      return live.isListening();
    },
    added: null,
    restyled: null,
    hasNewStyles: true,
    warn: live.warn,
  };
}

/** Marks the global object: a window that navigates from its first empty document to another of its origin keeps it. */
function isAdopted(view: PageWindow): boolean {
  const marked = view as unknown as Record<string, true | undefined>;
  const wasAdopted: boolean = marked["__framewrightAdopted"] === true;
  Object.defineProperty(view, "__framewrightAdopted", { value: true, configurable: true });
  return wasAdopted;
}

/** A frame that went to another origin, or that failed to load, keeps its window and closes it to us. */
function isPainted(view: Window): boolean {
  try {
    return Boolean(view.document.defaultView);
  } catch {
    return false;
  }
}
