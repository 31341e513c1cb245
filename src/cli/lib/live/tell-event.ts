/** What an event of a thread says, in a line for people. Knows no terminal and no API. */

import type { ZodType } from "zod";
import type { CloudEvent } from "../../../contract/event.ts";
import { type AgentData, type AgentKind, agentKinds } from "../../../contract/kinds/agent-kinds.ts";
import { type EngineData, type EngineKind, engineKinds } from "../../../contract/kinds/engine-kinds.ts";
import type { TurnLogged } from "../../../contract/kinds/turn.ts";
import type { Style } from "../terminal.ts";

/** Who did what; `text` is untrusted. */
export interface Happening {
  at: string;
  who: string;
  what: string;
  text: string;
  style?: Style;
}

type Said = Omit<Happening, "at">;

/** What earlier events said, which later ones only name. */
interface Seen {
  /** Roles by offer. */
  offers: Map<string, string>;
  /** Agents whose claims of an offer have no verdict yet, the oldest first. */
  claims: Map<string, string[]>;
  /** Roles by turn. */
  turns: Map<string, string>;
}

/** Names that are remembered of each sort at most: a thread of 10,000 steps is told in bounded memory. */
const rememberedNames = 1_000;

/** Characters of a happening's text. */
const textLength = 500;

type Teller<Data> = (data: Data, seen: Seen, agent: string) => Said;
/** `data` of a kind as the log keeps it. */
type LogData<K extends EngineKind> = K extends "nerve.turn.assigned" ? TurnLogged : EngineData<K>;
type Tellers = { [K in EngineKind]: Teller<LogData<K>> } & { [K in AgentKind]: Teller<AgentData<K>> };

const thread = "thread";

const ended =
  (what: string, style: Style): Teller<EngineData<"nerve.thread.completed">> =>
  ({ outcome, reason }) => ({ who: thread, what, style, text: outcome?.error ?? outcome?.prompt ?? reason ?? "" });

const going =
  (what: string, style?: Style): Teller<EngineData<"nerve.thread.queued">> =>
  ({ reason, roles }) => ({
    ...{ who: thread, what, text: reason ?? roles?.map(({ role, agent }) => `${role} ${agent}`).join(", ") ?? "" },
    ...(style && { style }),
  });

