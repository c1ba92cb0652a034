import {
  WARN_BINDING,
  type EarlySettings,
  type HeardPiece,
  type HeardScore,
  type HeardSoFar,
  type OpenedComposition,
  type SeekEnd,
  type UnreadyComposition,
} from "../messages.ts";
import type { PageSound } from "../../core/media.ts";
import { MOST_WARNINGS_OF_SOURCE, shortWarning } from "../../core/warning-log.ts";
import type { Adapter } from "./adapters/adapter.ts";
import { Adapters } from "./adapters/adapters.ts";
import { livePage } from "./adapters/live-page.ts";
import { installRandom } from "./clock/install-random.ts";
import { installTime } from "./clock/install-time.ts";
import { installTimers } from "./clock/install-timers.ts";
import { installViewTransitions } from "./clock/install-view-transitions.ts";
import { installWorkers } from "./clock/install-workers.ts";
import type { PageWindow } from "./clock/page-window.ts";
import { randomNumbers } from "./clock/random.ts";
import { realTime } from "./clock/real-time.ts";
import { VirtualClock } from "./clock/virtual-clock.ts";
import { CompositionWindows } from "./composition-windows.ts";
import { attributesDeclaring, firstDeclared, metaDeclaring, type Declarations, type Declaring } from "./declared.ts";
import { Departure } from "./departure.ts";
import { DepthScenes } from "./depth-scenes.ts";
import { installDialogs } from "./dialogs.ts";
import { unchanged } from "./dom-watch.ts";
import { FrameMaker } from "./frame-maker.ts";
import { AwaitedInVain, CompositionFault, installHyperframes, openHyperframes, type HyperframesComposition } from "./hyperframes/index.ts";
import { LateResources } from "./late-resources.ts";
import { LoadingPage } from "./loading-page.ts";
import { LoadingTime } from "./loading-time.ts";
import { PageMedia } from "./media/page-media.ts";
import { PageChanges } from "./page-changes.ts";
import { contractDeclaring, contractOf } from "./page-contract.ts";
import type { PaintedRoot } from "./painted-roots.ts";
import { crossOriginIn, resourcesOf, type Awaited } from "./readiness.ts";
import { Requests } from "./requests.ts";
import { singleCanvas } from "./single-canvas.ts";
import { Heard } from "./sound/heard.ts";
import { Listener } from "./sound/listener.ts";
import { VideoTime } from "./video-time.ts";
import { videoSeeks, type VideoSeeks } from "./video-seeks.ts";
import { WatchedRoots } from "./watched-roots.ts";
import { WebGlUse } from "./webgl-use.ts";
import { describe } from "./words.ts";

/**
 * A page as something that can be brought to a time. It lives in the composition's own window, from before its scripts.
 */
export class Composition {
  readonly #view: PageWindow;
  readonly #settings: EarlySettings;
  readonly #clock: VirtualClock;
  readonly #time: VideoTime;
  readonly #windows: CompositionWindows;
  readonly #roots: WatchedRoots;
  readonly #requests: Requests;
  readonly #webGl = new WebGlUse();
  readonly #videos: VideoSeeks;
  readonly #media: PageMedia;
  readonly #adapters: Adapters;
  readonly #changes: PageChanges;
  readonly #loadingTime: LoadingTime;
  readonly #loading: LoadingPage;
  readonly #heard: Heard;
  readonly #frames: FrameMaker;
  readonly #listener: Listener;
  readonly #warnings = new Set<string>();
  #hyperframes: HyperframesComposition | null = null;
  #isReady = false;
  #sound: PageSound = "none";

