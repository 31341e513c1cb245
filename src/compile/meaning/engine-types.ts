/** The engine's own shapes, as types. */
import { engineStatuses, targets, wordsOf } from "../../contract/language.ts";
import { endedStatuses } from "../../contract/statuses.ts";
import { eventAttributes } from "../expressions/views.ts";
import { ofLengths } from "./range.ts";
import { bound, join, number, ofConstants, ofFields, ofKind, ofList, type Type, text, unknown, withAbsence } from "./type.ts";

const texts = ofList(() => text);
const lists = join([texts, ofKind("null")]);

const turns = { turns: number, answered: number, success: number, median: number, idle: number, tokens: number, cost: number };
const stats = ofFields("`stats`", { ...turns, overall: ofFields("`overall`", turns) });

/** What `where` sees. */
export const card = ofFields("the agent's card", {
  id: text,
  capabilities: texts,
  roles: lists,
  kinds: lists,
  labels: unknown,
  load: number,
  capacity: withAbsence(ofFields("`capacity`", { slots: number, used: number }), true),
});

/** Attributes that every event has. */
const given: ReadonlySet<string> = new Set(["specversion", "id", "source", "type", "time", "agent"]);

/** An event with such data, of one of these kinds where they are known. */
export function eventOf(data: Type, kinds?: readonly string[]): Type {
  const attributes = Object.fromEntries(
    eventAttributes.map((name) => [name, name === "to" ? unknown : withAbsence(text, !given.has(name))]),
  );
  return ofFields("the event", { ...attributes, data, ...(kinds && { type: ofConstants(kinds) }) });
}

/** What `score` sees. */
export function bidOf(event: Type): Type {
  return ofFields("what `score` sees", { agent: card, bid: unknown, stats, event });
}

/** Statuses that a role's schema need not have. */
export const ownStatuses = [...wordsOf(engineStatuses), ...wordsOf(targets).filter((target) => target === "$SUSPEND")];

/** An output that the engine made in place of an agent, or by which an agent suspended the thread, whatever its schema says. */
export const engineOutput = ofFields("an output of the engine", { $status: ofConstants(ownStatuses), reason: text }, "listed");

/** What a broadcast gives. @param most agents that are asked, where that is known */
export function broadcastOf(answer: Type, most?: number): Type {
  const count = most === undefined ? undefined : ofLengths(0, most);
  const agents = bound(texts, { count });
  const one = ofFields("an answer of the broadcast", { agent: text, output: answer });
  return ofFields("a broadcast's output", {
    $status: ofConstants(ownStatuses),
    acked: agents,
    failed: agents,
    missing: agents,
    answers: bound(
      ofList(() => one),
      { count },
    ),
    answersLeftOut: withAbsence(number, true),
    notAsked: withAbsence(number, true),
  });
}

/** What became of children; their outputs are unknown unless their workflow is. An output that is too large is not kept with the parent. */
export function childrenOf(output: Type): Type {
  const child = ofFields("a child", {
    thread: text,
    workflow: text,
    // One that is late is told of while it runs.
    status: ofConstants([...endedStatuses, "running"]),
    output,
    error: withAbsence(unknown, true),
  });
  return ofList(() => child);
}

/** One step. It may say more. */
export function stepOf(role: string, output: Type, children: Type): Type {
  return ofFields(
    "a step",
    { role: ofConstants([role]), output, agent: join([text, ofKind("null")]), detail: unknown, body: text, children },
    "open",
  );
}
