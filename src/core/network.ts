/**
 * What a page may reach. `all`: everything. `public`: its own origin and every public address of the internet. `same-origin`:
 * its own origin. `none`: nothing but itself, which for a page of this host means the files beside it, as `same-origin` does,
 * and for a page of the network its one document. A list: its own origin, and hosts (`cdn.example.com`, `*.example.com` for all
 * below it, with `:8080` for another port than 80 and 443) or origins (`https://cdn.example.com`).
 *
 * Except under `all`, a name is allowed only where it resolves to a public address. Addresses of this machine and of private
 * networks are allowed where they are written as such: `localhost:3000`, `10.0.0.5:8080`, `[::1]:3000`.
 */
export type NetworkAccess = "all" | "public" | "same-origin" | "none" | readonly string[];

/** Where a URL may lead: to any address, or to public ones only. */
export type AddressScope = "any" | "public";

/** The scope of a URL of http, https, ws or wss; null where it is refused. */
export type NetworkRule = (url: URL) => AddressScope | null;

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

/** What a page of this origin may reach. */
export function networkRule(network: NetworkAccess, origin: string): NetworkRule {
  if (network === "all") return () => "any";
  const named: readonly NetworkAddress[] = namedAddresses(network, origin);
  const otherwise: AddressScope | null = network === "public" ? "public" : null;
  return (url) => {
    const entry: NetworkAddress | undefined = named.find((one) => isNamedBy(one, url));
    return entry === undefined ? otherwise : isLocalOrAddress(entry.host) ? "any" : "public";
  };
}

/** Hosts that a rule allows by their address or as this machine: what they are connected at is no question of look-ups. */
export function directAddresses(network: NetworkAccess, origin: string): readonly NetworkAddress[] {
  return namedAddresses(network, origin).filter(({ host }) => isLocalOrAddress(host));
}

function namedAddresses(network: NetworkAccess, origin: string): readonly NetworkAddress[] {
  const entries: readonly string[] = typeof network === "string" ? [] : network;
  return [origin, ...entries].flatMap((entry) => addressesOf(entry) ?? []);
}

function isNamedBy({ host, port }: NetworkAddress, { protocol, hostname, port: written }: URL): boolean {
  if (port !== (written === "" ? DEFAULT_PORTS[protocol.slice(0, -1)] : Number(written))) return false;
  return host.startsWith("*.") ? hostname.endsWith(host.slice(1)) : hostname === host;
}

/** IPv4 and IPv6 as URLs have them, and names that stand for this machine by definition (RFC 6761). */
function isLocalOrAddress(host: string): boolean {
  return isLocalName(host) || /^(?:\d+\.\d+\.\d+\.\d+|\[.+\])$/.test(host);
}

/** Whether a host is this machine by its name or address alone. */
function isLocalName(host: string): boolean {
  return /^(?:127\.\d+\.\d+\.\d+|\[::1\]|(?:.+\.)?localhost)$/.test(host);
}

/** Whether a page comes from elsewhere than this host: written, perhaps, by somebody whom the user does not know. */
export function isFromNetwork(page: string): boolean {
  if (!/^https?:/i.test(page) || !URL.canParse(page)) return false;
  return !isLocalName(new URL(page).hostname);
}
