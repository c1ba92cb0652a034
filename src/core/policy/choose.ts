import { planImpossible } from "../errors.ts";
import type { ParsedJob } from "../job.ts";
import type { Candidate, PartRole, PolicyInput, Rejection, RejectionKind } from "./plan.ts";
import { blames } from "./remedy.ts";

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
  unsuitable(traits: Traits, name: string): readonly string[];
  /** Milliseconds of a frame that changes, or of a picture; null where nobody measured it. */
  cost(candidate: Candidate<Traits>): number | null;
}

/** A candidate, and all that speaks against it. */
export interface Judged<Traits> {
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

/** What costs are of. */
const costsOf: Readonly<Record<PartRole, string>> = {
  capture: "a frame that changes",
  encoder: "a frame that changes",
  injector: "a picture",
  mixer: "a second",
};

/**
 * The part that costs least among those without an objection. One whose cost nobody measured keeps its place: as the first
 * of them it is taken, behind another it is not.
 *
 * @throws RenderError `plan-impossible`
 */
export function choose<Traits>(
  role: PartRole,
  candidates: readonly Candidate<Traits>[],
  input: PolicyInput,
  judgement: Judgement<Traits>,
): Choice<Traits> {
  const judged: readonly Judged<Traits>[] = judge(role, candidates, input, judgement);
  const choice: Choice<Traits> | null = chooseFrom(role, judged, input, judgement);
  if (choice === null) throw planImpossible(role, refusals(askedFor(role, input.job), judged));
  return choice;
}

/** The same of candidates that are judged already; null where there is an objection to each of them. */
export function chooseFrom<Traits>(
  role: PartRole,
  judged: readonly Judged<Traits>[],
  { job }: PolicyInput,
  judgement: Pick<Judgement<Traits>, "cost">,
): Choice<Traits> | null {
  const fit: readonly Candidate<Traits>[] = withoutObjection(judged);
  const chosen: Candidate<Traits> | null = cheapest(fit, judgement);
  if (chosen === null) return null;
  return {
    chosen,
    reason: `${chosen.name}: ${whyChosen(role, chosen, fit, askedFor(role, job), judgement)}`,
    rejected: judged.filter(({ candidate }) => candidate !== chosen).map((one) => rejection(role, one, chosen, judgement)),
  };
}

/** Those without an objection, in order of preference. */
export function fitting<Traits>(
  role: PartRole,
  candidates: readonly Candidate<Traits>[],
  input: PolicyInput,
  judgement: Omit<Judgement<Traits>, "cost">,
): readonly Candidate<Traits>[] {
  return withoutObjection(judge(role, candidates, input, judgement));
}

function withoutObjection<Traits>(judged: readonly Judged<Traits>[]): readonly Candidate<Traits>[] {
  return judged.filter(({ objections }) => objections.length === 0).map(({ candidate }) => candidate);
}

export function judge<Traits>(
  role: PartRole,
  candidates: readonly Candidate<Traits>[],
  { job, struckOut }: Pick<PolicyInput, "job" | "struckOut">,
  judgement: Omit<Judgement<Traits>, "cost">,
): Judged<Traits>[] {
  const asked: string | null = askedFor(role, job);
  return candidates.map((candidate, at) => {
    const { name, traits, support } = candidate;
    const isSecond: boolean = candidates.findIndex((one) => one.name === name) < at;
    // A plan names its parts: the second of a name cannot be told from the first.
    const notApplicable: readonly string[] = isSecond ? ["a part before it has the same name"] : judgement.notApplicable(traits);
    const objections: readonly Objection[] = [
      { kind: "not-asked-for", reasons: asked !== null && asked !== name ? [`the job asks for ${asked}`] : [] },
      { kind: "not-applicable", reasons: notApplicable },
      { kind: "lacking", reasons: support === null || support.ok ? [] : given(support.reasons) },
      { kind: "unsuitable", reasons: notApplicable.length > 0 ? [] : judgement.unsuitable(traits, name) },
      { kind: "struck-out", reasons: struckOut.filter((one) => one.part === name && blames(one.code, role)).map(({ reason }) => reason) },
    ];
    return { candidate, objections: objections.filter(({ reasons }) => reasons.length > 0) };
  });
}

/** The name of the part that the job asks for; null where it asks for none. */
export function askedFor(role: PartRole, job: ParsedJob): string | null {
  if (role === "mixer") return null;
  return role === "injector" ? job.media.injector : job[role];
}

/** A part that is lacking and does not say why is lacking all the same. */
function given(reasons: readonly string[]): readonly string[] {
  return reasons.length > 0 ? reasons : ["it does not work here, and does not say why"];
}

function cheapest<Traits>(fit: readonly Candidate<Traits>[], { cost }: Pick<Judgement<Traits>, "cost">): Candidate<Traits> | null {
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
  role: PartRole,
  chosen: Candidate<Traits>,
  fit: readonly Candidate<Traits>[],
  asked: string | null,
  { cost }: Pick<Judgement<Traits>, "cost">,
): string {
  if (asked !== null) return "the job asks for it";
  const own: number | null = cost(chosen);
  const others: readonly Candidate<Traits>[] = fit.filter((one) => one !== chosen && cost(one) !== null);
  if (own === null || others.length === 0) return `the first ${role} in order of preference that works here`;
  const costs: string = others.map((one) => `${one.name} ${formatMs(cost(one)!)}`).join(", ");
  const isLeast: boolean = others.every((one) => cost(one)! >= own);
  return `${isLeast ? `the ${role} that costs least` : "no other costs clearly less"}, ${formatMs(own)} ${costsOf[role]} (${costs})`;
}

function rejection<Traits>(
  role: PartRole,
  { candidate, objections }: Judged<Traits>,
  chosen: Candidate<Traits>,
  { cost }: Pick<Judgement<Traits>, "cost">,
): Rejection {
  const part: string = candidate.name;
  const [heaviest] = objections;
  if (heaviest !== undefined) return { part, role, kind: heaviest.kind, reasons: reasonsOf(objections) };
  return { part, role, kind: "not-preferred", reasons: [whyNotPreferred(role, cost(candidate), cost(chosen), chosen.name)] };
}

function whyNotPreferred(role: PartRole, own: number | null, least: number | null, chosen: string): string {
  const unit: string = costsOf[role];
  if (least === null) return `${chosen} comes before it`;
  if (own === null) return `nobody measured what it costs; ${chosen} costs ${formatMs(least)} ${unit}`;
  return `it costs ${formatMs(own)} ${unit}, ${own < least ? "not clearly less than" : "and"} ${chosen} ${formatMs(least)}`;
}

function formatMs(ms: number): string {
  return `${ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms)} ms`;
}

export function reasonsOf(objections: readonly Objection[]): string[] {
  return objections.flatMap(({ reasons }) => reasons);
}

/** Rejects each candidate with what speaks against it; those without an objection are passed over. */
export function rejectAll<Traits>(role: PartRole, judged: readonly Judged<Traits>[]): Rejection[] {
  return judged.flatMap(({ candidate: { name }, objections }) =>
    objections.length === 0 ? [] : [{ part: name, role, kind: objections[0]!.kind, reasons: reasonsOf(objections) }],
  );
}

/** Of what the job asks for by name, or of all. */
export function refusals<Traits>(asked: string | null, judged: readonly Judged<Traits>[]): { part: string; reasons: readonly string[] }[] {
  const names: readonly string[] = judged.map(({ candidate }) => candidate.name);
  if (asked !== null && !names.includes(asked))
    return [{ part: asked, reasons: [`there is none of this name; known: ${names.join(", ")}`] }];
  return judged
    .filter(({ candidate }) => asked === null || candidate.name === asked)
    .map(({ candidate, objections }) => ({ part: candidate.name, reasons: reasonsOf(objections) }));
}
