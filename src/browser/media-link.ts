import type { BrowserPage } from "../core/browser.ts";
import { messageOf } from "../core/errors.ts";
import type { MediaAnswers, PageLink } from "../core/media-link.ts";
import { pageAnswers, pageBindings } from "./boundary.ts";
import { mediaReaderScript } from "./generated/media-reader-script.ts";
import { MEDIA_ANSWER, MEDIA_BINDING, type AskedOfHost, type FeedChoice, type MediaAnswer, type MediaQuestion } from "./messages.ts";
import { FEEDS_KEY, READER_KEY } from "./page/media/reader.ts";

/** Lets a page ask the host about its media. Its scripts come only when they are needed. */
export async function linkMedia(page: BrowserPage, answers: MediaAnswers): Promise<PageLink> {
  const answering = new MediaLink(page, answers);
  await page.bind(pageBindings.question(MEDIA_BINDING), (asked) => void answering.answer(asked));
  return {
    read: async (source, start, end) => {
      await answering.openReader();
      const call = `${READER_KEY}.bytes(${JSON.stringify(source)}, ${start}, ${end})`;
      return page.evaluate(call, pageAnswers.bytes(end - start));
    },
    // A page that is gone keeps nothing.
    statistics: () => page.evaluate(`globalThis.__framewrightMediaStatistics?.() ?? null`, pageAnswers.cacheStatistics).catch(() => null),
  };
}

/** Questions of one page that may wait for their answers: thirty videos ask a few ahead each. */
const MOST_QUESTIONS = 1_000;

/** What a page is told of a fault names no file of this host: the page may send it anywhere. */
function withoutPaths(words: string): string {
  return words
    .replaceAll(/(?<![\w:/])(?:file:\/*)?(?:\/[^\s/"',:;|]+){2,}\/?/g, "a file of the host")
    .replaceAll(/\b[A-Z]:\\[^\s"',;|]+/g, "a file of the host");
}

class MediaLink {
  readonly #page: BrowserPage;
  readonly #answers: MediaAnswers;
  #underWay = 0;
  #opening: Promise<void> | null = null;

  constructor(page: BrowserPage, answers: MediaAnswers) {
    this.#page = page;
    this.#answers = answers;
  }

  async answer({ id, question }: AskedOfHost): Promise<void> {
    if (this.#underWay >= MOST_QUESTIONS)
      return void this.#page.refuse("a question about media", `${MOST_QUESTIONS} others have no answer yet`);
    let answer: MediaAnswer;
    this.#underWay++;
    try {
      answer = { value: (await this.#answerTo(question)) ?? null };
    } catch (thrown) {
      answer = { fault: withoutPaths(messageOf(thrown)) };
    } finally {
      this.#underWay--;
    }
    // A document that asked and is gone waits for nothing, nor does a page that has closed.
    const expression = `globalThis.${MEDIA_ANSWER}?.(${JSON.stringify(id)}, ${JSON.stringify(answer)})`;
    await this.#page.send("Runtime.evaluate", { expression }).catch(() => {});
  }

  /** Once a document: one that took its place has lost what was there. A page may ask a thousand times; the script is large. */
  openReader(): Promise<void> {
    return (this.#opening ??= this.#page.run(`if (globalThis.${READER_KEY} === undefined) { ${mediaReaderScript} }`).finally(() => {
      this.#opening = null;
    }));
  }

  async #answerTo(question: MediaQuestion): Promise<unknown> {
    switch (question.ask) {
      case "reader":
        return this.openReader();
      case "facts":
        return this.#answers.facts(question.source);
      case "learned":
        return this.#answers.learned(question.facts);
      case "feed":
        return this.#openFeed(question);
      case "failed":
        return this.#answers.failed(question.injector, question.source, question.why);
      case "injector":
        return this.#answers.ask(question.injector, question.source, question.question);
    }
  }

  async #openFeed({ facts }: Extract<MediaQuestion, { ask: "feed" }>): Promise<FeedChoice> {
    const chosen = await this.#answers.feed(facts);
    if (chosen === null) return { injector: null, cacheBytes: 0 };
    const { injector, pageScript, cacheBytes } = chosen;
    const feeds = `(globalThis.${FEEDS_KEY} ??= {})`;
    await this.#page.run(`${feeds}[${JSON.stringify(injector)}] ??= (${pageScript}\n), null`);
    return { injector, cacheBytes };
  }
}
