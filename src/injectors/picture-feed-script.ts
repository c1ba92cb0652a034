import { pictureFeedScript } from "../browser/generated/picture-feed-script.ts";

/** An expression that gives the `OpenFeed` of pictures which this host decodes. */
export const hostPictureFeed: string = `(() => {\nconst __feed = {};\n${pictureFeedScript}\nreturn __feed.open;\n})()`;
