import type { Readable, Writable } from "node:stream";

/** A message that was too large to be read: it was skipped, byte by byte, and never parsed. */
export interface OversizedMessage {
  /** The event, such as "Runtime.bindingCalled"; null for the answer to a call. */
  readonly method: string | null;
  readonly byteLength: number;
  readonly limitBytes: number;
}

/** A call that each page and each frame of a process of its own gets before its scripts run. */
export interface TargetCommand {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export interface ProtocolPipeOptions {
  readonly targetCommands: readonly TargetCommand[];
  /** Called for each event that is larger than its limit. A call that is answered so rejects, which is not reported here. */
  onOversized(message: OversizedMessage): void;
  /** Called for a message that is not JSON, or not an object: the browser is at fault, and the pipe is closed. */
  onGarbled(error: Error): void;
}

/** The transport of the protocol, as Playwright's `connectOverCDP` takes it. */
export interface ProtocolTransport {
  send(message: object): void;
  close(): void;
  onmessage?: (message: object) => void;
  onclose?: (reason?: string) => void;
}

const MIB: number = 1024 * 1024;
/**
 * Largest messages that are parsed, in bytes. A screenshot of 8K that does not compress is 180 MB of base64. Answers of pages
 * carry up to five seconds of sound, bindings encoded pictures. Other events carry what a page wrote: exceptions, addresses,
 * dialogs.
 */
export const messageLimits: Readonly<Record<"picture" | "answer" | "binding" | "event", number>> = {
  picture: 384 * MIB,
  answer: 64 * MIB,
  binding: 64 * MIB,
  event: 4 * MIB,
};

/** Calls that are answered by the browser itself, with a picture. */
const pictureCalls: ReadonlySet<string> = new Set(["Page.captureScreenshot", "HeadlessExperimental.beginFrame"]);

/** What pages write to their consoles and their WebSockets, in full, of which nothing here makes use. */
const ignoredEvents: ReadonlySet<string> = new Set([
  "Runtime.consoleAPICalled",
  "Log.entryAdded",
  "Network.webSocketFrameSent",
  "Network.webSocketFrameReceived",
]);

/** A page may load a `data:` URL of any length: events of the network report, and nothing waits for them. */
const MAY_BE_LARGE = /^Network\./;

/** Ids of calls that are made here; those of Playwright begin with 1. */
const FIRST_OWN_ID = 1_000_000_000;

/** Chromium writes `{"method":"…"` or `{"id":…` first. */
const HEAD_BYTES = 128;
/** The session stands at the end: `,"sessionId":"…"}`. */
const TAIL_BYTES = 256;

/**
 * The pipe of `--remote-debugging-pipe`: JSON messages with a NUL behind each. A page decides how large its messages are, and
 * a string of JavaScript ends at 512 MiB: sizes are therefore compared with a limit while the bytes arrive, before anything is
 * joined, decoded or parsed.
 */
export class ProtocolPipe implements ProtocolTransport {
  onmessage?: (message: object) => void;
  readonly #output: Writable;
  readonly #options: ProtocolPipeOptions;
  /** Calls of pictures that have not been answered. */
  readonly #pictures = new Set<number>();
  #parts: Buffer[] = [];
  #byteLength = 0;
  /** What kind of message is under way; null until its head has arrived. */
  #kind: MessageKind | null = null;
  #tail: Buffer = Buffer.alloc(0);
  #isClosed = false;
  #ownId = FIRST_OWN_ID;
  #onclose: (reason?: string) => void = () => {};

