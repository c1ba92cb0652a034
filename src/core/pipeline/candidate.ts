import { messageOf } from "../errors.ts";
import type { Candidate } from "../policy/plan.ts";
import type { Support } from "../support.ts";
import { within } from "./watchdog.ts";

/** A part that was not tried: it cannot be chosen, or it is tried once it is. */
export function untried<Traits>({ name, traits }: { readonly name: string; readonly traits: Traits }): Candidate<Traits> {
  return { name, traits, support: null };
}

/** What a part answers when it is tried. One that rejects, or gives no answer in time, is lacking. */
export async function tried(limitMs: number, probe: () => Promise<Support>): Promise<Support> {
  try {
    return await within(limitMs, probe(), () => new Error(`its trial gave no answer within ${limitMs} ms`));
  } catch (thrown) {
    return { ok: false, reasons: [messageOf(thrown)] };
  }
}

/** @throws TypeError where a policy chose what is not there */
export function named<Part extends { name: string }>(parts: readonly Part[], name: string): Part {
  const part: Part | undefined = parts.find((one) => one.name === name);
  if (!part) throw new TypeError(`The policy chose "${name}", which is not among the parts: ${parts.map((one) => one.name).join(", ")}`);
  return part;
}
