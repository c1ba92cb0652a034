import type { PageWindow } from "../clock/page-window.ts";
import type { VirtualClock } from "../clock/virtual-clock.ts";
import { installScheduling } from "./install-scheduling.ts";
import { openLiveContext, type LiveContext } from "./live-context.ts";
import type { OfflineNatives } from "./lockstep.ts";

/** What becomes of the contexts that a window makes. */
export interface ContextKeeper {
  opened(live: LiveContext): void;
  /** Null for offline contexts of the page's own: their time is their own, they run as fast as they can. */
  liveOf(context: BaseAudioContext): LiveContext | null;
  /** A node from which a media element is heard. */
  mediaNode(live: LiveContext, element: HTMLMediaElement): AudioNode;
  warn(reason: string): void;
}

type Getter = (this: BaseAudioContext) => unknown;

/**
 * Gives a window AudioContexts that play in virtual time. Without a person's click the browser keeps its own suspended:
 * `resume()` would never answer, `currentTime` never move, and a page that waits for either would stand still for ever.
 */
export function installAudioContexts(view: PageWindow, clock: VirtualClock, keeper: ContextKeeper): void {
  const { AudioContext, BaseAudioContext } = view;
  const natives: OfflineNatives = nativesOf(view);
  const Virtual: typeof AudioContext = new Proxy(AudioContext, {
    construct(_target, [options = {}]: [AudioContextOptions?], newTarget) {
      const live: LiveContext = openLiveContext(view, clock, natives, options, newTarget);
      keeper.opened(live);
      // As Chromium does: it says that it runs at once, and tells of it when it does. Libraries wait for that.
      clock.setTimer(() => live.time.state === "running" && live.context.dispatchEvent(new view.Event("statechange")), 0, false);
      return live.context;
    },
  });
  AudioContext.prototype.constructor = Virtual;
  for (const name of ["AudioContext", "webkitAudioContext"]) if (name in view) Object.assign(view, { [name]: Virtual });

  answer(BaseAudioContext.prototype, keeper, {
    currentTime: ({ time }) => time.seconds,
    state: ({ time }) => time.state,
    destination: ({ lockstep }) => lockstep.output,
  });
  installLife(view, clock, keeper);
  installLookingNodes(view, keeper);
  installMediaNodes(view, keeper);
  installScheduling(view, clock, keeper);
}

function nativesOf(view: PageWindow): OfflineNatives {
  const { suspend, resume, startRendering } = view.OfflineAudioContext.prototype;
  const { createScriptProcessor } = view.BaseAudioContext.prototype;
  const destination: Getter = getterOf(view.BaseAudioContext.prototype, "destination");
  return {
    suspend: (context, seconds) => suspend.call(context, seconds),
    resume: (context) => resume.call(context),
    startRendering: (context) => startRendering.call(context),
    createScriptProcessor: (context, ...options) => createScriptProcessor.apply(context, options),
    destination: (context) => destination.call(context) as AudioNode,
  };
}

/** What only a context has that plays through speakers. */
function installLife(view: PageWindow, clock: VirtualClock, { liveOf }: ContextKeeper): void {
  const { prototype } = view.AudioContext;
  for (const [name, state] of [
    ["resume", "running"],
    ["suspend", "suspended"],
    ["close", "closed"],
  ] as const) {
    prototype[name] = async function (this: AudioContext) {
      if (liveOf(this)?.time.change(state)) this.dispatchEvent(new view.Event("statechange"));
    };
  }
  // The browser's own would not take our contexts for its own.
  const kept = new WeakMap<object, Record<string, unknown>>();
  const first: Readonly<Record<string, unknown>> = { baseLatency: 0, outputLatency: 0, sinkId: "" };
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (!descriptor.get) continue;
    Object.defineProperty(prototype, name, {
      ...descriptor,
      get(this: object) {
        return kept.get(this)?.[name] ?? first[name] ?? null;
      },
      ...(descriptor.set && {
        set(this: object, value: unknown) {
          kept.set(this, { ...kept.get(this), [name]: value });
        },
      }),
    });
  }
  Object.assign(prototype, {
    async setSinkId(): Promise<void> {},
    getOutputTimestamp(this: AudioContext): AudioTimestamp {
      return { contextTime: this.currentTime, performanceTime: clock.nowMs };
    },
  });
}

