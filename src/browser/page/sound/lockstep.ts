/** Samples that a browser renders at once. */
const QUANTUM = 128;
/** Samples that the recorder hands over at once: the most that the browser allows. */
const BLOCK = 16_384;

/** The browser's own ways, from before the page's were replaced. */
export interface OfflineNatives {
  suspend(context: OfflineAudioContext, seconds: number): Promise<void>;
  resume(context: OfflineAudioContext): Promise<void>;
  startRendering(context: OfflineAudioContext): Promise<AudioBuffer>;
  createScriptProcessor(context: OfflineAudioContext, ...options: [number, number, number]): ScriptProcessorNode;
  destination(context: OfflineAudioContext): AudioNode;
}

/**
 * Renders an offline context up to a time, and then to a later one: it never runs ahead of the page, so that what the page does
 * counts from the time at which the page does it, and what analysers answer is that of this very time.
 */
export class Lockstep {
  readonly #context: OfflineAudioContext;
  readonly #natives: OfflineNatives;
  /** What stands in for the speakers: the page connects to it. Two channels. */
  readonly output: GainNode;
  readonly #blocks: (readonly [Float32Array, Float32Array])[] = [];
  #recorder: ScriptProcessorNode | null = null;
  #renderedSeconds = 0;
  #hasStarted = false;
  #fault: string | null = null;

  constructor(context: OfflineAudioContext, natives: OfflineNatives) {
    this.#context = context;
    this.#natives = natives;
    this.output = context.createGain();
    this.output.channelCount = 2;
    this.output.channelCountMode = "explicit";
    // Whatever leads nowhere is not rendered.
    this.output.connect(natives.destination(context));
  }

  /** Why there is no sound of it; null while there is. */
  get fault(): string | null {
    return this.#fault;
  }

  /** How far it has come, in seconds. */
  get renderedSeconds(): number {
    return this.#renderedSeconds;
  }

  /** Keeps all samples from now on, which must be before the first is rendered. */
  record(): void {
    if (this.#recorder || this.#hasStarted) return;
    // The one node that hands samples over in step, and on insecure origins as well.
    this.#recorder = this.#natives.createScriptProcessor(this.#context, BLOCK, 2, 1);
    this.#recorder.onaudioprocess = ({ inputBuffer }) => {
      this.#blocks.push([inputBuffer.getChannelData(0).slice(), inputBuffer.getChannelData(1).slice()]);
    };
    this.output.connect(this.#recorder);
    this.#recorder.connect(this.#natives.destination(this.#context));
  }

  get isRecording(): boolean {
    return this.#recorder !== null;
  }

  /** Renders all that is heard before a time, to the last whole quantum. */
  async advance(seconds: number): Promise<void> {
    const { sampleRate } = this.#context;
    // A hair more: times that are a whole number of quanta shall not be one short.
    const target: number = (Math.floor((seconds * sampleRate) / QUANTUM + 1e-6) * QUANTUM) / sampleRate;
    if (target <= this.#renderedSeconds || this.#fault !== null) return;
    if (target * sampleRate >= this.#context.length) {
      this.#fault = `it plays for longer than ${this.#context.length / sampleRate} seconds`;
      return;
    }
    this.#renderedSeconds = target;
    const arrived: Promise<void> = this.#natives.suspend(this.#context, target);
    const running: Promise<unknown> = this.#hasStarted ? this.#natives.resume(this.#context) : this.#natives.startRendering(this.#context);
    this.#hasStarted = true;
    const failed: Promise<never> = new Promise((_, reject) => void running.catch(reject));
    await Promise.race([arrived, failed]).catch((thrown: unknown) => {
      this.#fault = thrown instanceof Error ? thrown.message : String(thrown);
    });
  }

  /**
   * The samples of its first so many seconds, which are forgotten here.
   *
   * @returns one array a channel
   */
  async recorded(seconds: number): Promise<readonly [Float32Array, Float32Array]> {
    const length: number = Math.round(seconds * this.#context.sampleRate);
    // The last block is handed over when it is full.
    await this.advance((Math.ceil(length / BLOCK) * BLOCK + QUANTUM) / this.#context.sampleRate);
    const channels = [new Float32Array(length), new Float32Array(length)] as const;
    for (const [at, block] of this.#blocks.entries())
      for (const [side, channel] of channels.entries()) {
        const start: number = at * BLOCK;
        if (start < length) channel.set(block[side]!.subarray(0, length - start), start);
      }
    this.#blocks.length = 0;
    return channels;
  }
}
