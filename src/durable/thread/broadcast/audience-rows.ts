/** The rows of broadcasts: who was asked in which turn, and what each said. Knows SQL and the shape of a broadcast's output. */

import * as z from "zod";
import type { Json } from "../../../contract/event.ts";
import { engineStatuses, isEngineStatus, readWord } from "../../../contract/language.ts";
import { countBytes } from "../../../contract/limits.ts";
import { open } from "../../../contract/shape.ts";
import { type BroadcastState, broadcastStates } from "../../../contract/statuses.ts";
import type { PendingWrite } from "../../host/logic.ts";
import type { Row, Storage } from "../../host/ports.ts";
import { json } from "../../protocol/parts.ts";
import type { BroadcastView } from "../../protocol/task.ts";
import { trust } from "../../protocol/trust.ts";
import { threadLimits } from "../thread-schema.ts";

/** One turn that many agents were given. */
export interface BroadcastRow extends Row {
  turn: number;
  /** The task actor's id. */
  task: string;
  role: string;
  asked: number;
  /** Eligible, and more than one turn may be given to. */
  left_out: number;
  at: number;
  /** Until when answers are waited for. */
  deadline: number;
  /** Until when the turn is delivered, and a late answer taken. */
  expires: number;
  /** `$ACKED`, `$PARTIAL`, or how the thread ended; null: open. */
  closed: string | null;
}

/**
 * `asked`, `acked`, `failed`; `late`: said something when the broadcast was closed; `revoked`: the thread was called off.
 * What is `asked` when the broadcast closes is missing.
 */
export type MemberStatus = "asked" | "acked" | "failed" | "late" | "revoked";

