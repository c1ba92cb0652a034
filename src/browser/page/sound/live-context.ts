import type { PageWindow } from "../clock/page-window.ts";
import type { VirtualClock } from "../clock/virtual-clock.ts";
import { ContextTime } from "./context-time.ts";
import { Lockstep, type OfflineNatives } from "./lockstep.ts";

/** Longest sound of a context, in seconds. The browser sets the room aside at once, and fills it as it goes. */
const LONGEST_SECONDS = 3_600;
/** Unless the page asks for another. */
const SAMPLE_RATE = 48_000;

/** A context of the page that plays in virtual time. */
export interface LiveContext {
  readonly context: BaseAudioContext;
  readonly time: ContextTime;
  readonly lockstep: Lockstep;
  /** The page looks at its sound: with an analyser, or processing it by script. */
  isLookedAt: boolean;
}

/**
 * Makes what the page takes for its AudioContext: an offline context, which renders as far as it is told to.
 *
 * @param newTarget the constructor that the page called, for subclasses
 */
export function openLiveContext(
  view: PageWindow,
  clock: VirtualClock,
  natives: OfflineNatives,
  { sampleRate = SAMPLE_RATE }: AudioContextOptions,
  newTarget: NewableFunction,
): LiveContext {
  const { OfflineAudioContext } = view;
  // What is rendered is recorded on its way; the result itself nobody reads, so that one channel will do.
  const options: ConstructorParameters<typeof OfflineAudioContext> = [1, Math.round(LONGEST_SECONDS * sampleRate), sampleRate];
  const context = Reflect.construct(OfflineAudioContext, options, newTarget) as OfflineAudioContext;
  // The browser tells of each step, and the page knows of none.
  context.addEventListener("statechange", (event) => {
    if (event.isTrusted) event.stopImmediatePropagation();
  });
  const lockstep = new Lockstep(context, natives);
  asSpeakers(view, lockstep.output);
  return { context, time: new ContextTime(clock), lockstep, isLookedAt: false };
}

/** What the page connects to looks to it as its destination does. */
function asSpeakers(view: PageWindow, output: GainNode): void {
  Object.setPrototypeOf(output, view.AudioDestinationNode.prototype as object);
  Object.defineProperties(output, { maxChannelCount: { value: output.channelCount }, numberOfOutputs: { value: 0 } });
}
