import type { CaptureTraits } from "../capture.ts";
import { isRenderError, type RenderError } from "../errors.ts";
import type { Candidate, Plan, PlanFailure, Policy, PolicyInput } from "../policy/plan.ts";
import { reasonFor, remedyFor } from "../policy/remedy.ts";
import type { Support } from "../support.ts";

/** Asks the policy, tries what it chooses before that is believed, and remembers what failed. */
export class Planner {
  readonly #policy: Policy;
  readonly #tryCapture: (name: string) => Promise<Support>;
  readonly #fallbacks: PlanFailure[] = [];
  #input: Omit<PolicyInput, "struckOut">;
  #isLastChance = false;

  constructor(policy: Policy, input: Omit<PolicyInput, "struckOut">, tryCapture: (name: string) => Promise<Support>) {
    this.#policy = policy;
    this.#input = input;
    this.#tryCapture = tryCapture;
  }

  /** Captures that were given up, in order. */
  get fallbacks(): readonly PlanFailure[] {
    return this.#fallbacks;
  }

  /** @throws RenderError `plan-impossible`, or what a part that was asked for by name is lacking */
  async plan(): Promise<Plan> {
    for (;;) {
      this.#throwIfAskedIsLacking();
      const plan: Plan = this.#policy({ ...this.#input, struckOut: [...this.#fallbacks] });
      const captures: Candidate<CaptureTraits>[] = [...this.#input.captures];
      const at: number = captures.findIndex(({ name }) => name === plan.capture);
      const chosen: Candidate<CaptureTraits> | undefined = captures[at];
      if (chosen?.support !== null) return plan;
      captures[at] = { ...chosen, support: await this.#tryCapture(plan.capture) };
      this.#input = { ...this.#input, captures };
    }
  }

  /**
   * Strikes out the capture of a plan that failed, and gives another plan.
   *
   * @throws the failure itself, where nothing else can help
   */
  async replan(failed: Plan, failure: unknown): Promise<Plan> {
    const remedy = remedyFor(failure);
    if (remedy === "none" || (remedy === "other-capture-once" && this.#isLastChance)) throw failure;
    this.#isLastChance ||= remedy === "other-capture-once";
    this.#fallbacks.push({ part: failed.capture, reason: reasonFor(failure as RenderError) });
    try {
      return await this.plan();
    } catch (thrown) {
      // Nothing else may do it: then what failed is the answer.
      throw isRenderError(thrown) && thrown.code === "plan-impossible" ? failure : thrown;
    }
  }

  /** A part that was asked for by name and is lacking has a better message of its own than "no plan". */
  #throwIfAskedIsLacking(): void {
    const { job, captures, encoders } = this.#input;
    for (const { name, support } of [...captures, ...encoders]) {
      const isAsked: boolean = name === job.capture || name === job.encoder;
      if (isAsked && support?.ok === false && support.error) throw support.error;
    }
  }
}
