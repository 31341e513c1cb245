/** A moment in plain words: who says what to whom, or what the machines did. Values of agents stand in it as text, cut short. */
import type { LogEntry } from "../../../contract/views/log.ts";
import { type MachineStep, type Moment, readData, readSpeaker } from "./moment.ts";

/** `orchestrator` stands for the server itself. */
export const orchestrator = "orchestrator";

export interface Told {
  from: string;
  /** Empty: to nobody in particular. */
  to: string[];
  title: string;
  tone: "plain" | "good" | "bad" | "waiting" | "decision";
}

/** Characters of a value that a line shows. */
const shown = 80;

function cut(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length > shown ? `${line.slice(0, shown)}…` : line;
}

type Data = { readonly [name: string]: unknown };
type Tell = (data: Data, entry: LogEntry) => Omit<Told, "from">;

const toAgent = (agent: unknown): string[] => (typeof agent === "string" ? [agent] : []);

/** Agents that an event is addressed to. */
function readRecipients({ event }: LogEntry): string[] {
  return typeof event.to === "string" ? [...event.to.matchAll(/agents\/([^,]+)/g)].map(([, agent]) => agent ?? "") : [];
}

function readHolders({ roles }: Data): string[] {
  return Array.isArray(roles) ? [...new Set((roles as { agent?: unknown }[]).flatMap(({ agent }) => toAgent(agent)))] : [];
}

const tellThread =
  (what: string, tone: Told["tone"]): Tell =>
  (data) => ({
    to: readHolders(data),
    title: `thread ${what}${typeof data["reason"] === "string" ? `: ${cut(data["reason"])}` : ""}`,
    tone,
  });

const tells: { readonly [kind: string]: Tell } = {
  "nerve.offer.opened": ({ role }, entry) => ({ to: readRecipients(entry), title: `offers ${cut(role)}`, tone: "waiting" }),
  "nerve.offer.closed": ({ why }, entry) => ({ to: readRecipients(entry), title: `closes the offer: ${cut(why)}`, tone: "plain" }),
  "nerve.offer.claim": ({ bid }) => ({
    to: [orchestrator],
    title: `claims the role${bid === undefined ? "" : `, bids ${cut(bid)}`}`,
    tone: "plain",
  }),
  "nerve.offer.decline": ({ reason }) => ({ to: [orchestrator], title: `declines${reason ? `: ${cut(reason)}` : ""}`, tone: "plain" }),
  "nerve.claim.accepted": ({ role }, entry) => ({ to: readRecipients(entry), title: `gives ${cut(role)}`, tone: "good" }),
  "nerve.claim.rejected": ({ reason }, entry) => ({ to: readRecipients(entry), title: `rejects the claim: ${cut(reason)}`, tone: "bad" }),
  "nerve.role.assigned": ({ role }, entry) => ({ to: readRecipients(entry), title: `assigns ${cut(role)}`, tone: "good" }),
  "nerve.role.ended": ({ role, reason }, entry) => ({
    to: readRecipients(entry),
    title: `takes ${cut(role)} back: ${cut(reason)}`,
    tone: "bad",
  }),
  "nerve.role.release": ({ role, reason }) => ({
    to: [orchestrator],
    title: `gives ${cut(role)} back${reason ? `: ${cut(reason)}` : ""}`,
    tone: "bad",
  }),
  "nerve.turn.assigned": ({ role, agent, round, prompt }, entry) => ({
    to: typeof agent === "string" ? [agent] : readRecipients(entry),
    title: `turn ${cut(round)}, ${cut(role)}: ${cut(prompt)}`,
    tone: "plain",
  }),
  "nerve.turn.progress": ({ note }) => ({ to: [orchestrator], title: `progress${note ? `: ${cut(note)}` : ""}`, tone: "plain" }),
  "nerve.turn.respond": ({ output }) => ({
    to: [orchestrator],
    title: `answers ${cut((output as Data | undefined)?.["$status"] ?? output)}`,
    tone: "good",
  }),
  "nerve.turn.fail": ({ error }) => ({ to: [orchestrator], title: `fails: ${cut(error)}`, tone: "bad" }),
  "nerve.turn.revoked": ({ reason }, entry) => ({ to: readRecipients(entry), title: `takes the turn back: ${cut(reason)}`, tone: "bad" }),
  "nerve.thread.queued": tellThread("waits for a place", "waiting"),
  "nerve.thread.started": tellThread("started", "good"),
  "nerve.thread.resumed": tellThread("goes on", "good"),
  "nerve.thread.suspended": tellThread("suspended", "waiting"),
  "nerve.thread.completed": tellThread("completed", "good"),
  "nerve.thread.failed": tellThread("failed", "bad"),
  "nerve.thread.cancelled": tellThread("cancelled", "bad"),
  "nerve.thread.dropped": tellThread("never begins", "bad"),
};

