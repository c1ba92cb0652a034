import ipaddr from "ipaddr.js";

/** Well-known prefix for addresses of IPv4 behind NAT64 (RFC 6052). Others of the range are for local use. */
const NAT64: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse("64:ff9b::"), 96];
/** The part of IPv6 that is given out for use in the internet (RFC 4291). */
const GLOBAL_UNICAST: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse("2000::"), 3];

/** Answers only to virtual machines of Azure, with what concerns their host (https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16). */
const AZURE_HOST = "168.63.129.16";

/**
 * Whether an address belongs to a host of the internet: no loopback, link-local, private, shared, multicast or reserved address,
 * and no IPv6 address that carries one of these. False for what is no address.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address) || address === AZURE_HOST) return false;
  const parsed: ipaddr.IPv4 | ipaddr.IPv6 = ipaddr.parse(address);
  if (parsed.kind() === "ipv4") return parsed.range() === "unicast";
  const six = parsed as ipaddr.IPv6;
  if (six.isIPv4MappedAddress()) return isPublicAddress(six.toIPv4Address().toString());
  if (six.match(NAT64)) return isPublicAddress(six.toByteArray().slice(12).join("."));
  return six.match(GLOBAL_UNICAST) && six.range() === "unicast";
}
