/** What a feed of the host's pictures is answered: where one is shown, and the picture or where it is fetched. JSON. */
export type HostPicture = PictureTimes & (PictureData | PicturePlace);

/** Seconds of the video: a picture is shown from `start` until `end`; null for the last. */
export interface PictureTimes {
  readonly start: number;
  readonly end: number | null;
}

export interface PictureData {
  /** Media type. */
  readonly type: string;
  /** base64 */
  readonly data: string;
}

/** A URL that gives the picture once. */
export interface PicturePlace {
  readonly url: string;
}

/** What such a feed asks. JSON. */
export interface PictureQuestion {
  /** Seconds of the video. */
  readonly seconds: number;
}
