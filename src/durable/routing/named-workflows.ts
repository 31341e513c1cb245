/** Workflows that an event names in its `to`: each begins a thread of it, whatever its reflexes listen to. Knows what is published, not the store. */

import { directTurnName } from "../../contract/direct-turn.ts";
import type { CloudEvent } from "../../contract/event.ts";
import { checkSchema, describeMisfits } from "../../contract/json-schema/check-schema.ts";
import { namedPlace } from "../../contract/named-place.ts";
import { findNearestName } from "../../contract/nearest-name.ts";
import { type Result, refuse, succeed } from "../../contract/problem.ts";
import type { PublishedReflexes, Registry } from "../registry/registry.ts";
import { makeThreadId } from "../thread/lifecycle/thread-id.ts";
import { readDepth } from "./chain-depth.ts";
import type { Judgement } from "./judge-reflexes.ts";
import { listNamed } from "./list-named.ts";
import { routingLimits } from "./routing-limits.ts";

/**
 * Starts what the event names. An agent starts only what is exposed; to it, anything else is not there.
 * @param agent the sender's id
 * @returns a verdict for each; refused where one of them cannot begin, for whoever names it wants that one
 */
export async function startNamed(
  event: CloudEvent,
  agent: string,
  published: PublishedReflexes[],
  registry: Pick<Registry, "exposesAgent">,
): Promise<Result<Judgement[]>> {
  const names = listNamed(event.to);
  if (names.length > routingLimits.named)
    return refuse("too_large", `An event starts at most ${routingLimits.named} workflows by name.`, { limit: routingLimits.named });
  const isAgents = event.source.startsWith("/agents/");
  const directs = isAgents && names.includes(directTurnName) && (await mayDirect(event, registry));
  const open = names.length
    ? published.filter(({ workflow, exposed }) => exposed || !isAgents || (directs && workflow === directTurnName))
    : [];
  const judgements: Judgement[] = [];
  for (const name of names) {
    const found = open.find(({ workflow }) => workflow === name);
    if (!found) return refuseUnknown(name, open, isAgents);
    const judged = await start(event, agent, found);
    if (!judged.ok) return judged;
    judgements.push(judged.value);
  }
  return succeed(judgements);
}

/** An agent is given a directed turn by other agents only where it has a card. */
async function mayDirect({ data }: CloudEvent, registry: Pick<Registry, "exposesAgent">): Promise<boolean> {
  const named = (data as { agent?: unknown } | null | undefined)?.agent;
  return typeof named === "string" && (await registry.exposesAgent?.(named)) === true;
}

function refuseUnknown(name: string, open: PublishedReflexes[], isAgents: boolean): ReturnType<typeof refuse> {
  const nearest = findNearestName(
    name,
    open.map(({ workflow }) => workflow),
  );
  const what = isAgents ? "that agents may start by name" : "published";
  const hint = nearest === undefined ? "" : ` Did you mean ${nearest}?`;
  return refuse("not_found", `There is no workflow ${name.slice(0, 128)} ${what}.${hint}`);
}

async function start(event: CloudEvent, agent: string, { workflow, revision, input }: PublishedReflexes): Promise<Result<Judgement>> {
  if (readDepth(event) >= routingLimits.chainDepth)
    return refuse("not_allowed_now", `The chain of reflexes that led here is ${routingLimits.chainDepth} deep and ends.`);
  const misfits = input === null ? [] : checkSchema(input, event.data ?? null);
  if (misfits.length) {
    const errors = misfits.slice(0, 10).map(({ path, message }) => ({ path, message }));
    return refuse("malformed", `The data does not fit the input of ${workflow}: ${describeMisfits(misfits, "data")}`, { errors });
  }
  const thread = await makeThreadId(event.source, event.id, workflow, namedPlace);
  return succeed({
    verdict: { workflow, place: namedPlace, kind: "workflow", verdict: "fired", thread },
    message: {
      receivers: [`workflow/${workflow}`],
      message: { type: "admit", thread, workflow, revision, event, initiator: agent, key: null },
    },
  });
}