interface Sent {
  type?: string;
  to?: { address?: string };
  event?: { type?: string };
}

/** To whom the step that said it sent it, where the event does not say. */
function findSentTo(made: MachineStep | undefined, kind: string): string[] {
  return (made?.step.effects ?? []).flatMap((effect) => {
    const { type, to, event } = (effect ?? {}) as Sent;
    const agent = /^agent\/(.+)$/.exec(to?.address ?? "")?.[1];
    return type === "send" && `nerve.${event?.type}` === kind && agent !== undefined ? [agent] : [];
  });
}

function tellEvent(entry: LogEntry, made: MachineStep | undefined): Told {
  const from = readSpeaker(entry) ?? orchestrator;
  const { type } = entry.event;
  const tell = Object.hasOwn(tells, type) ? tells[type] : undefined;
  if (tell) {
    const told = tell(readData(entry), entry);
    return { from, ...told, ...(told.to.length === 0 && { to: findSentTo(made, type) }) };
  }
  return { from, to: from === orchestrator ? readRecipients(entry) : [orchestrator], title: cut(type), tone: "plain" };
}

interface Decision {
  name?: string;
  params?: { node?: string; edge?: string; to?: string };
}

/** What a step decided. */
export function readDecision({ step }: MachineStep): { node: string; edge: string; to: string } | undefined {
  for (const effect of step.effects) {
    const { name, params } = (effect ?? {}) as Decision;
    if (name === "decision.record" && params) return { node: params.node ?? "", edge: params.edge ?? "", to: params.to ?? "" };
  }
  return undefined;
}

const stepWords: { readonly [type: string]: string } = {
  "agent.away": "is away",
  "agent.back": "is back",
  "agent.deleted": "was deleted",
  "role.claim": "claims the role",
  "role.release": "gives its role back",
  "turn.answered": "answers",
  "turn.failed": "gives the turn up",
  "turn.progress": "reports progress",
  "turn.invalid": "answers what the schema refuses",
};

function tellStep(step: MachineStep): Told {
  const decision = readDecision(step);
  const told = { from: orchestrator, to: [orchestrator] };
  if (decision) return { ...told, title: `${decision.node}: ${decision.edge} → ${decision.to}`, tone: "decision" };
  const { machine, step: taken } = step;
  const { type, agent, role } = taken.event as { type: string; agent?: unknown; role?: unknown };
  const word = Object.hasOwn(stepWords, type) ? stepWords[type] : undefined;
  if (word !== undefined && typeof agent === "string")
    return { from: agent, to: [orchestrator], title: word, tone: type.endsWith("away") ? "waiting" : "plain" };
  if (type === "xstate.init") return { ...told, title: `${machine} begins`, tone: "plain" };
  const after = /^xstate\.after\.(\d+)/.exec(type);
  if (after) return { ...told, title: `time is up in ${machine}`, tone: "waiting" };
  if (type.startsWith("xstate.done.actor.")) return { ...told, title: `${type.slice("xstate.done.actor.".length)} is done`, tone: "plain" };
  return { ...told, title: `${machine}: ${cut(type)}${typeof role === "string" ? ` (${cut(role)})` : ""}`, tone: "plain" };
}

/** In plain words; a step with the event that it took is told as that. */
export function tellMoment({ step, entry, made }: Moment): Told {
  if (entry) return tellEvent(entry, made);
  return step ? tellStep(step) : { from: orchestrator, to: [], title: "", tone: "plain" };
}

/** All who take part, in the order in which they appear: the lifelines of a sequence diagram. */
export function listLifelines(moments: readonly Moment[], most: number): { lifelines: string[]; left: number } {
  const seen = new Set<string>([orchestrator]);
  for (const moment of moments) {
    const { from, to } = tellMoment(moment);
    for (const name of [from, ...to]) seen.add(name);
  }
  return { lifelines: [...seen].slice(0, most), left: Math.max(0, seen.size - most) };
}
