/** What the reflexes of all workflows say to an event: a verdict each, and what follows. Knows reflexes, not recipients. */
import { evaluateReflex } from "../../compile/decide/reflex.ts";
import type { EvaluatedEmit } from "../../compile/decide/view.ts";
import type { ReflexIr } from "../../compile/ir.ts";
import type { CloudEvent } from "../../contract/event.ts";
import { checkSchema, describeMisfits } from "../../contract/json-schema/check-schema.ts";
import { matchesKind } from "../../contract/kinds/matches-kind.ts";
import { nameOutcome } from "../../contract/name-outcome.ts";
import type { Verdict } from "../../contract/routing.ts";
import type { Sent } from "../protocol/typed-host.ts";
import type { PublishedReflexes } from "../registry/registry.ts";
import { makeThreadId } from "../thread/lifecycle/thread-id.ts";
import { readDepth } from "./chain-depth.ts";
import { listNamed } from "./list-named.ts";
import { routingLimits } from "./routing-limits.ts";

/** A verdict with what it leads to. */
export interface Judgement {
  verdict: Verdict;
  message?: Sent<"workflow">;
  emits?: EvaluatedEmit[];
}

/**
 * @param agent the sender's id, as expressions see it
 * @param own the workflow whose thread says it: `nerve.*` events never fire reflexes of their own workflow
 */
export async function judgeReflexes(
  event: CloudEvent,
  agent: string,
  published: PublishedReflexes[],
  own: string | undefined,
): Promise<Judgement[]> {
  const judgements: Judgement[] = [];
  const named = listNamed(event.to);
  // Whom the event names begins by that, and not twice.
  for (const of of published)
    for (const [place, reflex] of of.reflexes.entries())
      if (matchesKind(reflex.on, event.type) && !(reflex.kind === "workflow" && named.includes(of.workflow)))
        judgements.push(await judge(event, agent, of, place, reflex, own));
  return judgements;
}

async function judge(
  event: CloudEvent,
  agent: string,
  { workflow, revision, input }: PublishedReflexes,
  place: number,
  reflex: ReflexIr,
  own: string | undefined,
): Promise<Judgement> {
  const { kind } = reflex;
  const say = (verdict: Verdict["verdict"], detail?: string): Judgement => ({
    verdict: { workflow, place, kind, verdict, ...(detail !== undefined && { detail: detail.slice(0, routingLimits.detail) }) },
  });
  if (own === workflow && event.type.startsWith("nerve.")) return say("own", "the event is of one of its own threads");
  if (readDepth(event) >= routingLimits.chainDepth)
    return say("depth", `the chain of reflexes that led here is ${routingLimits.chainDepth} deep and ends`);
  const result = await evaluateReflex(reflex, { ...event, agent });
  if (!result.ok) return say("error", result.error.message);
  const found = result.verdict;
  if (!found.fires) return found.why === "key" ? say("key", found.message) : say("when", "its `when` is not met");
  const fired: Verdict = { workflow, place, kind, verdict: "fired", ...(found.key !== null && { key: found.key }) };
  const receivers = [`workflow/${workflow}` as const];
  switch (reflex.kind) {
    case "emit":
      return { verdict: fired, emits: found.emits };
    case "signal": {
      const ref = nameOutcome(event, fired) ?? null;
      return {
        verdict: { ...fired, signal: reflex.signal },
        message: { receivers, message: { type: "signal", signal: reflex.signal, key: found.key, event, ref } },
      };
    }
    case "workflow": {
      const misfits = input === null ? [] : checkSchema(input, event.data ?? null);
      if (misfits.length) return say("input", `the data does not fit its input: ${describeMisfits(misfits, "data")}`);
      const thread = await makeThreadId(event.source, event.id, workflow, place);
      return {
        verdict: { ...fired, thread },
        message: {
          receivers,
          message: {
            type: "admit",
            thread,
            workflow,
            revision,
            event,
            initiator: agent,
            key: found.key,
            priority: found.priority,
          },
        },
      };
    }
    default:
      return reflex satisfies never;
  }
}