/** Nodes by which a page sees or makes samples itself: what it shows may then depend on what it hears. */
function installLookingNodes(view: PageWindow, { liveOf }: ContextKeeper): void {
  const look = (context: BaseAudioContext): void => {
    const live: LiveContext | null = liveOf(context);
    if (live) live.isLookedAt = true;
  };
  const { prototype } = view.BaseAudioContext;
  for (const name of ["createAnalyser", "createScriptProcessor"] as const) {
    const create = prototype[name] as (this: BaseAudioContext, ...options: unknown[]) => AudioNode;
    Object.assign(prototype, {
      [name](this: BaseAudioContext, ...options: unknown[]): AudioNode {
        look(this);
        return create.apply(this, options);
      },
    });
  }
  for (const name of ["AnalyserNode", "AudioWorkletNode"] as const)
    replaceConstructor(view, name, (context: BaseAudioContext, construct) => {
      look(context);
      return construct();
    });
}

/** Nodes that bring in what other parts of the browser play. */
function installMediaNodes(view: PageWindow, { liveOf, mediaNode, warn }: ContextKeeper): void {
  const { prototype } = view.AudioContext;
  const silent = (context: BaseAudioContext, what: string): AudioNode => {
    warn(`The page plays ${what} through an AudioContext, which is not heard: play a file, or an AudioBuffer`);
    return context.createGain();
  };
  const ofElement = (context: BaseAudioContext, mediaElement: HTMLMediaElement): AudioNode => {
    const live: LiveContext | null = liveOf(context);
    return live ? mediaNode(live, mediaElement) : silent(context, "a media element");
  };
  const toStream = (context: BaseAudioContext): AudioNode => {
    warn("The page sends sound into a MediaStream, which stays silent: connect it to the destination of its AudioContext");
    return Object.assign(context.createGain(), { stream: new view.MediaStream() });
  };
  Object.assign(prototype, {
    createMediaElementSource(this: AudioContext, element: HTMLMediaElement): AudioNode {
      return ofElement(this, element);
    },
    createMediaStreamSource(this: AudioContext): AudioNode {
      return silent(this, "a MediaStream");
    },
    createMediaStreamTrackSource(this: AudioContext): AudioNode {
      return silent(this, "a MediaStreamTrack");
    },
    createMediaStreamDestination(this: AudioContext): AudioNode {
      return toStream(this);
    },
  });
  replaceConstructor(view, "MediaElementAudioSourceNode", (context: AudioContext, _construct, options) =>
    ofElement(context, (options as MediaElementAudioSourceOptions).mediaElement),
  );
  replaceConstructor(view, "MediaStreamAudioSourceNode", (context: AudioContext) => silent(context, "a MediaStream"));
  replaceConstructor(view, "MediaStreamAudioDestinationNode", (context: AudioContext) => toStream(context));
}

type NodeName =
  | "AnalyserNode"
  | "AudioWorkletNode"
  | "MediaElementAudioSourceNode"
  | "MediaStreamAudioSourceNode"
  | "MediaStreamAudioDestinationNode";

/** Calls `make` for each `new` of a node. */
function replaceConstructor<Context extends BaseAudioContext>(
  view: PageWindow,
  name: NodeName,
  make: (context: Context, construct: () => AudioNode, options: unknown) => AudioNode,
): void {
  const Real = view[name] as unknown as (new (...options: unknown[]) => AudioNode) | undefined;
  // Worklets are for secure origins alone.
  if (!Real) return;
  const Replaced = new Proxy(Real, {
    construct(target, options: [Context, ...unknown[]], newTarget): AudioNode {
      const construct = (): AudioNode => Reflect.construct(target, options, newTarget) as AudioNode;
      return make(options[0], construct, options.at(-1));
    },
  });
  (Real.prototype as { constructor: unknown }).constructor = Replaced;
  Object.assign(view, { [name]: Replaced });
}

/** Lets getters of a prototype answer for live contexts. */
function answer(prototype: object, { liveOf }: ContextKeeper, answers: Readonly<Record<string, (live: LiveContext) => unknown>>): void {
  for (const [name, read] of Object.entries(answers)) {
    const real: Getter = getterOf(prototype, name);
    Object.defineProperty(prototype, name, {
      ...Object.getOwnPropertyDescriptor(prototype, name),
      get(this: BaseAudioContext) {
        const live: LiveContext | null = liveOf(this);
        return live ? read(live) : real.call(this);
      },
    });
  }
}

function getterOf(prototype: object, name: string): Getter {
  return Object.getOwnPropertyDescriptor(prototype, name)!.get! as Getter;
}
