import type { RenderError } from "./errors.ts";

/** What a part answers when it was really tried here. JSON, but for the error. */
export type Support =
  | { readonly ok: true; readonly details?: Readonly<Record<string, string | number | boolean>> }
  | {
      readonly ok: false;
      readonly reasons: readonly string[];
      /** What a job that asks for this part by name fails with. */
      readonly error?: RenderError;
    };
