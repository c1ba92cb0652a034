/**
 * Behavioural tests for the authors of encoders and captures, and doubles to test them with. For any test runner.
 *
 * @example
 * ```ts
 * import { encoderCases } from "framewright/testing";
 *
 * for (const { name, run } of encoderCases(myEncoder(), { browser, openSink, format: "RGBA" })) test(name, run);
 * ```
 *
 * @module
 */
export { captureCases, type CaptureCasesOptions } from "./capture-cases.ts";
export type { ContractCase } from "./contract-case.ts";
export { encoderCases, type EncoderCasesOptions } from "./encoder-cases.ts";
export { memorySink, type MemorySink } from "./memory-sink.ts";
export { memorySound } from "./memory-sound.ts";
export { patternSource, type PatternOptions, type PatternSource } from "./pattern-source.ts";
