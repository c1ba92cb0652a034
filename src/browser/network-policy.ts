import type { NetworkAddress } from "../core/network.ts";

/**
 * Flags that send everything to a proxy of ours that refuses it, but for what may be reached, which goes there directly. All
 * that a page does passes the one network stack below them: frames, workers, sockets, redirects, hints and look-ups of names.
 *
 * @param refusingPort Where that proxy listens on the loopback interface
 */
export function networkFlags(allowed: readonly NetworkAddress[], refusingPort: number): string[] {
  const direct: readonly string[] = allowed.map(({ host, port }) => `${host}:${port}`);
  // As the resolver has them: IPv6 without brackets. 127.0.0.1 is where the proxy is.
  const named: ReadonlySet<string> = new Set(["127.0.0.1", ...allowed.map(({ host }) => host.replaceAll(/[[\]]/g, ""))]);
  return [
    `--proxy-server=http://127.0.0.1:${refusingPort}`,
    // Without the first rule this host's own addresses are never sent to a proxy.
    `--proxy-bypass-list=${["<-loopback>", ...direct].join(";")}`,
    `--host-resolver-rules=${["MAP * ~NOTFOUND", ...[...named].map((host) => `EXCLUDE ${host}`)].join(", ")}`,
    // WebRTC alone has sockets of its own. Headless shells know the first name, browsers with windows the second.
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
  ];
}
