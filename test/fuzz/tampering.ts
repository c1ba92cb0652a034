import type { Random } from "../support/random.ts";
import type { Evaluated, FakePage } from "./fake-browser.ts";
import { hostileText, mutated, shown, type Mutation } from "./hostile-values.ts";

/** A message that a page of ours sends, for pages that call a binding unasked. */
export interface KnownCall {
  readonly binding: string;
  readonly value: unknown;
}

/** What pages throw, as the protocol describes it. */
const exceptions: readonly unknown[] = [
  { text: "Uncaught", exception: { description: "Error: no\n    at seek (http://localhost/:1:1)" } },
  { text: "Uncaught (in promise)", exception: { value: null } },
  { text: "Uncaught", exception: { value: { toString: null } } },
  { text: "Uncaught", exception: { description: "x".repeat(100_000) } },
  { text: "Uncaught", exception: { description: "\u001B]0;owned\u0007\n\uD800" } },
  { text: "Uncaught", exception: {} },
  { text: "Uncaught" },
];

/**
 * Stands between a model and the host: some of the messages, by the order in which they come, are replaced by hostile ones.
 * What was done stands in `log`.
 */
export class Tampering {
  readonly log: string[] = [];
  /** Messages that came by, tampered with or not. */
  messages = 0;
  /** Messages that were hostile. */
  hostile = 0;
  readonly random: Random;
  readonly #at: ReadonlySet<number>;

  /** @param at ordinals of the messages to replace */
  constructor(random: Random, at: Iterable<number>) {
    this.random = random;
    this.#at = new Set(at);
  }

  /** The answer to an evaluated expression. */
  async answer(name: string, value: unknown, page: FakePage, calls: readonly KnownCall[] = []): Promise<Evaluated> {
    if (!this.isTurn()) return { value };
    const kind: number = this.random.next();
    if (kind < 0.76) return { value: this.#mutate(`the answer to ${name}`, value).value };
    if (kind < 0.84) return this.#throw(name);
    if (kind < 0.9) {
      this.log.push(`no answer to ${name}`);
      return new Promise(() => {});
    }
    if (kind < 0.92) {
      this.log.push(`the page crashes instead of answering ${name}`);
      page.crash();
      return { value };
    }
    this.#callUnasked(page, calls);
    return { value };
  }

  /** A call of a binding. */
  say(binding: string, value: unknown, page: FakePage): void {
    if (!this.isTurn()) return page.call(binding, JSON.stringify(value));
    const kind: number = this.random.next();
    if (kind < 0.05) return void this.log.push(`no call of ${binding}`);
    if (kind < 0.1) {
      this.log.push(`two calls of ${binding}`);
      page.call(binding, JSON.stringify(value));
      return page.call(binding, JSON.stringify(value));
    }
    this.#call(page, { binding, value });
  }

  #callUnasked(page: FakePage, calls: readonly KnownCall[]): void {
    for (let times = this.random.pick([1, 1, 2, 30]); times > 0 && calls.length > 0; times--) {
      const call: KnownCall = this.random.pick(calls);
      if (this.random.chance(40)) {
        this.log.push(`an unasked call of ${call.binding}`);
        page.call(call.binding, JSON.stringify(call.value));
      } else this.#call(page, call);
      this.hostile++;
    }
  }

  #call(page: FakePage, { binding, value }: KnownCall): void {
    const put: Mutation = this.#mutate(`a call of ${binding}`, value);
    const text: string = hostileText(put.value, this.random);
    if (this.log.length < 50) this.log.push(`  as ${shown(text)}`);
    page.call(binding, text);
  }

  #throw(name: string): Evaluated {
    this.log.push(`${name} throws`);
    return { exceptionDetails: this.random.pick(exceptions) };
  }

  #mutate(name: string, value: unknown): Mutation {
    const mutation: Mutation = mutated(value, this.random);
    this.log.push(`${name}: ${mutation.what}`);
    return mutation;
  }

  /** Whether the next message is to be replaced. */
  isTurn(): boolean {
    const isTurn: boolean = this.#at.has(this.messages++);
    if (isTurn) this.hostile++;
    return isTurn;
  }
}