  /** @param input what the browser writes @param output what it reads */
  constructor(input: Readable, output: Writable, options: ProtocolPipeOptions) {
    this.#output = output;
    this.#options = options;
    input.on("data", (chunk: Buffer) => this.#take(chunk));
    input.once("close", () => this.#end());
    // A pipe that breaks closes as well.
    input.on("error", () => {});
    output.on("error", () => {});
  }

  get onclose(): (reason?: string) => void {
    return this.#onclose;
  }

  set onclose(listener: ((reason?: string) => void) | undefined) {
    this.#onclose = listener ?? (() => {});
    if (this.#isClosed) this.#onclose();
  }

  send(message: object): void {
    if (this.#isClosed) throw new Error("The pipe to the browser is closed");
    const { id, method } = message as { readonly id?: number; readonly method?: string };
    if (id !== undefined && pictureCalls.has(method ?? "")) this.#pictures.add(id);
    this.#output.write(`${JSON.stringify(message)}\0`);
  }

  /** Chromium ends when its pipe does. */
  close(): void {
    this.#output.end();
    this.#end();
  }

  #end(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#drop();
    this.#onclose();
  }

  #take(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(0); end >= 0 && !this.#isClosed; end = chunk.indexOf(0, start)) {
      this.#add(chunk.subarray(start, end));
      this.#finishMessage();
      start = end + 1;
    }
    if (start < chunk.length && !this.#isClosed) this.#add(chunk.subarray(start));
  }

  #add(part: Buffer): void {
    this.#byteLength += part.length;
    if (this.#kind?.isSkipped === true) {
      this.#tail = lastBytes([this.#tail, part]);
      return;
    }
    this.#parts.push(part);
    if (this.#kind === null && this.#byteLength >= HEAD_BYTES) this.#kind = this.#kindOf(this.#head());
    if (this.#byteLength <= (this.#kind?.limitBytes ?? Infinity)) return;
    this.#skipRest();
  }

  #skipRest(): void {
    this.#kind = { ...this.#kind!, isSkipped: true };
    this.#tail = lastBytes(this.#parts);
    this.#parts = [];
  }

  #head(): string {
    return Buffer.concat(this.#parts).subarray(0, HEAD_BYTES).toString("latin1");
  }

  #finishMessage(): void {
    const kind: MessageKind = this.#kind ?? this.#kindOf(this.#head());
    const [parts, byteLength, tail] = [this.#parts, this.#byteLength, this.#tail];
    this.#drop();
    if (kind.isSkipped) return this.#answerSkipped(kind, byteLength, tail);
    const message: object | null = this.#parse(parts);
    if (message === null || ((message as { readonly id?: number }).id ?? 0) >= FIRST_OWN_ID) return;
    this.#prepareTarget(message as AttachedTarget);
    this.#deliver(message);
  }

  #parse(parts: readonly Buffer[]): object | null {
    try {
      const message: unknown = JSON.parse((parts.length === 1 ? parts[0]! : Buffer.concat(parts)).toString("utf8"));
      if (typeof message === "object" && message !== null) return message;
      throw new TypeError("a message is not an object");
    } catch (thrown) {
      this.#options.onGarbled(thrown as Error);
      this.close();
      return null;
    }
  }

  /** A call whose answer cannot be read must not wait for it. */
  #answerSkipped({ method, id, limitBytes, isIgnored }: MessageKind, byteLength: number, tail: Buffer): void {
    if (isIgnored || (method !== null && MAY_BE_LARGE.test(method))) return;
    if (id === null) return this.#options.onOversized({ method, byteLength, limitBytes });
    const [, sessionId] = /"sessionId":"([\w-]{1,64})"\}$/.exec(tail.toString("latin1")) ?? [];
    const error = { code: -32000, message: `it has ${byteLength} bytes, and at most ${limitBytes} are read` };
    this.#deliver({ id, error, ...(sessionId === undefined ? {} : { sessionId }) });
  }

  /** A target that attaches waits until Playwright lets it run. */
  #prepareTarget({ method, params }: AttachedTarget): void {
    const type: string | undefined = params?.targetInfo?.type;
    if (method !== "Target.attachedToTarget" || (type !== "page" && type !== "iframe")) return;
    for (const command of this.#options.targetCommands) this.send({ ...command, id: this.#ownId++, sessionId: params!.sessionId });
  }

  /** In a task of its own, so that what waits for one message goes on before the next one comes. */
  #deliver(message: object): void {
    setImmediate(() => this.onmessage?.(message));
  }

  #kindOf(head: string): MessageKind {
    const kind: MessageKind = kindOf(head);
    return kind.id !== null && this.#pictures.delete(kind.id) ? { ...kind, limitBytes: messageLimits.picture } : kind;
  }

  #drop(): void {
    [this.#parts, this.#byteLength, this.#kind, this.#tail] = [[], 0, null, Buffer.alloc(0)];
  }
}

interface AttachedTarget {
  readonly method?: string;
  readonly params?: { readonly sessionId: string; readonly targetInfo?: { readonly type: string } | null } | null;
}

interface MessageKind {
  readonly method: string | null;
  readonly id: number | null;
  readonly limitBytes: number;
  /** Its bytes are no longer kept. */
  readonly isSkipped: boolean;
  readonly isIgnored: boolean;
}

function lastBytes(parts: readonly Buffer[]): Buffer {
  return Buffer.concat(parts.slice(-2).map((part) => part.subarray(-TAIL_BYTES))).subarray(-TAIL_BYTES);
}

function kindOf(head: string): MessageKind {
  const method: string | null = /^\s*\{\s*"method"\s*:\s*"([\w.]+)"/.exec(head)?.[1] ?? null;
  const id: string | undefined = /^\s*\{\s*"id"\s*:\s*(\d{1,15})\b/.exec(head)?.[1];
  const isIgnored: boolean = method !== null && ignoredEvents.has(method);
  const limitBytes: number =
    id !== undefined ? messageLimits.answer : method === "Runtime.bindingCalled" ? messageLimits.binding : messageLimits.event;
  return { method, id: id === undefined ? null : Number(id), limitBytes, isSkipped: isIgnored, isIgnored };
}
