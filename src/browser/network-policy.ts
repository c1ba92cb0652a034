import { directAddresses, type NetworkAccess, type NetworkAddress } from "../core/network.ts";
import { isSecretHost } from "../core/secret-host.ts";

/**
 * Flags that send everything to the gate, except what is named by its address: no look-up can lead that elsewhere. All that a
 * page does passes the one network stack below them: frames, workers, sockets, redirects, hints and look-ups of names.
 *
 * @param gatePort Where the gate listens on the loopback interface
 */
export function networkFlags(access: NetworkAccess, origin: string, gatePort: number): string[] {
  const direct: readonly NetworkAddress[] = directAddresses(access, origin).map(({ host, port }) => ({ host: hidden(host), port }));
  // As the resolver has them: IPv6 without brackets. 127.0.0.1 is where the gate is.
  const named: ReadonlySet<string> = new Set(["127.0.0.1", ...direct.map(({ host }) => host.replaceAll(/[[\]]/g, ""))]);
  return [
    `--proxy-server=http://127.0.0.1:${gatePort}`,
    // Without the first rule this host's own addresses are never sent to a proxy.
    `--proxy-bypass-list=${["<-loopback>", ...direct.map(({ host, port }) => `${host}:${port}`)].join(";")}`,
    `--host-resolver-rules=${["MAP * ~NOTFOUND", ...[...named].map((host) => `EXCLUDE ${host}`)].join(", ")}`,
    // WebRTC alone has sockets of its own. Headless shells know the first name, browsers with windows the second.
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
  ];
}

/** Every user of the machine can read command lines. A server with a secret name refuses all other names by itself. */
function hidden(host: string): string {
  return isSecretHost(host) ? "*.localhost" : host;
}
