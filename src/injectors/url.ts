import type { CachedPicture } from "../core/frame-cache.ts";
import type { FrameInjector } from "../core/injector.ts";
import type { MediaFacts } from "../core/media.ts";
import type { Support } from "../core/support.ts";
import type { HostPicture } from "../browser/page/media/host-pictures.ts";
import { openVideoPictures } from "../ffmpeg/video-pictures.ts";
import { decodingSupport } from "./decoding-support.ts";
import { HostPictures, type OpenVideoPictures } from "./host-pictures.ts";
import { hostPictureFeed } from "./picture-feed-script.ts";
import { timesOf } from "./shown-times.ts";

/** Gives pictures to pages. Whoever opened it closes it. */
export interface PictureServer {
  /** On the loopback interface. */
  readonly port: number;
  /** A URL that gives the picture once. */
  offer(picture: CachedPicture): string;
  close(): Promise<void>;
}

export interface UrlOptions {
  openServer(): Promise<PictureServer>;
  /** True where pages get their files, videos among them, from that server too: pictures would wait behind them. */
  readonly sharesPageServer?: boolean;
  /** Path of ffmpeg; found where it is not given. */
  readonly executablePath?: string;
  /** What decodes in place of ffmpeg. */
  readonly openPictures?: OpenVideoPictures;
}

/** Decodes videos with ffmpeg on this host, and lets the page fetch each picture from a server. */
export function url(options: UrlOptions): FrameInjector {
  const { openServer, sharesPageServer = false, executablePath, openPictures = openVideoPictures } = options;
  const decodes: (facts: MediaFacts) => Promise<Support> = decodingSupport(executablePath);
  return {
    contract: 1,
    name: "url",
    traits: { decodesIn: "process", pictures: "fetched", sharesPageServer, needsSecureContext: false },
    probe: (video) => decodes(video),
    async open(context) {
      const server: PictureServer = await openServer();
      const pictures = new HostPictures(context, openPictures, executablePath);
      const close = async (): Promise<void> => {
        await pictures.close();
        await server.close();
      };
      return {
        pageScript: hostPictureFeed,
        prepare: (page, browser) => browser.admit(server.port, page),
        async answer(question, video): Promise<HostPicture> {
          const picture: CachedPicture = await pictures.answer(question, video);
          return { ...timesOf(picture), url: server.offer(picture) };
        },
        close,
        [Symbol.asyncDispose]: close,
      };
    },
  };
}
