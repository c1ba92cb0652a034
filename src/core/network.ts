/**
 * What a page may reach. `all`: everything. `same-origin`: its own origin. `none`: nothing but itself, which for a page of this
 * host means the files beside it, as `same-origin` does, and for a page of the network its one document. A list: its own
 * origin, and hosts (`cdn.example.com`, `*.example.com` for all below it, with `:8080` for another port than 80 and 443) or
 * origins (`https://cdn.example.com`).
 */
export type NetworkAccess = "all" | "same-origin" | "none" | readonly string[];

/** A host and a port that may be reached. */
export interface NetworkAddress {
  /** As a URL has it: lower case, punycode, IPv6 in brackets. `*.` at the start stands for any name below. */
  readonly host: string;
  readonly port: number;
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, ws: 80, https: 443, wss: 443 };
const HOST = /^(?:[a-z\d._-]+|\[[a-f\d:]+\])$/;
const ENTRY = /^(?:(?<scheme>[a-z]+):\/\/)?(?<wildcard>\*\.)?(?<name>[^\s/?#@*\\]+)\/?$/i;

/** The addresses that one entry of a list stands for; null where it is neither a host nor an origin. */
export function addressesOf(entry: string): readonly NetworkAddress[] | null {
  const { scheme, wildcard = "", name = "" } = ENTRY.exec(entry)?.groups ?? {};
  const port: number | undefined = scheme === undefined ? undefined : DEFAULT_PORTS[scheme.toLowerCase()];
  if ((scheme !== undefined && port === undefined) || !URL.canParse(`http://${name}`)) return null;
  const { hostname } = new URL(`http://${name}`);
  // URLs allow more, such as a semicolon, which stands between hosts in flags.
  if (!HOST.test(hostname)) return null;
  const [, written] = /:(\d+)$/.exec(name) ?? [];
  const ports: readonly number[] = written !== undefined ? [Number(written)] : port !== undefined ? [port] : [80, 443];
  return ports.map((one) => ({ host: wildcard + hostname, port: one }));
}

/** Everything that a page of this origin may reach; null where nothing is forbidden. */
export function reachable(network: NetworkAccess, origin: string): readonly NetworkAddress[] | null {
  if (network === "all") return null;
  const entries: readonly string[] = typeof network === "string" ? [] : network;
  return [origin, ...entries].flatMap((entry) => addressesOf(entry) ?? []);
}

/** Whether what `reachable` gave allows a URL of http or https. */
export function allows(allowed: readonly NetworkAddress[] | null, { protocol, hostname, port }: URL): boolean {
  if (allowed === null) return true;
  const asked: number = port === "" ? DEFAULT_PORTS[protocol.slice(0, -1)]! : Number(port);
  const isNamed = (host: string): boolean => (host.startsWith("*.") ? hostname.endsWith(host.slice(1)) : hostname === host);
  return allowed.some((one) => one.port === asked && isNamed(one.host));
}
