import { toBase64 } from "../core/base64.ts";
import type { FrameInjector } from "../core/injector.ts";
import type { MediaFacts } from "../core/media.ts";
import type { Support } from "../core/support.ts";
import type { HostPicture } from "../browser/page/media/host-pictures.ts";
import { openVideoPictures } from "../ffmpeg/video-pictures.ts";
import { decodingSupport } from "./decoding-support.ts";
import { HostPictures, type OpenVideoPictures } from "./host-pictures.ts";
import { hostPictureFeed } from "./picture-feed-script.ts";
import { timesOf } from "./shown-times.ts";

export interface Base64Options {
  /** Path of ffmpeg; found where it is not given. */
  readonly executablePath?: string;
  /** What decodes in place of ffmpeg. */
  readonly openPictures?: OpenVideoPictures;
}

/** Decodes videos with ffmpeg on this host, and sends each picture with the answer to the page's question. */
export function base64({ executablePath, openPictures = openVideoPictures }: Base64Options = {}): FrameInjector {
  const decodes: (facts: MediaFacts) => Promise<Support> = decodingSupport(executablePath);
  return {
    contract: 1,
    name: "base64",
    traits: { decodesIn: "process", pictures: "pushed", sharesPageServer: false, needsSecureContext: false },
    probe: (video) => decodes(video),
    async open(context) {
      const pictures = new HostPictures(context, openPictures, executablePath);
      return {
        pageScript: hostPictureFeed,
        async answer(question, video): Promise<HostPicture> {
          const picture = await pictures.answer(question, video);
          return { ...timesOf(picture), type: picture.type, data: toBase64(picture.data) };
        },
        close: () => pictures.close(),
        [Symbol.asyncDispose]: () => pictures.close(),
      };
    },
  };
}
