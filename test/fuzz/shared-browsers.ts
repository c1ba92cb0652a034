import type { Browser, BrowserPage } from "../../src/core/browser.ts";
import type { BrowserRequest, RenderHost } from "../../src/core/host.ts";
import { nodeHost } from "../../src/node/render.ts";

/** Browsers that one render after the other uses: starting one takes longer than a small render. */
export interface SharedBrowsers extends AsyncDisposable {
  readonly host: RenderHost;
  /** Call after each render: ends the browsers that it may have broken. */
  recycle(hasFailed: boolean): Promise<void>;
}

/** How long a page may take to close, and a new one to answer, in milliseconds. */
const HEALTH_MS = 3_000;

interface Started {
  readonly browser: Promise<Browser>;
  readonly pages: Set<BrowserPage>;
}

export function sharedBrowsers(): SharedBrowsers {
  const host: RenderHost = nodeHost();
  const started = new Map<string, Started>();
  const launch = async (request: BrowserRequest): Promise<Browser> => {
    const key: string = request.flags.join(" ");
    // The signal of one render must not end the browser of the next.
    const shared: Started = started.get(key) ?? {
      browser: host.launchBrowser({ ...request, signal: new AbortController().signal }),
      pages: new Set(),
    };
    started.set(key, shared);
    const browser: Browser = await shared.browser;
    const close = (): Promise<void> => closeAll(shared.pages);
    return {
      ...browser,
      async newPage(size) {
        const page: BrowserPage = await browser.newPage(size);
        shared.pages.add(page);
        return page;
      },
      close,
      [Symbol.asyncDispose]: close,
    };
  };
  const end = async (key: string, { browser }: Started): Promise<void> => {
    started.delete(key);
    await (await browser).close();
  };
  return {
    host: { ...host, launchBrowser: launch },
    async recycle(hasFailed) {
      for (const [key, one] of started) {
        const isWell: boolean = !hasFailed || (await isHealthy(one));
        one.pages.clear();
        if (!isWell) await end(key, one);
      }
    },
    async [Symbol.asyncDispose]() {
      for (const [key, one] of started) await end(key, one);
    },
  };
}

async function closeAll(pages: ReadonlySet<BrowserPage>): Promise<void> {
  await Promise.all([...pages].map((page) => page.close()));
}

async function isHealthy({ browser, pages }: Started): Promise<boolean> {
  const work = async (): Promise<boolean> => {
    await closeAll(pages);
    await using page = await (await browser).newPage({ width: 32, height: 32 });
    return page.evaluate("true", (value) => value === true);
  };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late: Promise<boolean> = new Promise((resolve) => (timer = setTimeout(resolve, HEALTH_MS, false)));
  try {
    return await Promise.race([work().catch(() => false), late]);
  } finally {
    clearTimeout(timer);
  }
}
