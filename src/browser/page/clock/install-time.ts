import type { PageWindow } from "./page-window.ts";
import type { VirtualClock } from "./virtual-clock.ts";

export interface TimeOrigin {
  /** What `Date.now()` answers at virtual time 0. */
  readonly startDateMs: number;
  /** When the window came, in virtual time: `performance.now()` counts from there. */
  readonly bornAtMs: number;
}

/** Makes every way to read the time in a window answer with virtual time. */
export function installTime(view: PageWindow, clock: VirtualClock, { startDateMs, bornAtMs }: TimeOrigin): void {
  const sinceBirth = (): number => clock.read() - bornAtMs;
  const date = (): number => Math.floor(startDateMs + clock.read());
  installDate(view, date);
  installDefaultDates(view, date);
  view.performance.now = sinceBirth;
  answer(view.Performance.prototype, "timeOrigin", () => startDateMs + bornAtMs);
  // Scripts take the difference of an event's time and `performance.now()`.
  answer(view.Event.prototype, "timeStamp", sinceBirth);
  answer(view.AnimationTimeline.prototype, "currentTime", function (this: AnimationTimeline, real) {
    return this instanceof view.DocumentTimeline ? clock.nowMs - bornAtMs : real();
  });
}

function installDate(view: PageWindow, now: () => number): void {
  const RealDate: DateConstructor = view.Date;
  RealDate.now = now;
  const VirtualDate: DateConstructor = new Proxy(RealDate, {
    construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as Date,
    apply: () => new RealDate(now()).toString(),
  });
  view.Date = VirtualDate;
  RealDate.prototype.constructor = VirtualDate;
}

/** What takes the present where it is given no date. */
function installDefaultDates(view: PageWindow, now: () => number): void {
  const { prototype } = view.Intl.DateTimeFormat;
  const { formatToParts } = prototype;
  prototype.formatToParts = function (date) {
    return formatToParts.call(this, date ?? now());
  };
  const format: (this: Intl.DateTimeFormat) => (date?: Date | number) => string = Object.getOwnPropertyDescriptor(
    prototype,
    "format",
  )!.get!;
  Object.defineProperty(prototype, "format", {
    configurable: true,
    get(this: Intl.DateTimeFormat) {
      const ofThis = format.call(this);
      return (date?: Date | number) => ofThis(date ?? now());
    },
  });
  installTemporal(view as unknown as TemporalWindow, now);
}

/** As much of Temporal as is used here; TypeScript does not know it yet (https://tc39.es/proposal-temporal/). */
interface TemporalWindow {
  readonly Temporal?: {
    readonly Now: Record<string, unknown> & { timeZoneId(): string };
    readonly Instant: { fromEpochMilliseconds(ms: number): { toZonedDateTimeISO(zone: string): Record<string, () => unknown> } };
  };
}

function installTemporal({ Temporal }: TemporalWindow, now: () => number): void {
  if (!Temporal) return;
  const { Now, Instant } = Temporal;
  const zoned = (zone: string = Now.timeZoneId()) => Instant.fromEpochMilliseconds(now()).toZonedDateTimeISO(zone);
  Object.assign(Now, {
    instant: () => Instant.fromEpochMilliseconds(now()),
    zonedDateTimeISO: zoned,
    plainDateTimeISO: (zone?: string) => zoned(zone)["toPlainDateTime"]!(),
    plainDateISO: (zone?: string) => zoned(zone)["toPlainDate"]!(),
    plainTimeISO: (zone?: string) => zoned(zone)["toPlainTime"]!(),
  });
}

/** Replaces what a getter of a prototype answers. */
function answer<Value>(prototype: object, name: string, value: (this: never, real: () => Value) => Value): void {
  const descriptor: PropertyDescriptor = Object.getOwnPropertyDescriptor(prototype, name)!;
  Object.defineProperty(prototype, name, {
    ...descriptor,
    get(this: never) {
      return value.call(this, () => descriptor.get!.call(this) as Value);
    },
  });
}
