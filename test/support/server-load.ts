import { Agent, get, type IncomingMessage } from "node:http";

/** What pictures waited for while files were loaded. Milliseconds. */
export interface LoadedLatency {
  readonly median: number;
  readonly largest: number;
  /** How many of a hundred pictures took longer than the limit. */
  readonly percentOver: number;
  /** Bytes of files that came meanwhile. */
  readonly fileBytes: number;
}

export interface ServerLoad {
  /** Large files: one of three is read as fast as it comes, again and again; the others a piece at a time, as a player reads. */
  readonly files: readonly string[];
  /** Gives the URL of the next picture. */
  picture(): string;
  readonly pictures: number;
  readonly limitMs: number;
}

/** Asks for one picture after another while files are loaded all the time, and says how long each took. */
export async function latencyUnderLoad({ files, picture, pictures, limitMs }: ServerLoad): Promise<LoadedLatency> {
  const [agent, pictureAgent] = [new Agent({ keepAlive: true, maxSockets: files.length }), new Agent({ keepAlive: true, maxSockets: 6 })];
  let [fileBytes, isOver] = [0, false];
  const slow = new Map<number, IncomingMessage>();
  const load = async (url: string, at: number): Promise<void> => {
    const isSlow: boolean = at % 3 > 0;
    while (!isOver) {
      const response: IncomingMessage = await answerOf(url, agent);
      response.on("data", (piece: Buffer) => {
        fileBytes += piece.length;
        if (isSlow) response.pause();
      });
      if (isSlow) slow.set(at, response);
      await new Promise((resolve) => response.once("close", resolve));
    }
  };
  const loads: Promise<unknown>[] = files.map((url, at) => load(url, at).catch(() => {}));
  const tookMs: number[] = [];
  for (let count = 0; count < pictures; count++) {
    // Time for the files: whoever shows pictures has other work between two of them.
    await new Promise((resolve) => setImmediate(resolve));
    const begin: number = performance.now();
    const response: IncomingMessage = await answerOf(picture(), pictureAgent);
    if (response.statusCode !== 200) throw new Error(`A picture was answered with status ${response.statusCode}`);
    for await (const _ of response);
    tookMs.push(performance.now() - begin);
    for (const one of slow.values()) one.resume();
  }
  isOver = true;
  agent.destroy();
  pictureAgent.destroy();
  await Promise.all(loads);
  tookMs.sort((a, b) => a - b);
  const over: number = tookMs.filter((one) => one > limitMs).length;
  return { median: tookMs[pictures >> 1]!, largest: tookMs.at(-1)!, percentOver: (100 * over) / pictures, fileBytes };
}

function answerOf(url: string, agent: Agent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // By the address, as not every system knows names below "localhost".
    get(url, { agent, hostname: "127.0.0.1", headers: { host: new URL(url).host } }, resolve).on("error", reject);
  });
}
