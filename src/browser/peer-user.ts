import { readFile } from "node:fs/promises";
import type { Socket } from "node:net";

/**
 * Whether the other end of a loopback connection may belong to the user of this process. False only where the system says
 * that it is another user's; outside of Linux nothing does.
 */
export async function isOfSameUser({ localPort, remotePort }: Socket): Promise<boolean> {
  const user: number | undefined = process.getuid?.();
  const table: string = await readFile("/proc/net/tcp", "utf8").catch(() => "");
  if (user === undefined || localPort === undefined || remotePort === undefined) return true;
  const rows: readonly Row[] = table.split("\n").flatMap(rowOf);
  const isOurs = ({ local, remote }: Row): boolean => local === localPort && remote === remotePort;
  // A table without our own end of the connection is of no use.
  if (!rows.some(isOurs)) return true;
  return rows.some(({ local, remote, owner }) => local === remotePort && remote === localPort && owner === user);
}

interface Row {
  readonly local: number;
  readonly remote: number;
  readonly owner: number;
}

/** A line such as `0: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000 ...` (see proc(5)). */
const ROW = /^\s*\d+: \w+:(?<local>\w{4}) \w+:(?<remote>\w{4}) \w+ \S+ \S+ \S+\s+(?<owner>\d+) /;

function rowOf(line: string): Row[] {
  const { local, remote, owner } = ROW.exec(line)?.groups ?? {};
  if (local === undefined || remote === undefined) return [];
  return [{ local: Number.parseInt(local, 16), remote: Number.parseInt(remote, 16), owner: Number(owner) }];
}
