import type { CDPSession } from "playwright-core";

/** Lets pages of an origin reach servers of ours on the loopback interface. */
export type AllowLoopback = (origin: string) => Promise<void>;

/**
 * Our documents come from no address, so Chromium takes them for public ones and asks before they may
 * (https://wicg.github.io/local-network-access/). The session that allows it is the browser's own: what a page's session allowed ends
 * with that page, for all other pages too. Versions differ in the permission's name.
 */
export function loopbackPermission(session: CDPSession): AllowLoopback {
  return async (origin) => {
    const grant = (permission: string): Promise<unknown> =>
      session.send("Browser.grantPermissions", { permissions: [permission] as never, origin });
    // Each call replaces what this origin was granted before. Browsers that know neither name do not ask.
    await grant("loopbackNetwork").catch(() => grant("localNetworkAccess").catch(() => {}));
  };
}
