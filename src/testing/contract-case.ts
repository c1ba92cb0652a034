/** One behaviour that every implementation of a contract shows. Hand `run` to any test runner; it rejects when broken. */
export interface ContractCase {
  readonly name: string;
  run(): Promise<void>;
}

/** @throws Error with the message when the claim is false */
export function assert(claim: boolean, message: string): asserts claim {
  if (!claim) throw new Error(message);
}

/** Lets what is under way come to its end: a frame that was fetched ahead is closed a few turns after the failure. */
export async function settled(isTrue: () => boolean): Promise<void> {
  for (let turn = 0; turn < 100 && !isTrue(); turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}

/** Gives what `work` rejected with. @throws Error when it did not */
export async function rejectionOf(work: Promise<unknown>, what: string): Promise<unknown> {
  try {
    await work;
  } catch (thrown) {
    return thrown;
  }
  throw new Error(`${what} should have failed, and did not`);
}
