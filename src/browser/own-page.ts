import type { BrowserPage } from "../core/browser.ts";
import { navigate } from "./load-page.ts";
import { RESERVED_PATH } from "./messages.ts";
import { serveReservedPath } from "./reserved-path.ts";

/** Answered by us before any look-up; https makes it a secure context, which WebCodecs asks for and about:blank is not. */
const OWN_ORIGIN = "https://framewright.invalid";
const blank = "<!doctype html><body style='margin:0'>";

/** Brings a fresh page to an empty document of ours, in a secure context. */
export async function openOwnDocument(
  page: BrowserPage,
  origin: string = OWN_ORIGIN,
  documents: Readonly<Record<string, string>> = {},
): Promise<void> {
  await serveReservedPath(page, { ...documents, "blank.html": blank });
  await navigate(page, `${origin}${RESERVED_PATH}blank.html`);
}
