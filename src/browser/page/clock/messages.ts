import type { PageWindow } from "./page-window.ts";
import { realTime } from "./real-time.ts";

/** Schedulers pass on their work by a message to themselves. One that sends more in a row is taken for endless. */
const MESSAGES_IN_A_ROW = 1_000;

/** Messages that windows of the page send to one another and to themselves: they arrive before time goes on. */
export class Messages {
  #sent = 0;
  #seen = 0;

  install(view: PageWindow): void {
    const note = (): void => {
      this.#sent++;
    };
    for (const holder of [view, view.MessagePort.prototype]) {
      const post = holder.postMessage as (...args: unknown[]) => void;
      holder.postMessage = function (this: unknown, ...args: unknown[]) {
        note();
        post.apply(this ?? view, args);
      };
    }
  }

  get areUnderWay(): boolean {
    return this.#sent !== this.#seen;
  }

  /** Resolves in a task of its own: promises that were ready have run by then, and messages, and those that they have sent. */
  async arrived(): Promise<void> {
    for (let round = 0; round < MESSAGES_IN_A_ROW; round++) {
      this.#seen = this.#sent;
      await realTime.nextTask();
      if (!this.areUnderWay) return;
    }
    this.#seen = this.#sent;
  }
}
