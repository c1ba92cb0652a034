import { planImpossible } from "../errors.ts";
import type { Candidate, PolicyInput, Rejection, RejectionKind } from "./plan.ts";

export type PartKind = "capture" | "encoder";

export interface Choice<Traits> {
  readonly chosen: Candidate<Traits>;
  readonly reason: string;
  readonly rejected: readonly Rejection[];
}

/** How candidates are judged. */
export interface Judgement<Traits> {
  /** Why it is made for jobs and pages of another kind. */
  notApplicable(traits: Traits): readonly string[];
  /** Why it does not do for what this job asks or this page holds. */
  unsuitable(traits: Traits): readonly string[];
  /** Milliseconds of a frame that changes; null where nobody measured it. */
  cost(candidate: Candidate<Traits>): number | null;
}

/** A candidate, and all that speaks against it. */
interface Judged<Traits> {
  readonly candidate: Candidate<Traits>;
  /** What weighs most comes first. */
  readonly objections: readonly Objection[];
}

interface Objection {
  readonly kind: RejectionKind;
  readonly reasons: readonly string[];
}

/** A part gives way only to one that costs clearly less: measurements vary by a few percent. */
const CLEARLY_LESS = 0.95;

/**
 * The part that costs least among those without an objection. One whose cost nobody measured keeps its place: as the first
 * of them it is taken, behind another it is not.
 *
 * @throws RenderError `plan-impossible`
 */
export function choose<Traits>(
  kind: PartKind,
  candidates: readonly Candidate<Traits>[],
  input: PolicyInput,
  judgement: Judgement<Traits>,
): Choice<Traits> {
  const judged: readonly Judged<Traits>[] = judge(kind, candidates, input, judgement);
  const fit: readonly Candidate<Traits>[] = withoutObjection(judged);
  const chosen: Candidate<Traits> | null = cheapest(fit, judgement);
  if (chosen === null) throw planImpossible(kind, refusals(input.job[kind], judged));
  return {
    chosen,
    reason: `${chosen.name}: ${whyChosen(kind, chosen, fit, input.job[kind], judgement)}`,
    rejected: judged.filter(({ candidate }) => candidate !== chosen).map((one) => rejection(one, chosen, judgement)),
  };
}

/** Those without an objection, in order of preference. */
export function fitting<Traits>(
  kind: PartKind,
  candidates: readonly Candidate<Traits>[],
  input: PolicyInput,
  judgement: Omit<Judgement<Traits>, "cost">,
): readonly Candidate<Traits>[] {
  return withoutObjection(judge(kind, candidates, input, judgement));
}

function withoutObjection<Traits>(judged: readonly Judged<Traits>[]): readonly Candidate<Traits>[] {
  return judged.filter(({ objections }) => objections.length === 0).map(({ candidate }) => candidate);
}

function judge<Traits>(
  kind: PartKind,
  candidates: readonly Candidate<Traits>[],
  { job, struckOut }: PolicyInput,
  judgement: Omit<Judgement<Traits>, "cost">,
): Judged<Traits>[] {
  const asked: string | null = job[kind];
  return candidates.map((candidate, at) => {
    const { name, traits, support } = candidate;
    const isSecond: boolean = candidates.findIndex((one) => one.name === name) < at;
    // A plan names its parts: the second of a name cannot be told from the first.
    const notApplicable: readonly string[] = isSecond ? ["a part before it has the same name"] : judgement.notApplicable(traits);
    const objections: readonly Objection[] = [
      { kind: "not-asked-for", reasons: asked !== null && asked !== name ? [`the job asks for ${asked}`] : [] },
      { kind: "not-applicable", reasons: notApplicable },
      { kind: "lacking", reasons: support === null || support.ok ? [] : given(support.reasons) },
      { kind: "unsuitable", reasons: notApplicable.length > 0 ? [] : judgement.unsuitable(traits) },
      { kind: "struck-out", reasons: struckOut.filter(({ part }) => part === name).map(({ reason }) => reason) },
    ];
    return { candidate, objections: objections.filter(({ reasons }) => reasons.length > 0) };
  });
}

/** A part that is lacking and does not say why is lacking all the same. */
function given(reasons: readonly string[]): readonly string[] {
  return reasons.length > 0 ? reasons : ["it does not work here, and does not say why"];
}

function cheapest<Traits>(fit: readonly Candidate<Traits>[], { cost }: Judgement<Traits>): Candidate<Traits> | null {
  let best: Candidate<Traits> | null = null;
  for (const candidate of fit) {
    if (best === null) {
      best = candidate;
      continue;
    }
    const [least, own] = [cost(best), cost(candidate)];
    if (least !== null && own !== null && own < least * CLEARLY_LESS) best = candidate;
  }
  return best;
}

function whyChosen<Traits>(
  kind: PartKind,
  chosen: Candidate<Traits>,
  fit: readonly Candidate<Traits>[],
  asked: string | null,
  { cost }: Judgement<Traits>,
): string {
  if (asked !== null) return "the job asks for it";
  const own: number | null = cost(chosen);
  const others: readonly Candidate<Traits>[] = fit.filter((one) => one !== chosen && cost(one) !== null);
  if (own === null || others.length === 0) return `the first ${kind} in order of preference that works here`;
  const costs: string = others.map((one) => `${one.name} ${formatMs(cost(one)!)}`).join(", ");
  const isLeast: boolean = others.every((one) => cost(one)! >= own);
  return `${isLeast ? `the ${kind} that costs least` : "no other costs clearly less"}, ${formatMs(own)} a frame that changes (${costs})`;
}

function rejection<Traits>({ candidate, objections }: Judged<Traits>, chosen: Candidate<Traits>, { cost }: Judgement<Traits>): Rejection {
  const part: string = candidate.name;
  const [heaviest] = objections;
  if (heaviest !== undefined) return { part, kind: heaviest.kind, reasons: objections.flatMap(({ reasons }) => reasons) };
  return { part, kind: "not-preferred", reasons: [whyNotPreferred(cost(candidate), cost(chosen), chosen.name)] };
}

function whyNotPreferred(own: number | null, least: number | null, chosen: string): string {
  if (least === null) return `${chosen} comes before it`;
  if (own === null) return `nobody measured what it costs; ${chosen} costs ${formatMs(least)} a frame that changes`;
  return `it costs ${formatMs(own)} a frame that changes, ${own < least ? "not clearly less than" : "and"} ${chosen} ${formatMs(least)}`;
}

function formatMs(ms: number): string {
  return `${ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms)} ms`;
}

/** Of what the job asks for by name, or of all. */
function refusals<Traits>(asked: string | null, judged: readonly Judged<Traits>[]): { part: string; reasons: readonly string[] }[] {
  const names: readonly string[] = judged.map(({ candidate }) => candidate.name);
  if (asked !== null && !names.includes(asked))
    return [{ part: asked, reasons: [`there is none of this name; known: ${names.join(", ")}`] }];
  return judged
    .filter(({ candidate }) => asked === null || candidate.name === asked)
    .map(({ candidate, objections }) => ({ part: candidate.name, reasons: objections.flatMap(({ reasons }) => reasons) }));
}
