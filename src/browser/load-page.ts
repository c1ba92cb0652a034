import type { BrowserPage } from "../core/browser.ts";
import type { PageFacts } from "../core/capture.ts";
import { pageFailed, pageFaulty, pageNotReady, pageUnreachable } from "../core/errors.ts";
import { shortWarning } from "../core/warning-log.ts";
import { describeException } from "./page.ts";
import { pageAnswers } from "./boundary.ts";

interface LoadOptions {
  /** The composition's URL, for messages. */
  readonly url: string;
  readonly readinessTimeoutMs: number;
}

/** A page that threw may still offer its contract from another script: it gets this long, in milliseconds. */
const GRACE_AFTER_EXCEPTION_MS = 2_000;
/** Exceptions that are kept; a page may throw without end. */
const MOST_EXCEPTIONS = 20;

/**
 * Navigates and answers once the document is there.
 *
 * @throws RenderError `page-unreachable`
 */
export async function navigate(page: BrowserPage, url: string): Promise<void> {
  await page.send("Network.enable");
  let status = 0;
  const forget = page.on<{ type: string; response: { status: number } }>("Network.responseReceived", ({ type, response }) => {
    if (type === "Document" && status === 0) status = response.status;
  });
  let redirectedTo = "";
  const forgetRedirects = page.on<{ request: { url: string }; redirectResponse?: object }>("Network.requestWillBeSent", (sent) => {
    if (sent.redirectResponse && status === 0) redirectedTo = sent.request.url;
  });
  try {
    const { errorText } = await page.send<{ errorText?: string }>("Page.navigate", { url });
    if (errorText !== undefined && errorText !== "")
      throw pageUnreachable(url, redirectedTo === "" ? errorText : `it redirects to "${redirectedTo}", and there: ${errorText}`);
    if (status >= 400) throw pageUnreachable(url, `its server answered with status ${status}`);
  } finally {
    forget();
    forgetRedirects();
    await page.send("Network.disable").catch(() => {});
  }
}

/**
 * Runs `open` in the page, which waits for its contract, and hears meanwhile what the page's scripts throw.
 *
 * @throws RenderError `page-failed`, `page-not-ready`
 */
export async function whenReady(
  page: BrowserPage,
  exceptions: PageExceptions,
  expression: string,
  options: LoadOptions,
): Promise<PageFacts> {
  const opened = await Promise.race([page.evaluate(expression, pageAnswers.opened), exceptions.graceOver]);
  const { seen } = exceptions;
  if (opened === "grace-over") throw pageFailed(options.url, seen);
  if (!opened.ready && opened.fault !== undefined) throw pageFaulty(options.url, opened.fault);
  if (!opened.ready && opened.failed !== undefined) throw pageFailed(options.url, [opened.failed]);
  if (!opened.ready)
    throw seen.length > 0 ? pageFailed(options.url, seen) : pageNotReady(options.url, opened.waitedFor, options.readinessTimeoutMs);
  const { ready: _, duration, warnings, ...facts } = opened;
  return {
    ...facts,
    duration: duration && { value: Number(duration.value), by: duration.by },
    warnings: [...warnings, ...seen.map((exception) => `The page threw while loading: ${exception}`)],
  };
}

/** What the scripts of a page threw since `hearExceptions`. */
export interface PageExceptions {
  readonly seen: readonly string[];
  /** Resolves some time after the first one. */
  readonly graceOver: Promise<"grace-over">;
  stop(): void;
}

/** Call before navigating. */
export function hearExceptions(page: BrowserPage): PageExceptions {
  const seen: string[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let forget: () => void = () => {};
  const graceOver: Promise<"grace-over"> = new Promise((resolve) => {
    forget = page.on<{ exceptionDetails: Parameters<typeof describeException>[0] }>("Runtime.exceptionThrown", ({ exceptionDetails }) => {
      if (seen.length < MOST_EXCEPTIONS) seen.push(shortWarning(describeException(exceptionDetails)));
      timer ??= setTimeout(() => resolve("grace-over"), GRACE_AFTER_EXCEPTION_MS);
    });
  });
  return {
    seen,
    graceOver,
    stop() {
      clearTimeout(timer);
      forget();
    },
  };
}
