/** A message becomes a thread, a directed turn, or what a thread waits for. */
import type { Message } from "@a2a-js/sdk";
import type { CloudEvent, Json } from "../../../contract/event.ts";
import type { ThreadView } from "../../../contract/views/thread.ts";
import { hashToken } from "../../../durable/agent/token-hash.ts";
import type { Principal } from "../../../durable/protocol/agent.ts";
import { nameObject } from "../../authenticate.ts";
import { problemError, unwrap } from "../../problem-error.ts";
import { noteContext } from "../../task-contexts.ts";
import type { CardSubject } from "./agent-cards.ts";
import { directTurn } from "./direct-turn.ts";
import { ensureDirectTurn } from "./ensure-direct-turn.ts";
import { malformed, refuseNow } from "./errors.ts";
import { a2aLimits } from "./limits.ts";
import { findSubject, type GatewayPorts, listSubjects } from "./list-subjects.ts";
import { readInput, readParts, readSupplement, type Said } from "./read-message.ts";
import { readTask, stillBegins } from "./read-task.ts";
import { isTerminal, judgeState } from "./task-states.ts";
import { contextAttribute, messageAttribute, readContext, type TaskSource } from "./to-task.ts";

/** Whose request it is. */
export interface Caller {
  principal: Principal;
  /** Null: an operator, who sees everything. */
  viewer: string | null;
  /** As logs name it: `agents/<id>` or `operators/<name>`. */
  name: string;
  isReadOnly: boolean;
}

interface Sent {
  message: Message;
  metadata: { [key: string]: unknown } | undefined;
  subject: CardSubject | undefined;
  /** Finds a task of the address that was called. */
  find(id: string): Promise<TaskSource>;
}

/** Whether a thread is a task of what the address is about. */
export function isAbout({ workflow, event }: Pick<ThreadView, "workflow" | "event">, subject: CardSubject): boolean {
  if (subject.kind === "workflow") return workflow === subject.name;
  return workflow === directTurn.name && (event.data as { agent?: unknown } | null)?.agent === subject.name;
}

/** @returns the task that the message began, or goes on with */
export async function sendSaid(ports: GatewayPorts, caller: Caller, sent: Sent): Promise<TaskSource> {
  const { message } = sent;
  for (const [name, id] of [
    ["messageId", message.messageId],
    ["contextId", message.contextId],
  ] as const)
    if (id.length > a2aLimits.idLength) throw malformed(`The ${name} has more than ${a2aLimits.idLength} characters.`);
  const said = readParts(message);
  if (message.taskId !== "") return goOn(ports, caller, said, await sent.find(message.taskId), message);
  return start(ports, caller, said, message, sent.subject ?? (await chooseSubject(ports, sent)));
}

/** Which skill of the server a message is for. */
async function chooseSubject(ports: GatewayPorts, { message, metadata }: Sent): Promise<CardSubject> {
  const skill = metadata?.["skill"] ?? message.metadata?.["skill"];
  const [kind = "", name = ""] = typeof skill === "string" ? skill.split("/") : [];
  const named = typeof skill === "string" ? await findSubject(ports, kind, name) : undefined;
  if (named) return named;
  const subjects = await listSubjects(ports);
  const [only] = subjects;
  if (skill === undefined && only && subjects.length === 1) return only;
  const some = subjects.slice(0, 20).map((each) => `${each.kind}s/${each.name}`);
  const none = some.length === 0 ? "Nothing is exposed here." : `There are ${some.join(", ")}.`;
  throw skill === undefined
    ? malformed(`Say which skill the message is for, by \`skill\` in its metadata, or send it to the address of its card. ${none}`)
    : problemError("not_found", `There is no skill ${JSON.stringify(skill).slice(0, 200)}. ${none}`);
}

