const PATTERN = /^fw-[\da-f]{24}\.localhost$/;

/**
 * A host name for one server of ours. Browsers resolve every name below `localhost` to this machine, and whoever does not know
 * the name is refused by the server. It must not appear in command lines, which every user of the machine can read.
 */
export function secretHost(): string {
  const bytes: Uint8Array = crypto.getRandomValues(new Uint8Array(12));
  return `fw-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}.localhost`;
}

export function isSecretHost(host: string): boolean {
  return PATTERN.test(host);
}
