import { lookup } from "node:dns/promises";
import { connect, isIP, type Socket } from "node:net";
import { isPublicAddress } from "../core/ip-address.ts";
import type { AddressScope } from "../core/network.ts";

/** Gives the addresses of a name. */
export type Lookup = (name: string) => Promise<readonly string[]>;

/** Gives the addresses that a URL's host may be connected at. Rejects with `PrivateAddressError`, or with why the name has none. */
export type ResolveHost = (url: URL, scope: AddressScope) => Promise<readonly string[]>;

/** A name that is allowed leads to an address that is not. */
export class PrivateAddressError extends Error {
  readonly address: string;

  constructor(host: string, address: string) {
    super(`"${host}" leads to ${address}, which is no public address`);
    this.address = address;
  }
}

/** Pages may ask for any number of names. */
const MOST_NAMES = 1000;
/** A name with more addresses than this is tried at the first ones. */
const MOST_ADDRESSES = 4;
const CONNECT_LIMIT_MS = 10_000;

/** Resolves each name once: whoever controls a name cannot move it after it was checked (DNS rebinding). */
export function hostResolver(find: Lookup = systemLookup): ResolveHost {
  const known = new Map<string, Promise<readonly string[]>>();
  const resolved = (name: string): Promise<readonly string[]> => {
    const before: Promise<readonly string[]> | undefined = known.get(name);
    if (before) return before;
    const found: Promise<readonly string[]> = find(name);
    known.set(name, found);
    for (const oldest of known.keys()) {
      if (known.size <= MOST_NAMES) break;
      known.delete(oldest);
    }
    // The name may have an address later.
    found.catch(() => known.delete(name));
    return found;
  };
  return async ({ hostname }, scope) => {
    const name: string = hostname.replaceAll(/[[\]]/g, "");
    const all: readonly string[] = isIP(name) > 0 ? [name] : await resolved(name);
    const allowed: readonly string[] = scope === "any" ? all : all.filter(isPublicAddress);
    if (allowed.length === 0) throw new PrivateAddressError(hostname, all[0] ?? "no address");
    return allowed.slice(0, MOST_ADDRESSES);
  };
}

/** Connects to the first address that answers. Whoever opened the socket destroys it. */
export async function connectToFirst(addresses: readonly string[], port: number): Promise<Socket> {
  let failure: unknown;
  for (const address of addresses) {
    try {
      return await connectTo(address, port);
    } catch (thrown) {
      failure = thrown;
    }
  }
  throw failure;
}

function connectTo(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ host, port });
    const fail = (reason: Error): void => {
      socket.destroy();
      reject(reason);
    };
    socket.setTimeout(CONNECT_LIMIT_MS, () => fail(new Error(`${host}:${port} did not answer within ${CONNECT_LIMIT_MS} ms`)));
    socket.once("error", fail);
    socket.once("connect", () => {
      socket.setTimeout(0);
      socket.off("error", fail);
      resolve(socket);
    });
  });
}

async function systemLookup(name: string): Promise<readonly string[]> {
  // By definition, whatever the system's resolver says (RFC 6761).
  if (/(?:^|\.)localhost\.?$/.test(name)) return ["127.0.0.1", "::1"];
  // IPv4 first: networks without IPv6 are more common than those without IPv4.
  const found = await lookup(name, { all: true });
  return [...found].sort((a, b) => a.family - b.family).map(({ address }) => address);
}
