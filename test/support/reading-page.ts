import type { Page } from "playwright-core";
import { mediaReaderScript } from "../../src/browser/generated/media-reader-script.ts";
import type { Size } from "../../src/core/frame.ts";
import type { MediaFacts } from "../../src/core/media.ts";
import { readBarCode } from "./bar-code.ts";

export interface FeedTask {
  readonly url: string;
  readonly seconds: readonly number[];
  /** How many of the next times are told in advance, as a page does. */
  readonly ahead?: number;
  readonly budgetBytes?: number;
  /** The decoder dies before these pictures are asked for, by their numbers. */
  readonly killsDecoderAt?: readonly number[];
}

/** What one feed did. */
export interface FedPictures {
  /** What each picture shows; null where it is no bar code. */
  readonly shown: readonly (number | null)[];
  /** The same of its alpha. */
  readonly alpha: readonly (number | null)[];
  /** The size at which a page shows the last. */
  readonly size: Size;
  readonly memory: {
    readonly bytes: number;
    readonly peakBytes: number;
    readonly hit: number;
    readonly miss: number;
    readonly eviction: number;
    readonly rejection: number;
  };
  /** Pictures that are open after the feed was closed, and closings of what was closed. */
  readonly open: number;
  readonly closedTwice: number;
  /** The most that were open at one time. */
  readonly mostOpen: number;
}

export type FactsOrFault = MediaFacts | { readonly fault: string; readonly kind: string };

/** Makes of `media-feeds.html` a page that reads media and feeds it. */
export async function openReadingPage(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.evaluate(`(() => {${mediaReaderScript}})()`);
}

export function factsIn(page: Page, url: string): Promise<FactsOrFault> {
  return page.evaluate<FactsOrFault>(`factsOf(${JSON.stringify(url)})`);
}

export async function fedPictures(page: Page, task: FeedTask): Promise<FedPictures> {
  const whole: Required<FeedTask> = { ahead: 3, budgetBytes: 64 << 20, killsDecoderAt: [], ...task };
  const { channels, ...rest } = await page.evaluate<
    Omit<FedPictures, "shown" | "alpha"> & { readonly channels: readonly (readonly [string, string])[] }
  >(`fed(${JSON.stringify(whole)})`);
  const read = (text: string): number | null => readBarCode(Buffer.from(text, "base64"));
  return { shown: channels.map(([color]) => read(color)), alpha: channels.map(([, alpha]) => read(alpha)), ...rest };
}
