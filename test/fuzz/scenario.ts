import type { Tampering } from "./tampering.ts";

/** A piece of the host's work with a page, which may be hostile. */
export interface Scenario {
  readonly name: string;
  /**
   * Does the work. Resolves where it succeeded; what it then gives is what it owes.
   *
   * @throws RenderError, or WrongSuccess
   */
  run(tampering: Tampering): Promise<void>;
}

/** Work that says it succeeded, and did not do what was asked. */
export class WrongSuccess extends Error {
  override readonly name: string = "WrongSuccess";
}

/** @throws WrongSuccess */
export function assertRight(isRight: boolean, what: string): void {
  if (!isRight) throw new WrongSuccess(what);
}
