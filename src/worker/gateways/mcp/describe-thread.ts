/** A thread in plain words, for a client's user or model. Pure. */
import { cutToBytes } from "../../../contract/limits.ts";
import type { UnfilledRole } from "../../../contract/views/explanation.ts";
import type { ThreadView } from "../../../contract/views/thread.ts";
import type { Wait } from "../../../contract/views/wait.ts";
import { describeWait } from "../../../contract/waits.ts";
import { mcpLimits } from "./limits.ts";

/** Why a thread waits. An agent is told less than an operator: what the thread itself shows. */
export interface Explained {
  waits: readonly Wait[];
  unfilled?: readonly UnfilledRole[];
}

/** Where it stands, in a sentence or two. */
export function describeProgress(view: ThreadView): string {
  const { status, round, turn, waiting, outcome, error } = view;
  const waits = waiting ? end(` It waits for ${describeWait(waiting)}: ${waiting.text}`) : "";
  const rounds = round === 0 ? "" : ` after ${round === 1 ? "1 turn" : `${round} turns`}`;
  const cut = (text: string) => cutToBytes(text, mcpLimits.textBytes);
  switch (status) {
    case "queued":
      return cut(`Queued.${waits}`);
    case "recruiting":
      return cut(`Its agents are sought.${waits}`);
    case "running":
      return cut(turn ? `${turn.agent} has the turn as ${turn.role}${rounds}.${waits}` : `Running${rounds}.${waits}`);
    case "suspended":
      return cut(`Suspended${rounds}.${waits}`);
    case "completed":
      return cut(`Completed${rounds}.`);
    case "failed":
      return cut(`Failed${rounds}: ${outcome?.error ?? error ?? "no reason was given"}.`);
    case "cancelled":
      return cut(`Cancelled${rounds}${error ? `: ${error}` : ""}.`);
    case "dropped":
      return cut(`It never began${error ? `: ${error}` : ""}.`);
    default:
      return status satisfies never;
  }
}

/** Why it is suspended: what a form asks with. Says nothing that changes while it is filled in. @param links where the inspector's pages are */
export function describeQuestion(view: ThreadView, { waits }: Explained, links: string): string {
  const all = waits.length > 0 ? waits : view.waiting ? [view.waiting] : [];
  const reason = all.find((wait) => wait.reason !== undefined)?.reason ?? view.error;
  const lines = [
    end(`The workflow ${view.workflow} is suspended${reason === undefined ? "" : `: ${reason}`}`),
    ...new Set(all.map((wait) => end(`It waits for ${describeWait(wait)}`))),
    `Thread: ${linkTo(view, links)}`,
  ];
  return cutToBytes(lines.join("\n"), mcpLimits.textBytes);
}

/** The same with all that is known of it: what would move it on, and why nobody has a role that nobody has. */
export function describeSuspension(view: ThreadView, explained: Explained, links: string): string {
  const { waits, unfilled = [] } = explained;
  const all = waits.length > 0 ? waits : view.waiting ? [view.waiting] : [];
  const lines = [
    describeQuestion(view, explained, links),
    ...all.map(({ text, then }) => `${end(`It is ${text}`)} ${end(`Then: ${then}`)}`),
    ...unfilled.map(describeUnfilled),
  ];
  return cutToBytes(lines.join("\n"), mcpLimits.textBytes);
}

/** With a full stop, unless it has an end of its own. */
function end(sentence: string): string {
  return /[.?!]$/.test(sentence) ? sentence : `${sentence}.`;
}

function describeUnfilled({ role, state, agents, others }: UnfilledRole): string {
  const named = agents.slice(0, mcpLimits.agentsNamed).map(({ agent, why }) => `${agent} (${why})`);
  const more = agents.length - named.length + (others?.count ?? 0);
  const who = [...named, ...(more > 0 ? [`${more} more`] : [])].join("; ");
  return `Nobody holds the role ${role} (${state})${who === "" ? ", and no agent is registered" : `: ${who}`}.`;
}

/** Its page in the inspector. */
export function linkTo({ id }: Pick<ThreadView, "id">, links: string): string {
  return `${links}/ui/threads/${encodeURIComponent(id)}`;
}
