import type { ReadPageValue } from "../../src/core/browser.ts";

/** Takes what a page of the tests answers for what it should be. */
export function unchecked<Value = unknown>(): ReadPageValue<Value> {
  return (value) => value as Value;
}
