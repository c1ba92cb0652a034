import { inspect, stripVTControlCharacters } from "node:util";
import { CommanderError } from "commander";
import { isRenderError, messageOf, type RenderErrorCode } from "../core/errors.ts";
import { exitCodes, EXIT_FAILED, EXIT_USAGE } from "./exit-codes.ts";
import { err } from "./print.ts";

/** What went wrong, as the command line tells it. JSON. */
export interface Failure {
  /** `usage-invalid`: the command line cannot be read. `unexpected`: a fault of this program. */
  readonly code: RenderErrorCode | "usage-invalid" | "unexpected";
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export function failureOf(thrown: unknown): Failure {
  // What others said is part of some messages, in colours that nobody asked for.
  if (isRenderError(thrown)) return { code: thrown.code, message: stripVTControlCharacters(thrown.message), details: thrown.details };
  if (thrown instanceof CommanderError) return { code: "usage-invalid", message: usageMessage(thrown), details: { reason: thrown.code } };
  return { code: "unexpected", message: `${messageOf(thrown)}. Run again with FRAMEWRIGHT_DEBUG=1 and report it`, details: {} };
}

export function exitCodeOf({ code }: Failure): number {
  if (code === "usage-invalid") return EXIT_USAGE;
  return code === "unexpected" ? EXIT_FAILED : exitCodes[code];
}

/** One line on standard error; with FRAMEWRIGHT_DEBUG=1 also where it came from. */
export function printFailure(thrown: unknown): void {
  const { code, message } = failureOf(thrown);
  const { paint } = err;
  err.line(`${paint.red(paint.bold("error"))} [${code}]: ${message}`);
  if (process.env["FRAMEWRIGHT_DEBUG"] === "1") err.lines(inspect(thrown));
}

/** commander says "error: unknown option '--foo'\n(Did you mean --fps?)". */
function usageMessage({ message }: CommanderError): string {
  const words: string = message.replace(/^error: /, "").replaceAll(/\s*\n\s*/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1).replace(/\.$/, "");
}
