/** The documents of broadcasts: who was asked in which turn, and what each said. Knows documents and the shape of a broadcast's output. */

import * as z from "zod";
import type { Json } from "../../../contract/event.ts";
import { engineStatuses, isEngineStatus, readWord } from "../../../contract/language.ts";
import { countBytes } from "../../../contract/limits.ts";
import { open } from "../../../contract/shape.ts";
import { type BroadcastState, broadcastStates } from "../../../contract/statuses.ts";
import type { PendingWrite } from "../../host/logic.ts";
import { type KeyRange, numberKey } from "../../host/store/collections.ts";
import { json } from "../../protocol/parts.ts";
import type { BroadcastView } from "../../protocol/task.ts";
import { trust } from "../../protocol/trust.ts";
import { isCounted } from "../task/counted-steps.ts";
import { type BroadcastDocument, type MemberDocument, type MemberStatus, type TaskDocuments, withPrefix } from "../task/task-documents.ts";
import { readTurn } from "../task/turn-documents.ts";
import { threadLimits } from "../thread-schema.ts";

/** One turn that many agents were given. */
export interface Broadcast extends BroadcastDocument {
  turn: number;
}

/** What comes beside `turn.answered` and `turn.failed` of a broadcast. */
export const memberAnswer = open({
  output: z.record(z.string(), json).optional(),
  body: z.string().optional(),
  error: z.string().optional(),
});
export type MemberAnswer = z.infer<typeof memberAnswer>;

/** What comes beside `audience.asked`. */
export const audiencePlan = open({
  agents: z.array(z.string()),
  /** Eligible beyond those. */
  leftOut: z.number(),
  /** Writes the rows and the mail, in the transaction in which the machine takes it. */
  give: z.custom<() => void>((value) => typeof value === "function"),
});
export type AudiencePlan = z.infer<typeof audiencePlan>;

export function readBroadcast({ broadcasts }: TaskDocuments, turn: number): Broadcast | undefined {
  const found = broadcasts.read(numberKey(turn));
  return found && { turn, ...found };
}

/** The last broadcast of the role. */
export function readLastBroadcast(documents: TaskDocuments, role: string): Broadcast | undefined {
  const turn = Object.entries(listLast(documents)).find(([name]) => name === role)?.[1];
  return turn === undefined ? undefined : readBroadcast(documents, turn);
}

/** The turn of the last broadcast of each role. */
function listLast({ broadcasts }: TaskDocuments): BroadcastDocument["last"] {
  return broadcasts.list({ limit: 1, reverse: true })[0]?.[1].last ?? {};
}

/** Changes a broadcast; within a transaction. */
export function changeBroadcast({ broadcasts }: TaskDocuments, { turn, ...document }: Broadcast): void {
  broadcasts.put(numberKey(turn), document);
}

/** Broadcasts that are read at a time where an agent's part in any of them is sought. */
const broadcastsAtOnce = 20;

/** An agent's key among those of a broadcast. */
export function keyMember({ role, turn }: Pick<Broadcast, "role" | "turn">, agent: string): string {
  return `${role} ${numberKey(turn)} ${agent}`;
}

const listed = z.tuple([z.string(), z.number()]);

interface ListedMember {
  key: string;
  agent: string;
  status: MemberStatus;
  /** Of its answer; 0: it gave none. */
  bytes: number;
}

function listMembers({ audience }: TaskDocuments, range: KeyRange): ListedMember[] {
  return audience.listFacts(range).map(([key, facts]) => {
    const [status, bytes] = trust(listed, JSON.parse(String(facts)));
    return { key, agent: key.slice(key.lastIndexOf(" ") + 1), status: status as MemberStatus, bytes };
  });
}

/** In the order of their ids. */
function listAudience(documents: TaskDocuments, { role, turn }: Pick<Broadcast, "role" | "turn">): ListedMember[] {
  return listMembers(documents, { ...withPrefix(role, numberKey(turn)), limit: threadLimits.askedAtMost });
}

/** What of a member is listed without its answer: bytes of that as a broadcast's output tells it. */
export function listMember(agent: string, { status, output }: MemberDocument): string {
  return JSON.stringify([status, output === undefined ? 0 : countAnswer(agent, output)] satisfies z.infer<typeof listed>);
}

function countAnswer(agent: string, output: { [key: string]: Json }): number {
  return countBytes(JSON.stringify({ agent, output })) + 1;
}

