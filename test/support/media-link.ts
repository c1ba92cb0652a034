import type { BrowserPage } from "../../src/core/browser.ts";
import { messageOf } from "../../src/core/errors.ts";
import { pageBindings } from "../../src/browser/boundary.ts";
import { MEDIA_ANSWER, MEDIA_BINDING, type AskedOfHost, type MediaAnswer, type MediaQuestion } from "../../src/browser/messages.ts";
import { READER_KEY, FEEDS_KEY } from "../../src/browser/page/media/reader.ts";

export interface LinkAnswers {
  /** A JavaScript expression that gives a `MediaReader`. */
  readonly reader: string;
  /** Injectors by name: JavaScript expressions that give an `OpenFeed`. */
  readonly feeds: Readonly<Record<string, string>>;
  /** Of what is asked besides the reader. What it throws is the fault. */
  answer(question: Exclude<MediaQuestion, { ask: "reader" }>): unknown;
}

/** The host's half of the link of media, answered by a test. */
export interface MediaLinkDouble {
  readonly asked: readonly MediaQuestion[];
  /** For `CaptureContext.attachMedia`. */
  attach(page: BrowserPage): Promise<void>;
}

export function mediaLink({ reader, feeds, answer }: LinkAnswers): MediaLinkDouble {
  const asked: MediaQuestion[] = [];
  const answered = async (page: BrowserPage, question: MediaQuestion): Promise<unknown> => {
    if (question.ask === "reader") {
      await page.run(`void (globalThis.${READER_KEY} = ${reader})`);
      return null;
    }
    if (question.ask === "feed") {
      for (const [name, feed] of Object.entries(feeds)) await page.run(`void ((globalThis.${FEEDS_KEY} ??= {})["${name}"] = ${feed})`);
    }
    return answer(question);
  };
  const reply = async (page: BrowserPage, { id, question }: AskedOfHost): Promise<void> => {
    asked.push(question);
    const said: MediaAnswer = await answered(page, question).then(
      (value: unknown) => ({ value: value ?? null }),
      (thrown: unknown) => ({ fault: messageOf(thrown) }),
    );
    await page.run(`${MEDIA_ANSWER}("${id}", ${JSON.stringify(said)})`);
  };
  return {
    asked,
    attach: (page) =>
      page.bind(pageBindings.question(MEDIA_BINDING), (asked) => {
        // A page that is gone hears no answer.
        void reply(page, asked).catch(() => {});
      }),
  };
}
