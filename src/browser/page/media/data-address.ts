import { fromBase64 } from "../../../core/base64.ts";
import { mediaFault } from "./media-fault.ts";

/** The bytes of a `data:` address. Not by `fetch`, which a content security policy may forbid where it lets media play. */
export function bytesOfDataAddress(url: string): Uint8Array<ArrayBuffer> {
  const comma: number = url.indexOf(",");
  if (comma < 0) throw mediaFault("broken", "its data: address has no comma before its data");
  const body: Uint8Array<ArrayBuffer> = percentDecoded(url.slice(comma + 1));
  if (!/;\s*base64\s*$/i.test(url.slice(0, comma))) return body;
  try {
    return fromBase64(new TextDecoder("latin1").decode(body).replaceAll(/\s/g, ""));
  } catch (cause) {
    throw mediaFault("broken", "its data: address is no valid base64", cause);
  }
}

/** A name for messages and keys: an address of megabytes is none. */
export function nameOfDataAddress(url: string): string {
  const type: string = /^data:([^,;]*)/i.exec(url)?.[1] || "text/plain";
  return `data:${type};digest=${digestOf(url)}`;
}

function percentDecoded(text: string): Uint8Array<ArrayBuffer> {
  const bytes: Uint8Array<ArrayBuffer> = new TextEncoder().encode(text);
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    const code: RegExpExecArray | null =
      bytes[at] === PERCENT ? /^[\da-f]{2}/i.exec(String.fromCharCode(bytes[at + 1]!, bytes[at + 2]!)) : null;
    bytes[length++] = code === null ? bytes[at]! : Number.parseInt(code[0], 16);
    if (code !== null) at += 2;
  }
  return bytes.subarray(0, length);
}

const PERCENT = 0x25;

/** Two runs of FNV-1a over the text: it shall tell the files of one page apart, in any window, secure or not. */
function digestOf(text: string): string {
  let [first, second] = [0x811c9dc5, 0x01000193];
  for (let at = 0; at < text.length; at++) {
    const code: number = text.charCodeAt(at);
    first = Math.imul(first ^ code, 0x01000193);
    second = Math.imul(second ^ code, 0x85ebca6b) ^ (second >>> 13);
  }
  return [first, second].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
}