/** One agent's part in a broadcast. */
export interface MemberRow extends Row {
  turn: number;
  agent: string;
  status: MemberStatus;
  /** Outputs that were refused. */
  invalid: number;
  output: string | null;
  body: string | null;
  error: string | null;
  at: number | null;
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

export function readBroadcast(storage: Storage, turn: number): BroadcastRow | undefined {
  return storage.exec<BroadcastRow>("SELECT * FROM broadcast WHERE turn = ?", turn)[0];
}

export function readMember(storage: Storage, turn: number, agent: string): MemberRow | undefined {
  return storage.exec<MemberRow>("SELECT * FROM audience WHERE turn = ? AND agent = ?", turn, agent)[0];
}

export function isAsked(storage: Storage, agent: string): boolean {
  return storage.exec("SELECT 1 FROM audience WHERE agent = ? LIMIT 1", agent).length > 0;
}

/** Agents that acknowledged an earlier turn of the role, in this object's rows or in messages that came from elsewhere. */
export function readAcked(storage: Storage, role: string): Set<string> {
  const rows = storage.exec<{ agent: string }>(
    `SELECT a.agent FROM audience a JOIN broadcast b ON b.turn = a.turn WHERE b.role = ? AND a.status = 'acked'
     UNION SELECT each.value FROM counted m, json_each(m.output, '$.acked') each WHERE m.role = ?`,
    role,
    role,
  );
  return new Set(rows.map(({ agent }) => agent));
}

/** Agents that were last given a turn of the role. */
export function readLastAudience(storage: Storage, role: string): Set<string> {
  const rows = storage.exec<{ agent: string }>(
    "SELECT agent FROM audience WHERE turn = (SELECT max(turn) FROM broadcast WHERE role = ?)",
    role,
  );
  return new Set(rows.map(({ agent }) => agent));
}

export function writeAudience(storage: Storage, row: BroadcastRow, agents: string[]): void {
  const { turn, task, role, asked, left_out, at, deadline, expires } = row;
  storage.exec("INSERT INTO broadcast VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)", turn, task, role, asked, left_out, at, deadline, expires);
  storage.exec("INSERT INTO audience (turn, agent, status) SELECT ?, value, 'asked' FROM json_each(?)", turn, JSON.stringify(agents));
}

export function writeAnswer(storage: Storage, turn: number, agent: string, status: MemberStatus, answer: MemberAnswer, now: number): void {
  storage.exec(
    "UPDATE audience SET status = ?, output = ?, body = ?, error = ?, at = ? WHERE turn = ? AND agent = ?",
    status,
    answer.output === undefined ? null : JSON.stringify(answer.output),
    answer.body ?? null,
    answer.error ?? null,
    now,
    turn,
    agent,
  );
}

/** The thread stood still, and its broadcast has its time again. */
export function extendBroadcast(storage: Storage, turn: number, deadline: number, expires: number): void {
  storage.exec("UPDATE broadcast SET deadline = ?, expires = ? WHERE turn = ?", deadline, expires, turn);
}

/** Answers count no more; how it was closed first stays. */
export function closeBroadcast(storage: Storage, turn: number, status: string): void {
  storage.exec("UPDATE broadcast SET closed = ? WHERE turn = ? AND closed IS NULL", status, turn);
}

/** Those who still have a turn of any broadcast here, by turn; they are noted as revoked. */
export function revokeAll(storage: Storage, status: string, now: number): { broadcast: BroadcastRow; agents: string[] }[] {
  const given = storage
    .exec<BroadcastRow>("SELECT * FROM broadcast WHERE expires > ? ORDER BY turn", now)
    .map((broadcast) => ({
      broadcast,
      agents: storage
        .exec<{ agent: string }>("SELECT agent FROM audience WHERE turn = ? AND status = 'asked' ORDER BY agent", broadcast.turn)
        .map(({ agent }) => agent),
    }))
    .filter(({ agents }) => agents.length);
  storage.exec("UPDATE audience SET status = 'revoked' WHERE status = 'asked'");
  storage.exec("UPDATE broadcast SET closed = ? WHERE closed IS NULL", status);
  return given;
}

/** Who was given the turn and has not answered it: the first by id, and how many they are. */
export function readMissing(storage: Storage, turn: number, limit: number): { agents: string[]; count: number } {
  const agents = storage
    .exec<{ agent: string }>("SELECT agent FROM audience WHERE turn = ? AND status = 'asked' ORDER BY agent", turn)
    .map(({ agent }) => agent);
  return { agents: agents.slice(0, limit), count: agents.length };
}

/** The last broadcast of each role, counted. */
export function viewBroadcasts(storage: Storage): Record<string, BroadcastView> {
  const rows = storage.exec<BroadcastRow & { acked: number; failed: number; late: number }>(
    `SELECT b.*, sum(a.status = 'acked') AS acked, sum(a.status = 'failed') AS failed, sum(a.status = 'late') AS late
     FROM broadcast b JOIN audience a ON a.turn = b.turn
     WHERE b.turn IN (SELECT max(turn) FROM broadcast GROUP BY role) GROUP BY b.turn`,
  );
  return Object.fromEntries(
    rows.map(({ role, turn, asked, acked, failed, late, closed, at, deadline }) => [
      role,
      {
        turn,
        asked,
        acked,
        failed,
        late,
        state: closed === null ? "collecting" : readBroadcastState(closed),
        since: new Date(at).toISOString(),
        until: new Date(deadline).toISOString(),
      },
    ]),
  );
}

/** How it was closed: `$ACKED`, `$PARTIAL`, or how its thread ended. What another version wrote counts as called off. */
function readBroadcastState(closed: string): BroadcastState {
  return readWord(closed.replace(/^\$/, "").toLowerCase(), broadcastStates) ?? "cancelled";
}

type Member = Pick<MemberRow, "agent" | "status"> & { output: { [key: string]: Json } | null };

/**
 * A broadcast's output as prompts, conditions and history see it, with what this very step adds to the rows.
 * Outputs of agents are told up to a size, in the order of their ids; the rest is counted.
 */
export function describeBroadcast(
  storage: Storage,
  turn: number,
  status: string,
  pending: readonly PendingWrite[] = [],
): { [key: string]: Json } {
  const members = new Map<string, Member>(
    storage
      .exec<MemberRow>("SELECT agent, status, output FROM audience WHERE turn = ?", turn)
      .map(({ agent, status: said, output }) => [agent, { agent, status: said, output: output === null ? null : JSON.parse(output) }]),
  );
  let leftOut = readBroadcast(storage, turn)?.left_out ?? 0;
  for (const { name, params, metadata } of pending) {
    if (params.turn !== turn) continue;
    if (name === "audience.note") {
      const { agents, leftOut: more } = trust(audiencePlan, metadata);
      for (const agent of agents) members.set(agent, { agent, status: "asked", output: null });
      leftOut = more;
    }
    if (name === "answer.note") {
      const agent = String(params.agent);
      members.set(agent, {
        agent,
        status: params.ok === true ? "acked" : "failed",
        output: trust(memberAnswer.optional(), metadata)?.output ?? null,
      });
    }
  }
  const sorted = [...members.values()].sort((a, b) => (a.agent < b.agent ? -1 : 1));
  const list = (which: MemberStatus): string[] => sorted.flatMap((member) => (member.status === which ? [member.agent] : []));
  const answers: Json[] = [];
  let bytes = 0;
  let answersLeftOut = 0;
  for (const { agent, output } of sorted) {
    if (output === null) continue;
    const answer = { agent, output };
    bytes += countBytes(JSON.stringify(answer)) + 1;
    if (bytes <= threadLimits.answersInline) answers.push(answer);
    else {
      bytes -= countBytes(JSON.stringify(answer)) + 1;
      answersLeftOut += 1;
    }
  }
  return {
    $status: status,
    acked: list("acked"),
    failed: list("failed"),
    missing: list("asked"),
    answers,
    ...(answersLeftOut > 0 && { answersLeftOut }),
    ...(leftOut > 0 && { notAsked: leftOut }),
  };
}

/** Whether the engine's status is that of a broadcast that was closed, whose output is its answers. */
export function isBroadcastStatus(status: Json | undefined): status is string {
  return isEngineStatus(status) && engineStatuses[status].to === "broadcast";
}