/** Keeps an agent's part; within a transaction. */
export function changeMember(
  { audience }: TaskDocuments,
  broadcast: Pick<Broadcast, "role" | "turn">,
  agent: string,
  member: MemberDocument,
): void {
  audience.put(keyMember(broadcast, agent), member, listMember(agent, member));
}

export function readMember(
  { audience }: TaskDocuments,
  broadcast: Pick<Broadcast, "role" | "turn">,
  agent: string,
): MemberDocument | undefined {
  return audience.read(keyMember(broadcast, agent));
}

export function isAsked({ broadcasts, audience }: TaskDocuments, agent: string): boolean {
  // Newest first: most who ask had one of the last.
  for (let before: string | undefined; ; ) {
    const page = broadcasts.list({ limit: broadcastsAtOnce, reverse: true, ...(before !== undefined && { before }) });
    const keys = page.map(([key, { role }]) => keyMember({ role, turn: Number(key) }, agent));
    if (keys.length && audience.readMany(keys).length) return true;
    if (page.length < broadcastsAtOnce) return false;
    before = page.at(-1)?.[0];
  }
}

/** Whether the agent's answer to the turn would count. */
export function isWaitedFor(documents: TaskDocuments, turn: number, agent: string): boolean {
  const broadcast = readBroadcast(documents, turn);
  return broadcast?.closed === null && readMember(documents, broadcast, agent)?.status === "asked";
}

/** Agents that acknowledged an earlier turn of the role, in this thread or in the steps that it was copied with. */
export function readAcked(documents: TaskDocuments, role: string): Set<string> {
  const acked = new Set<string>();
  for (let after = withPrefix(role).after; ; ) {
    const page = listMembers(documents, { ...withPrefix(role), after, limit: threadLimits.candidatesAtMost });
    for (const { agent, status } of page) if (status === "acked") acked.add(agent);
    if (page.length < threadLimits.candidatesAtMost) break;
    after = page.at(-1)?.key ?? after;
  }
  for (const turn of documents.copied.get(role) ?? []) {
    const said = isCounted(documents, turn) ? readTurn(documents, turn)?.step?.output["acked"] : undefined;
    if (Array.isArray(said)) for (const agent of said) acked.add(String(agent));
  }
  return acked;
}

/** Agents that were last given a turn of the role. */
export function readLastAudience(documents: TaskDocuments, role: string): Set<string> {
  const last = readLastBroadcast(documents, role);
  return new Set(last && listAudience(documents, last).map(({ agent }) => agent));
}

/** Within a transaction. */
export function writeAudience(documents: TaskDocuments, broadcast: Omit<Broadcast, "last">, agents: string[]): void {
  changeBroadcast(documents, { ...broadcast, last: { ...listLast(documents), [broadcast.role]: broadcast.turn } });
  for (const agent of agents) changeMember(documents, broadcast, agent, { status: "asked", invalid: 0 });
}

/** Keeps what an agent of a broadcast said; within a transaction. */
export function writeAnswer(documents: TaskDocuments, turn: number, agent: string, said: Omit<MemberDocument, "invalid">): void {
  const broadcast = readBroadcast(documents, turn);
  const member = broadcast && readMember(documents, broadcast, agent);
  if (member) changeMember(documents, broadcast, agent, { ...member, ...said });
}

/** Answers count no more; how it was closed first stays. */
export function closeBroadcast(documents: TaskDocuments, turn: number, status: string): void {
  const broadcast = readBroadcast(documents, turn);
  if (broadcast?.closed === null) changeBroadcast(documents, { ...broadcast, closed: status });
}

/** Those who still have a turn of any broadcast here, by turn; they are noted as revoked. */
export function revokeAll(documents: TaskDocuments, status: string, now: number): { broadcast: Broadcast; agents: string[] }[] {
  const given: { broadcast: Broadcast; agents: string[] }[] = [];
  for (const [key, document] of documents.broadcasts.list({ limit: threadLimits.candidatesAtMost, reverse: true })) {
    const broadcast = { turn: Number(key), ...document };
    if (document.closed === null) changeBroadcast(documents, { ...broadcast, closed: status });
    if (document.expires <= now) continue;
    const { agents } = readMissing(documents, broadcast.turn, threadLimits.askedAtMost);
    for (const agent of agents) writeAnswer(documents, broadcast.turn, agent, { status: "revoked" });
    if (agents.length) given.unshift({ broadcast, agents });
  }
  return given;
}

/** Who was given the turn and has not answered it: the first by id, and how many they are. */
export function readMissing(documents: TaskDocuments, turn: number, limit: number): { agents: string[]; count: number } {
  const broadcast = readBroadcast(documents, turn);
  const agents = broadcast ? listAudience(documents, broadcast).flatMap(({ agent, status }) => (status === "asked" ? [agent] : [])) : [];
  return { agents: agents.slice(0, limit), count: agents.length };
}

