import type { PartRole, Plan, RejectionKind } from "../core/policy/plan.ts";

/** One line of a table: what it is about, what was decided, and why. */
export type Row = readonly [about: string, decided: string, why: string];

const rejectedAs: Readonly<Record<RejectionKind, string>> = {
  "not-asked-for": "not asked for",
  "not-applicable": "for others",
  lacking: "lacking",
  unsuitable: "unsuitable",
  "struck-out": "failed",
  "not-preferred": "not needed",
};

/** The line of a part that was not taken; null where it was. */
export function rejectedRow(role: PartRole, name: string, { rejected }: Plan): Row | null {
  const rejection = rejected.find((one) => one.role === role && one.part === name);
  return rejection ? [name, rejectedAs[rejection.kind], rejection.reasons.join("; ")] : null;
}

/** The lines of all of them that were not taken. */
export function rejectedRows(role: PartRole, candidates: readonly { readonly name: string }[], plan: Plan): Row[] {
  return candidates.flatMap(({ name }) => {
    const row: Row | null = rejectedRow(role, name, plan);
    return row === null ? [] : [row];
  });
}
