import { mediaReaderScript } from "../browser/generated/media-reader-script.ts";
import { READER_KEY } from "../browser/page/media/reader.ts";
import { injectionFailed } from "../core/errors.ts";
import type { FrameInjector } from "../core/injector.ts";

const NAME = "webcodecs";

/** What feeds videos is part of what reads them: the two share the bytes that they have fetched. */
const feedScript: string = `(() => {\n${mediaReaderScript}\nreturn globalThis.${READER_KEY}.openFeed;\n})()`;

/** Decodes videos inside the page: no picture is carried there, and nothing is written. */
export function webcodecs(): FrameInjector {
  const close = async (): Promise<void> => {};
  return {
    contract: 1,
    name: NAME,
    traits: { decodesIn: "page", pictures: "none", sharesPageServer: false, needsSecureContext: true },
    async probe({ source, video }) {
      if (video === null) return { ok: false, reasons: [`"${source}" holds no pictures`] };
      if (video.decodesInPage) return { ok: true };
      return { ok: false, reasons: [`the browser's pages do not decode ${video.codec}, or are not secure (https, or this host)`] };
    },
    open: async () => ({
      pageScript: feedScript,
      async answer(question, { facts }) {
        throw injectionFailed(NAME, facts.source, `it decodes in the page and has no answer to ${JSON.stringify(question)}`);
      },
      close,
      [Symbol.asyncDispose]: close,
    }),
  };
}