async function start(ports: GatewayPorts, caller: Caller, said: Said, message: Message, subject: CardSubject): Promise<TaskSource> {
  const { messageId, contextId } = message;
  const workflow = subject.kind === "workflow" ? subject.name : directTurn.name;
  if (subject.kind === "agent") await ensureDirectTurn(ports);
  const event = {
    // Of one sender, and of what the message is for: the same message to two is two tasks.
    id: `a2a.${(await hashToken(`${subject.kind}s/${subject.name}\n${messageId}`)).slice(0, 40)}`,
    type: "a2a.message",
    to: `workflows/${workflow}`,
    data: subject.kind === "workflow" ? readInput(said, subject.name, subject.input) : tellAgent(subject.name, said),
    [messageAttribute]: messageId,
    ...(contextId !== "" && { [contextAttribute]: contextId }),
  };
  const [answer] = unwrap(await ports.agent(nameObject(caller.principal)).accept(caller.principal, [event]));
  if (answer === undefined) throw new Error("A message was neither accepted nor rejected.");
  if (answer.status === "rejected") {
    const { code, detail } = answer.error;
    if (code !== "id_conflict") throw problemError(code, detail, answer.error as { [key: string]: Json });
    throw problemError(code, `A message of the id ${messageId} said something else. Give each message an id of its own.`);
  }
  const thread =
    answer.reflexes?.find((verdict) => verdict.workflow === workflow && verdict.thread !== undefined)?.thread ?? answer.threads[0];
  if (thread === undefined) throw new Error(`The message ${event.id} began no thread.`);
  if (contextId !== "") await noteContext(ports.db, contextId, thread, ports.now());
  const at = new Date(ports.now()).toISOString();
  const posted = { specversion: "1.0", source: `/${caller.name}`, time: at, ...event } as CloudEvent;
  return readBegun(ports, thread, caller, stillBegins(thread, workflow, posted, at));
}

/** The queue may not have told the thread yet that it begins. */
async function readBegun(ports: GatewayPorts, thread: string, { viewer }: Caller, begins: TaskSource): Promise<TaskSource> {
  const until = ports.now() + a2aLimits.beginning;
  let mark = await ports.projector().changed(undefined, 0);
  for (;;) {
    const source = await readTask(ports, thread, viewer).catch(() => undefined);
    const rest = until - ports.now();
    if (source || rest <= 0) return source ?? begins;
    mark = await ports.projector().changed(mark, Math.min(rest, 250));
  }
}

function tellAgent(agent: string, { text, data }: Said): Json {
  return { agent, ...(text !== undefined && { text }), ...(data !== undefined && { data }) };
}

/** What a suspended thread waited for. The same message again is one order. */
async function goOn(ports: GatewayPorts, caller: Caller, said: Said, source: TaskSource, message: Message): Promise<TaskSource> {
  const { view } = source;
  const { messageId, contextId } = message;
  if (contextId !== "" && contextId !== readContext(view))
    throw malformed(`The task ${view.id} is of the context ${readContext(view)}, not ${contextId}.`);
  if (caller.viewer !== null && view.event.source !== `/agents/${caller.viewer}`)
    throw problemError("forbidden", "This task was begun by somebody else: only they, and operators, go on with it.");
  if (isTerminal(judgeState(source)))
    throw refuseNow(`The task ${view.id} is over: its thread is ${view.status}. Send a message without taskId to begin another.`);
  const supplement = readSupplement(said);
  const once = { key: `a2a ${caller.name} ${messageId}`, hash: await hashToken(JSON.stringify(supplement)) };
  const body = { reason: `a message over A2A by ${caller.name}`, supplement };
  const resumed = await ports.thread(view.id).control("resume", caller.name, body, once);
  if (!resumed.ok && resumed.problem.code === "not_allowed_now")
    throw refuseNow(
      `The task ${view.id} waits for no message: its thread is ${view.status}. It takes one when it is in the state input-required.`,
    );
  unwrap(resumed);
  return readTask(ports, view.id, caller.viewer);
}
