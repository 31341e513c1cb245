/**
 * Tells whoever posted an event what came of it at each reflex: asks the workflows' queues once the event is stored and has
 * reached them. Knows answers and queues, not how events are stored.
 */
import type { Accepted } from "../../../contract/frames/server-frames.ts";
import { nameOutcome } from "../../../contract/name-outcome.ts";
import type { ReflexOutcome, Verdict } from "../../../contract/routing.ts";
import { routingLimits } from "../../routing/routing-limits.ts";

/** Asks one workflow's queue. */
export type AskOutcomes = (workflow: string, refs: string[]) => Promise<(ReflexOutcome | null)[]>;

/** An event that was stored, and the answer to it as it was then. */
export interface StoredAnswer {
  event: { source: string; id: string };
  answer: Accepted;
}

const pending: ReflexOutcome = {
  status: "pending",
  detail: "its queue has not said yet what came of it: `nerveflare events show` tells",
};

/** Whether queues have to be asked before the answer is complete. */
export function isUnsettled({ event, answer }: StoredAnswer): boolean {
  return answer.reflexes?.some((verdict) => verdict.outcome === undefined && nameOutcome(event, verdict) !== undefined) ?? false;
}

/** @returns the answers with what came of each reflex; a queue that cannot be asked now leaves `pending` */
export async function settleAnswers(stored: StoredAnswer[], ask: AskOutcomes): Promise<Accepted[]> {
  const asked = new Map<string, Set<string>>();
  for (const { event, answer } of stored)
    for (const verdict of answer.reflexes ?? []) {
      const ref = nameOutcome(event, verdict);
      if (ref !== undefined) asked.set(verdict.workflow, (asked.get(verdict.workflow) ?? new Set()).add(ref));
    }
  const found = new Map<string, ReflexOutcome>();
  await Promise.all(
    [...asked].map(async ([workflow, set]) => {
      const refs = [...set];
      const outcomes = await ask(workflow, refs).catch((): null[] => []);
      for (const [index, ref] of refs.entries()) {
        const outcome = outcomes[index];
        if (outcome) found.set(`${workflow} ${ref}`, outcome);
      }
    }),
  );
  return stored.map(({ event, answer }) => complete(answer, event, found));
}

function complete(answer: Accepted, event: StoredAnswer["event"], found: ReadonlyMap<string, ReflexOutcome>): Accepted {
  const told: string[] = [];
  const reflexes = answer.reflexes?.map((verdict): Verdict => {
    const ref = nameOutcome(event, verdict);
    if (ref === undefined) return verdict;
    const outcome = found.get(`${verdict.workflow} ${ref}`) ?? pending;
    if (outcome.detail !== undefined) told.push(`${verdict.workflow}: ${outcome.detail}`);
    return { ...verdict, outcome };
  });
  return { ...answer, notes: [...answer.notes, ...told].slice(0, routingLimits.notes), ...(reflexes && { reflexes }) };
}