/** The last broadcast of each role, counted. */
export function viewBroadcasts(documents: TaskDocuments): Record<string, BroadcastView> {
  return Object.fromEntries(
    Object.entries(listLast(documents)).flatMap(([role, turn]) => {
      const broadcast = readBroadcast(documents, turn);
      if (!broadcast) return [];
      const members = listAudience(documents, broadcast);
      if (!members.length) return [];
      const count = (which: MemberStatus): number => members.filter(({ status }) => status === which).length;
      const { asked, closed, at, deadline } = broadcast;
      return [
        [
          role,
          {
            turn,
            asked,
            acked: count("acked"),
            failed: count("failed"),
            late: count("late"),
            state: closed === null ? "collecting" : readBroadcastState(closed),
            since: new Date(at).toISOString(),
            until: new Date(deadline).toISOString(),
          } satisfies BroadcastView,
        ] as const,
      ];
    }),
  );
}

/** How it was closed: `$ACKED`, `$PARTIAL`, or how its thread ended. What another version wrote counts as called off. */
function readBroadcastState(closed: string): BroadcastState {
  return readWord(closed.replace(/^\$/, "").toLowerCase(), broadcastStates) ?? "cancelled";
}

/** A member with what this very step says of it; `output` is read only where it is told. */
interface Member extends Omit<ListedMember, "key"> {
  output?: { [key: string]: Json };
}

/**
 * A broadcast's output as prompts, conditions and history see it, with what this very step adds.
 * Outputs of agents are told up to a size, in the order of their ids; the rest is counted.
 */
export function describeBroadcast(
  documents: TaskDocuments,
  turn: number,
  status: string,
  pending: readonly PendingWrite[] = [],
): { [key: string]: Json } {
  const broadcast = readBroadcast(documents, turn);
  const members = new Map<string, Member>(broadcast && listAudience(documents, broadcast).map((member) => [member.agent, member]));
  let leftOut = broadcast?.leftOut ?? 0;
  for (const { name, params, metadata } of pending) {
    if (params.turn !== turn) continue;
    if (name === "audience.note") {
      const { agents, leftOut: more } = trust(audiencePlan, metadata);
      for (const agent of agents) members.set(agent, { agent, status: "asked", bytes: 0 });
      leftOut = more;
    }
    if (name === "answer.note") {
      const agent = String(params.agent);
      const output = trust(memberAnswer.optional(), metadata)?.output;
      const bytes = output === undefined ? 0 : countAnswer(agent, output);
      members.set(agent, { agent, status: params.ok === true ? "acked" : "failed", bytes, ...(output && { output }) });
    }
  }
  const sorted = [...members.values()].sort((a, b) => (a.agent < b.agent ? -1 : 1));
  const list = (which: MemberStatus): string[] => sorted.flatMap((member) => (member.status === which ? [member.agent] : []));
  const answers = chooseAnswers(sorted);
  const answersLeftOut = sorted.filter((member) => member.bytes > 0).length - answers.length;
  return {
    $status: status,
    acked: list("acked"),
    failed: list("failed"),
    missing: list("asked"),
    answers: readAnswers(documents, turn, broadcast?.role, answers),
    ...(answersLeftOut > 0 && { answersLeftOut }),
    ...(leftOut > 0 && { notAsked: leftOut }),
  };
}

/** Those whose answers are told, as far as they fit. */
function chooseAnswers(members: Member[]): Member[] {
  let left: number = threadLimits.answersInline;
  return members.filter(({ bytes }) => {
    if (bytes === 0 || bytes > left) return false;
    left -= bytes;
    return true;
  });
}

function readAnswers({ audience }: TaskDocuments, turn: number, role: string | undefined, members: Member[]): Json[] {
  const keys = new Map(members.map(({ agent }) => [agent, keyMember({ role: role ?? "", turn }, agent)]));
  const stored = new Map(audience.readMany(members.flatMap(({ agent, output }) => (output ? [] : (keys.get(agent) ?? [])))));
  return members.map(({ agent, output }) => ({ agent, output: output ?? stored.get(keys.get(agent) ?? "")?.output ?? null }));
}

/** Whether the engine's status is that of a broadcast that was closed, whose output is its answers. */
export function isBroadcastStatus(status: Json | undefined): status is string {
  return isEngineStatus(status) && engineStatuses[status].to === "broadcast";
}
