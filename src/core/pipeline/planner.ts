import type { CaptureTraits } from "../capture.ts";
import { isRenderError } from "../errors.ts";
import type { Candidate, Plan, PlanFailure, Policy, PolicyInput } from "../policy/plan.ts";
import { afterFailure } from "../policy/replan.ts";
import type { Support } from "../support.ts";

/** Asks the policy, tries what it chooses before that is believed, and remembers what failed. */
export class Planner {
  readonly #policy: Policy;
  readonly #tryCapture: (name: string) => Promise<Support>;
  #input: PolicyInput;

  constructor(policy: Policy, input: Omit<PolicyInput, "struckOut">, tryCapture: (name: string) => Promise<Support>) {
    this.#policy = policy;
    this.#input = { ...input, struckOut: [] };
    this.#tryCapture = tryCapture;
  }

  /** What the policy was asked with last. */
  get input(): PolicyInput {
    return this.#input;
  }

  /** Parts that were given up, in order. */
  get fallbacks(): readonly PlanFailure[] {
    return this.#input.struckOut;
  }

  /** @throws RenderError `plan-impossible`, or what a part that was asked for by name is lacking */
  async plan(): Promise<Plan> {
    for (;;) {
      this.#throwIfAskedIsLacking();
      const plan: Plan = this.#policy(this.#input);
      const captures: Candidate<CaptureTraits>[] = [...this.#input.captures];
      const at: number = captures.findIndex(({ name }) => name === plan.capture);
      const chosen: Candidate<CaptureTraits> | undefined = captures[at];
      if (chosen?.support !== null) return plan;
      captures[at] = { ...chosen, support: await this.#tryCapture(plan.capture) };
      this.#input = { ...this.#input, captures };
    }
  }

  /**
   * Strikes out the part of a plan that failed, and gives another plan.
   *
   * @throws the failure itself, where nothing else can help
   */
  async replan(failed: Plan, failure: unknown): Promise<Plan> {
    const next: PolicyInput | null = afterFailure(this.#input, failed, failure);
    if (next === null) throw failure;
    this.#input = next;
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
