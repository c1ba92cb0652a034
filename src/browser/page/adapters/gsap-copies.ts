/** As much of a page's window as every copy of GSAP 3 writes when it wakes: its version. The copy itself only where it was no module. */
interface VersionsWindow extends Window {
  gsapVersions?: string[];
}

/**
 * Hears of copies of GSAP that a bundle keeps to itself. On waking, each writes down its version and then copies its names, its
 * own among them, to a plain object: what is asked of all objects for just that while hears it.
 *
 * @param view before its scripts run
 */
export function hearGsapCopies(view: Window, onCopy: (gsap: unknown) => void): void {
  let versions: string[] | undefined;
  const hear = (written: string[]): string[] => {
    const push = (...added: string[]): number => {
      hearOneAssignment(view as Window & typeof globalThis, "gsap", onCopy);
      return Array.prototype.push.apply(written, added);
    };
    return Object.defineProperty(written, "push", { value: push, configurable: true, writable: true });
  };
  Object.defineProperty(view satisfies VersionsWindow, "gsapVersions", {
    configurable: true,
    enumerable: true,
    get: () => versions,
    set(written: unknown) {
      versions = Array.isArray(written) ? hear(written as string[]) : undefined;
    },
  });
}

/** Hears what is assigned to a property of any object in the current task. The assignment is made nevertheless. */
function hearOneAssignment({ Object: PageObject }: Window & typeof globalThis, name: string, onValue: (value: unknown) => void): void {
  const { prototype } = PageObject;
  if (Object.hasOwn(prototype, name)) return;
  const stop = (): void => void Reflect.deleteProperty(prototype, name);
  PageObject.defineProperty(prototype, name, {
    configurable: true,
    get: () => undefined,
    set(this: object, value: unknown) {
      stop();
      PageObject.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
      onValue(value);
    },
  });
  queueMicrotask(stop);
}