  constructor(view: PageWindow, settings: EarlySettings, adaptersFor: (media: PageMedia) => readonly Adapter[]) {
    this.#view = view;
    this.#settings = settings;
    const { frameRate } = settings;
    const departure = new Departure(view);
    const clock = new VirtualClock((thrown) => {
      view.reportError(thrown);
      if (this.#isReady) this.#warn(`A timer or animation frame of the page threw: ${describe(thrown)}`);
    });
    const time = new VideoTime(clock, frameRate);
    const requests = new Requests(this.#warn);
    const late = new LateResources(this.#warn);
    this.#clock = clock;
    this.#time = time;
    this.#requests = requests;
    this.#videos = videoSeeks(view);
    this.#windows = new CompositionWindows(view);
    this.#roots = new WatchedRoots(view, (root) => {
      this.#media.observe(root);
      this.#changes.observe(root);
    });
    const page = livePage({
      windows: () => this.#windows.painted,
      roots: () => this.#roots.painted,
      now: () => time.now,
      warn: this.#warn,
      isListening: () => this.#listener.isListening,
    });
    this.#media = new PageMedia(view, settings.injectsMedia, this.#warn);
    this.#adapters = new Adapters(adaptersFor(this.#media), page);
    this.#changes = new PageChanges(this.#adapters, late, departure);
    this.#heard = new Heard({
      clock,
      media: this.#media,
      frameSeconds: frameRate.denominator / frameRate.numerator,
      loadedMs: () => time.beginMs,
      warn: this.#warn,
    });
    this.#frames = new FrameMaker({
      ...{ clock, time, adapters: this.#adapters, heard: this.#heard, changes: this.#changes, late, requests },
      seekPage: (seconds) => this.#seekPage(seconds),
    });
    this.#listener = new Listener(this.#heard, this.#frames, time);
    this.#loadingTime = new LoadingTime(
      clock,
      () => this.#adapters.freeze(),
      () => requests.areUnderWay,
    );
    this.#loading = new LoadingPage(view, this.#loadingTime, departure, requests, this.#warn);
    installHyperframes(view, settings);
    void this.#freezeWhileLoading();
  }

  /** Takes in a window of the composition or of one of its frames before its scripts run. */
  adopt(view: PageWindow): void {
    const bornAtMs: number = this.#clock.nowMs;
    if (this.#windows.add(view)) {
      installTimers(view, this.#clock, bornAtMs);
      installTime(view, this.#clock, { startDateMs: this.#settings.startDateMs, bornAtMs });
      installRandom(view, randomNumbers(this.#settings.seed, this.#windows.placeOf(view)));
      installWorkers(view, this.#warn);
      installDialogs(view, this.#warn);
      installViewTransitions(view, this.#warn);
      this.#requests.install(view);
      this.#frames.install(view);
      this.#webGl.install(view);
      this.#adapters.install(view);
      // Around what adapters put in the place of `play()`.
      this.#heard.install(view);
      this.#roots.install(view);
    }
    this.#roots.add(view.document);
  }

  /** Waits until the page can be rendered and everything that it shows has loaded; says what was missing after `limitMs`. */
  async open(limitMs: number): Promise<OpenedComposition | UnreadyComposition> {
    const deadlineMs: number = realTime.now() + limitMs;
    await ownTurn;
    const url: string = this.#view.location.href;
    const notReady = (waitedFor: string): UnreadyComposition => ({ ready: false, url, waitedFor });
    const unloaded: string | null = await this.#loading.loaded(deadlineMs);
    if (unloaded !== null) return notReady(unloaded);
    await this.#loading.stays(deadlineMs);
    try {
      this.#hyperframes = await openHyperframes(this.#view, this.#settings, {
        deadlineMs,
        realTime,
        warn: this.#warn,
        runPageTasks: () => this.#loadingTime.runWhileAwaited(),
      });
      await this.#loading.answered(deadlineMs);
      const { adapters } = contractOf(this.#view)?.contract ?? {};
      if (adapters) this.#adapters.add(adapters);
      const unready: string | null = await this.#loading.ready(deadlineMs);
      if (unready !== null) return notReady(unready);
    } catch (thrown) {
      if (thrown instanceof AwaitedInVain) return notReady(thrown.waitedFor);
      if (thrown instanceof CompositionFault) return { ...notReady("the page itself"), fault: thrown.message };
      return { ...notReady("the page itself"), failed: describe(thrown) };
    }
    this.#roots.addParsed();
    const unshown: string | null = await this.#loading.shown(this.#resources(), deadlineMs);
    if (unshown !== null) return notReady(unshown);
    await this.#loadingTime.runAllTasks();
    await this.#loading.stays(deadlineMs);
    this.#changes.begin();
    this.#adapters.look();
    // Adapters of the page's own come with its contract, and only then is it known what ends when.
    if (!(await this.#durationKnown(deadlineMs)))
      return notReady(
        'something that says how long the video is: window.framewright.duration, <meta name="framewright" content="duration=...">, data-duration, or an animation that ends',
      );
    this.#time.begin();
    // What is there now began at the start, whichever frame is asked for first.
    await this.#adapters.seek("before-frames", unchanged);
    this.#frames.begin(this.#hyperframes?.isSequential === true || contractOf(this.#view)?.contract.access === "sequential");
    this.#sound = this.#heard.kind(this.#windows.painted, this.#frames.isSequential);
    this.#isReady = true;
    this.#media.open(this.#time.beginMs);
    return { ready: true, url: this.#view.location.href, ...this.#facts() };
  }

  /**
   * Brings the page to a frame: what it shows there is the same however often and in what order frames are asked for.
   *
   * @throws what the page's own `seek` throws
   */
  async seek(index: number): Promise<SeekEnd> {
    await ownTurn;
    if (this.#frames.isSequential) {
      if (index < this.#time.index) return "reload";
      while (this.#time.index < index) await this.#frames.make(this.#time.index + 1);
    } else await this.#frames.make(index);
    await this.#videos.shown();
    return "done";
  }

  /**
   * All that is heard in so many frames. Where attributes do not say it the page goes through all of them, without pictures, and
   * does not go back: a step at a time, until there is a score.
   *
   * @param sound What is known of it: more than it says itself, where more was heard in another page of the job
   * @throws what the page's own `seek` throws
   */
  async listen(frameCount: number, sound: PageSound = this.#sound): Promise<HeardScore | HeardSoFar | "reload"> {
    await ownTurn;
    return this.#listener.listen(frameCount, sound);
  }

  /** One piece of what the page made itself, which is forgotten here. */
  recordedPiece(index: number): HeardPiece {
    return this.#listener.recordedPiece(index);
  }

  /** What was heard while pictures were made, though the page had said nothing of it before; null where nothing was. In words. */
  get unplannedSound(): string | null {
    return this.#heard.unplanned;
  }

  #seekPage(seconds: number): unknown {
    if (this.#hyperframes) return this.#hyperframes.seek(seconds);
    const { contract = null } = contractOf(this.#view) ?? {};
    return typeof contract?.seek === "function" ? contract.seek(seconds) : undefined;
  }

  /** In each of the browser's frames, before it looks at styles: one that comes late would find short animations at their end. */
  async #freezeWhileLoading(): Promise<void> {
    for (;;) {
      await realTime.nextFrame();
      if (this.#isReady) return;
      this.#adapters.freeze();
    }
  }

  #resources(): Awaited[] {
    return [...this.#roots.painted.flatMap((root) => resourcesOf(root, this.#isFed)), ...this.#media.awaited()];
  }

  /** Where nothing says yet how long the video is, the page's time goes on until something does. */
  async #durationKnown(deadlineMs: number): Promise<boolean> {
    const isKnown = (): boolean =>
      !this.#settings.awaitsDuration || this.#declared().duration !== null || contractOf(this.#view)?.contract.seek !== undefined;
    while (!isKnown()) {
      if (realTime.now() >= deadlineMs) return false;
      await this.#loadingTime.flow();
      this.#adapters.look();
    }
    return true;
  }

  #declared(): Declarations {
    const { size = null, durationSeconds = null, frameRate = null } = this.#hyperframes ?? {};
    const ofHyperframes: Declaring = { by: "contract", width: size?.width, height: size?.height, frameRate, duration: durationSeconds };
    const { document } = this.#view;
    return firstDeclared([
      ...(this.#hyperframes ? [ofHyperframes] : []),
      contractDeclaring(contractOf(this.#view)),
      metaDeclaring(document, this.#warn),
      attributesDeclaring(document),
      { by: "animations", duration: this.#adapters.durationSeconds },
    ]);
  }

  #facts(): Omit<OpenedComposition, "ready" | "url"> {
    const roots: PaintedRoot[] = this.#roots.painted;
    return {
      ...this.#declared(),
      contract: this.#hyperframes ? "hyperframes" : (contractOf(this.#view)?.name ?? "none"),
      access: this.#frames.isSequential ? "sequential" : "random",
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

  readonly #warn = (reason: string): void => {
    if (this.#warnings.size > MOST_WARNINGS_OF_SOURCE || this.#warnings.has(shortWarning(reason))) return;
    // Each warning that reaches the host costs it a message.
    const isLast: boolean = this.#warnings.size === MOST_WARNINGS_OF_SOURCE;
    const told: string = isLast
      ? `The page raised more than ${MOST_WARNINGS_OF_SOURCE} warnings; the others are not listed`
      : shortWarning(reason);
    this.#warnings.add(told);
    if (this.#isReady) (this.#view as unknown as Record<string, (reason: string) => void>)[WARN_BINDING]?.(told);
  };
}

/**
 * Browsers take an address that a script gives to `location` as relative to whoever began the turn: where that is the shell in
 * another window, to the shell's. After it has been awaited, it is the page.
 */
const ownTurn: Promise<void> = Promise.resolve();