const tellers: Tellers = {
  "nerve.offer.opened": ({ offer, role, requires, expires }, { offers }) => {
    remember(offers, offer, role);
    return { who: role, what: "offered", text: `${requires.length ? `to who has ${requires.join(", ")}, ` : ""}until ${expires}` };
  },
  "nerve.offer.closed": ({ offer, why }, { offers }) => ({ who: offers.get(offer) ?? offer, what: "closed", text: why }),
  "nerve.offer.claim": ({ offer }, { offers, claims }, agent) => {
    remember(claims, offer, [...(claims.get(offer) ?? []), agent]);
    return { who: agent, what: "claims", text: offers.get(offer) ?? offer };
  },
  "nerve.offer.decline": ({ offer, reason }, { offers }, agent) => ({
    ...{ who: agent, what: "declines", style: "yellow" },
    text: [offers.get(offer) ?? offer, reason].filter(Boolean).join(": "),
  }),
  "nerve.claim.accepted": ({ offer, role }, seen) => ({ who: takeClaim(seen, offer) ?? role, what: "holds", text: role, style: "green" }),
  "nerve.claim.rejected": ({ offer, reason }, seen) => ({
    ...{ who: takeClaim(seen, offer) ?? "a claim", what: "refused", style: "yellow" },
    text: [seen.offers.get(offer), reason].filter(Boolean).join(": "),
  }),
  "nerve.role.assigned": ({ role }) => ({ who: role, what: "assigned", text: "" }),
  "nerve.role.ended": ({ role, reason }) => ({ who: role, what: "lost", text: reason, style: "yellow" }),
  "nerve.role.release": ({ role, reason }, _, agent) => ({
    ...{ who: agent, what: "releases", style: "yellow" },
    text: [role, reason].filter(Boolean).join(": "),
  }),
  "nerve.turn.assigned": ({ turn, role, agent, asked, round, prompt }, { turns }) => {
    remember(turns, turn, role);
    return { who: agent ?? role, what: "turn", text: `${round} ${role}${asked === undefined ? "" : ` (${asked} asked)`}: ${prompt}` };
  },
  "nerve.turn.revoked": ({ turn, reason }, { turns }) => ({ who: turns.get(turn) ?? turn, what: "revoked", text: reason, style: "yellow" }),
  "nerve.turn.respond": ({ output }, _, agent) => ({ who: agent, what: "answers", text: JSON.stringify(output), style: "cyan" }),
  "nerve.turn.progress": ({ note, details }, _, agent) => ({
    ...{ who: agent, what: "reports" },
    text: note ?? (details === undefined ? "" : JSON.stringify(details)),
  }),
  "nerve.turn.fail": ({ error, retryable }, _, agent) => ({
    ...{ who: agent, what: "fails", style: "red" },
    text: `${error}${retryable ? " (may be tried again)" : ""}`,
  }),
  "nerve.agent.report": (report, _, agent) => ({ who: agent, what: "is", text: JSON.stringify(report) }),
  "nerve.thread.queued": going("queued", "yellow"),
  "nerve.thread.started": going("started"),
  "nerve.thread.suspended": going("suspended", "yellow"),
  "nerve.thread.resumed": going("resumed"),
  "nerve.thread.dropped": going("dropped", "red"),
  "nerve.thread.completed": ended("completed", "green"),
  "nerve.thread.failed": ended("failed", "red"),
  "nerve.thread.cancelled": ended("cancelled", "red"),
  "nerve.thread.spawned": (data) => ({ who: thread, what: "spawns", text: JSON.stringify(data) }),
  "nerve.spawn.refused": (data) => ({ who: thread, what: "refused", text: JSON.stringify(data), style: "red" }),
  "nerve.chain.stopped": (data) => ({ who: thread, what: "stopped", text: JSON.stringify(data), style: "red" }),
  "nerve.delivery.refused": ({ agent, code }) => ({ who: agent, what: "refused", text: code, style: "red" }),
  "nerve.schedule.due": (data) => ({ who: "schedule", what: "is due", text: JSON.stringify(data) }),
};

/** The last claim without a verdict: verdicts come in the order of claims. */
function takeClaim({ claims }: Seen, offer: string): string | undefined {
  const [first, ...rest] = claims.get(offer) ?? [];
  claims.set(offer, rest);
  return first;
}

function remember<Value>(names: Map<string, Value>, name: string, value: Value): void {
  names.set(name, value);
  const [oldest] = names.keys();
  if (names.size > rememberedNames && oldest !== undefined) names.delete(oldest);
}

/** Makes a function that tells one thread's events, in the order of the log. */
export function createTeller(): (event: CloudEvent) => Happening {
  const seen: Seen = { offers: new Map(), claims: new Map(), turns: new Map() };
  return (event) => {
    const said = tell(event, seen);
    const text = said.text.length > textLength ? `${said.text.slice(0, textLength)} …` : said.text;
    return { at: event.time, ...said, text };
  };
}

function tell({ type, source, data }: CloudEvent, seen: Seen): Said {
  const agent = source.replace(/^\/agents\//, "");
  // A workflow's own kind, and what another version says, is told as it is.
  const other = { who: agent.startsWith("/threads/") ? thread : agent, what: "says", text: `${type} ${JSON.stringify(data ?? null)}` };
  const parsed = findSchema(type)?.safeParse(data);
  return parsed?.success ? (tellers[type as keyof Tellers] as Teller<unknown>)(parsed.data, seen, agent) : other;
}

/** What the log keeps of a kind's `data`; undefined for a workflow's own. */
function findSchema(type: string): ZodType | undefined {
  if (Object.hasOwn(agentKinds, type)) return agentKinds[type as AgentKind].data;
  if (!Object.hasOwn(engineKinds, type)) return undefined;
  const kind = engineKinds[type as EngineKind];
  return "logged" in kind ? kind.logged : kind.data;
}
