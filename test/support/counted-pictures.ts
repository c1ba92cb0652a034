import type { OpenVideoPictures } from "../../src/injectors/host-pictures.ts";

/** What an injector did with the pictures of its videos. */
export interface CountedPictures {
  readonly open: OpenVideoPictures;
  opened: number;
  asked: number;
  closed: number;
}

export function countPictures(open: OpenVideoPictures): CountedPictures {
  const counted: CountedPictures = {
    opened: 0,
    asked: 0,
    closed: 0,
    async open(path, options) {
      counted.opened++;
      const pictures = await open(path, options);
      return {
        at: (seconds, signal) => {
          counted.asked++;
          return pictures.at(seconds, signal);
        },
        [Symbol.asyncDispose]: () => {
          counted.closed++;
          return pictures[Symbol.asyncDispose]();
        },
      };
    },
  };
  return counted;
}
