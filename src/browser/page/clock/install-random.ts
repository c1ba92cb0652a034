import type { RandomNumbers } from "./random.ts";

/** Makes `Math.random`, `crypto.getRandomValues` and `crypto.randomUUID` of a window follow one row of numbers. */
export function installRandom(view: Window & typeof globalThis, numbers: RandomNumbers): void {
  view.Math.random = () => numbers.next();
  const { Crypto, crypto } = view;
  Crypto.prototype.getRandomValues = function getRandomValues<Target extends ArrayBufferView | null>(target: Target): Target {
    // What is no array of whole numbers, or is too long, gets the browser's own error.
    if (!ArrayBuffer.isView(target) || target.byteLength > 65_536 || /Float|DataView/.test(Object.prototype.toString.call(target)))
      return realGetRandomValues.call(crypto, target as never) as unknown as Target;
    const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
    for (let at = 0; at < bytes.length; at++) bytes[at] = numbers.nextUint32();
    return target;
  };
  if (!("randomUUID" in crypto)) return;
  Crypto.prototype.randomUUID = () => {
    const bytes: Uint8Array = Uint8Array.from({ length: 16 }, () => numbers.nextUint32());
    // RFC 9562: version 4, variant 10.
    bytes[6] = (bytes[6]! & 15) | 64;
    bytes[8] = (bytes[8]! & 63) | 128;
    const digits: string = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-") as ReturnType<Crypto["randomUUID"]>;
  };
}

const { getRandomValues: realGetRandomValues } = Crypto.prototype;
