/**
 * Brings one kind of animation to a time. It runs inside the page, in the window of the composition; an author passes one in
 * `window.framewright.adapters`, or by the job.
 *
 * For each frame the page's timers run first, then adapters with `runs: "before-frames"`, then one batch of animation frame
 * callbacks, then the other adapters, then the page's own `seek`.
 */
export interface Adapter {
  readonly name: string;
  /** `before-frames`: what it drives is in place when the callbacks of `requestAnimationFrame` run. After them unless said. */
  readonly runs?: "before-frames" | "after-frames";
  /** Called in each window of the composition before its scripts run: for what must be there before them. Only for adapters that come with the job. */
  install?(view: Window, page: AdapterPage): void;
  /**
   * Looks for what it can drive, and says whether there is anything. Called when the page has loaded and before each frame after
   * which something was added, so it must be cheap where nothing has changed.
   */
  discover(page: AdapterPage): boolean;
  /** The page has changed something, and the browser may look at it before the next `discover`: for what begins by itself then. */
  notice?(page: AdapterPage): void;
  /** Brings all that it has found to a time. A promise is awaited before the picture is taken. */
  seek(time: AdapterTime): void | Promise<void>;
  /** When the last of its animations ends, in seconds; null where it has none that ends. */
  duration?(): number | null;
  /** True once it drives something whose picture depends on what was shown before, so that it cannot go back. */
  isSequential?(): boolean;
}

export interface AdapterTime {
  /** Seconds since the start of the composition. */
  readonly seconds: number;
  /** What `performance.now()` answers: milliseconds of the page's own time, which loading may have taken some of. */
  readonly milliseconds: number;
  /** Which frame it is, from 0. */
  readonly index: number;
}

/** What an adapter sees of the page. */
export interface AdapterPage {
  /** The windows of the composition and of its frames of the same origin. */
  readonly windows: readonly Window[];
  /** Their documents and shadow trees. */
  readonly roots: readonly (Document | ShadowRoot)[];
  /** Null at the first look; afterwards what was added since the last one. */
  readonly added: readonly Element[] | null;
  /** Elements whose `style` attribute changed since the last look; null where other things did, so that any style may be another. */
  readonly restyled: ReadonlySet<Element> | null;
  /** The tree or attributes changed, so that style sheets may match anew. True at the first look. */
  readonly hasNewStyles: boolean;
  /** The time that the page sees now. A getter: later reads answer later times. */
  readonly now: AdapterTime;
  /** The page is only listened to: nobody sees the pictures of this frame, so that none needs to be waited for. */
  readonly isListening: boolean;
  /** Says once what the author should know. */
  warn(reason: string): void;
}
