/**
 * The tables that a task's object had once, as documents of now. What they hold is read as data, so that it can be kept under another
 * owner or in another object. Knows SQL, no machine.
 */
import type { Json } from "../../../contract/event.ts";
import type { Row, SqlValue, Storage } from "../../host/ports.ts";
import { numberKey } from "../../host/store/collections.ts";
import type { FormerTables } from "../../host/store/tables.ts";
import { keyMember, listMember } from "../broadcast/audience-documents.ts";
import { keyChild, listChild } from "../children/child-documents.ts";
import { keyRevoked } from "../recruitment/hand-over.ts";
import { taskMigrations } from "../thread-schema.ts";
import { fromRow, isCopiedBroadcast } from "./copied-steps.ts";
import {
  type AskingDocument,
  type BroadcastDocument,
  type ChildDocument,
  type ChildStatus,
  collections,
  type DecisionDocument,
  type MemberDocument,
  type MemberStatus,
  nameAnswer,
  type ProgressDocument,
  type RevokedTurn,
  type StepDocument,
  type Tally,
  type TurnDocument,
} from "./task-documents.ts";
import { countStep } from "./turn-documents.ts";

/** A document that is not kept yet. */
export interface FormerDocument {
  collection: string;
  key: string;
  facts: SqlValue;
  value: unknown;
}

const tables = [
  ...["task", "message", "decision", "progress", "answered", "supplement", "given", "revoked", "child_thread", "asking", "broadcast"],
  ...["audience", "undone"],
];

export const formerTask: FormerTables = {
  migrations: taskMigrations,
  convert(storage, owner) {
    for (const { collection, key, facts, value } of readFormerTask(storage))
      storage.exec("INSERT OR REPLACE INTO document VALUES (?, ?, ?, ?, ?)", owner, collection, key, facts, JSON.stringify(value));
    dropFormerTask(storage);
  },
};

/** Drops the tables, at their last version. */
function dropFormerTask(storage: Storage): void {
  storage.exec("DROP VIEW counted");
  for (const table of tables) storage.exec(`DROP TABLE ${table}`);
}

/** All that the tables hold, at their last version: one document after the other, for each may be as large as an event. */
export function* readFormerTask(storage: Storage): Generator<FormerDocument> {
  for (const { event } of storage.exec<{ event: string }>("SELECT event FROM task")) yield make("start", "", JSON.parse(event));
  for (const { body } of storage.exec<{ body: string }>("SELECT body FROM supplement")) yield make("supplement", "", JSON.parse(body));
  for (const { epoch, after, through } of storage.exec<{ epoch: number; after: number; through: number }>("SELECT * FROM undone"))
    yield make("undone", numberKey(epoch), { after, through });
  yield* readTurns(storage);
  yield* readSaid(storage);
  yield* readChildren(storage);
  yield* readBroadcasts(storage);
}

function make(collection: keyof typeof collections, key: string, value: unknown, facts: SqlValue = null): FormerDocument {
  return { collection: collections[collection], key, facts, value };
}

/** Steps, decisions and who has the turn after each, by round; steps that count are counted on the way. */
function* readTurns(storage: Storage): Generator<FormerDocument> {
  const copied = new Map<string, number[]>();
  let tally: Tally = { steps: 0, roles: {} };
  for (const { round } of storage.exec<{ round: number }>(
    "SELECT turn AS round FROM message UNION SELECT round FROM decision UNION SELECT turn - 1 FROM given WHERE turn > 0 ORDER BY 1",
  )) {
    const step = readStep(storage, round);
    const isCounted = storage.exec("SELECT 1 FROM counted WHERE turn = ?", round).length > 0;
    if (step && isCounted) tally = countStep(tally, round, step);
    if (step && isCopiedBroadcast(step) && !storage.exec("SELECT 1 FROM broadcast WHERE turn = ?", round).length)
      copied.set(step.role, [...(copied.get(step.role) ?? []), round]);
    const decision = readDecision(storage, round);
    const [again] = storage.exec<{ round: number }>(
      "SELECT round FROM decision WHERE effects ->> '$.of' = ? AND round <> ? ORDER BY round DESC LIMIT 1",
      round,
      round,
    );
    const [given] = storage.exec<{ attempt: number; role: string; agent: string; at: number }>(
      "SELECT attempt, role, agent, at FROM given WHERE turn = ?",
      round + 1,
    );
    yield make("turns", numberKey(round), {
      ...(step && { step }),
      ...(decision && { decision }),
      ...(again && { decidedAt: again.round }),
      ...(given && { given }),
      ...(step && isCounted && { tally }),
    } satisfies TurnDocument);
  }
  for (const [role, turns] of copied) yield make("copied", role, turns);
}

function readStep(storage: Storage, turn: number): StepDocument | undefined {
  const row = storage.exec<{ role: string; agent: string | null; output: string; body: string | null; at: number }>(
    "SELECT role, agent, output, body, at FROM message WHERE turn = ?",
    turn,
  )[0];
  if (!row) return undefined;
  const { output, body, ...rest } = row;
  return { ...rest, output: JSON.parse(output) as StepDocument["output"], ...(body !== null && { body }) };
}

function readDecision(storage: Storage, round: number): DecisionDocument | undefined {
  const row = storage.exec<Row & { effects: string }>("SELECT * FROM decision WHERE round = ?", round)[0];
  if (!row) return undefined;
  const { effects, ...decided } = row;
  const { of, copied } = JSON.parse(effects) as { of?: number; copied?: boolean };
  const children = storage.exec<{ n: number }>("SELECT count(*) AS n FROM child_thread WHERE round = ?", round)[0]?.n ?? 0;
  return {
    ...fromRow(decided),
    ...(of !== undefined && { of }),
    ...(copied && { copied }),
    ...(children > 0 && { children }),
  };
}

/** What agents said that is no step, and what was taken back from them. */
function* readSaid(storage: Storage): Generator<FormerDocument> {
  for (const { agent, id, hash, turn } of storage.exec<{ agent: string; id: string; hash: string; turn: number }>("SELECT * FROM answered"))
    yield make("answered", nameAnswer(agent, id), { hash, turn });
  for (const { turn } of storage.exec<{ turn: number }>("SELECT turn FROM progress"))
    for (const { role, agent, note, details, at } of storage.exec<Omit<ProgressDocument, "details"> & Row & { details: string | null }>(
      "SELECT role, agent, note, details, at FROM progress WHERE turn = ?",
      turn,
    )) {
      const said: ProgressDocument = { role, agent, note, details: JSON.parse(details ?? "null") as Json, at };
      yield make("progress", numberKey(turn), said);
    }
  for (const { turn, agent, generation, role, reason, at } of storage.exec<RevokedTurn & Row>("SELECT * FROM revoked"))
    yield make("revoked", keyRevoked(turn, agent, generation), { turn, agent, generation, role, reason, at } satisfies RevokedTurn);
}

interface ChildRow extends Row {
  round: number;
  place: number;
  workflow: string;
  awaited: number;
  thread: string | null;
  status: string;
  output: string | null;
  error: string | null;
  told: number;
}

function* readChildren(storage: Storage): Generator<FormerDocument> {
  for (const key of storage.exec<{ round: number; place: number }>("SELECT round, place FROM child_thread"))
    for (const { awaited, status, output, told, ...row } of storage.exec<ChildRow>(
      "SELECT * FROM child_thread WHERE round = ? AND place = ?",
      key.round,
      key.place,
    )) {
      const { round, place, workflow, thread, error } = row;
      const child: ChildDocument = {
        ...{ round, place, workflow, thread, error, awaited: awaited === 1, told: told === 1 },
        status: status as ChildStatus,
        output: JSON.parse(output ?? "null") as Json,
      };
      yield make("children", keyChild(child), child, listChild(child));
    }
}

interface BroadcastRow extends Row {
  turn: number;
  task: string;
  role: string;
  asked: number;
  left_out: number;
  at: number;
  deadline: number;
  expires: number;
  closed: string | null;
}

interface MemberRow extends Row {
  status: string;
  invalid: number;
  output: string | null;
  body: string | null;
  error: string | null;
  at: number | null;
}

function* readBroadcasts(storage: Storage): Generator<FormerDocument> {
  for (const { turn, task, message, tries, next_at } of storage.exec<{
    turn: number;
    task: string;
    message: string;
    tries: number;
    next_at: number;
  }>("SELECT * FROM asking"))
    yield make("asking", numberKey(turn), { task, message: JSON.parse(message), tries, next: next_at } satisfies AskingDocument);
  let last: BroadcastDocument["last"] = {};
  for (const { turn, left_out: leftOut, ...row } of storage.exec<BroadcastRow>("SELECT * FROM broadcast ORDER BY turn")) {
    const { task, role, asked, at, deadline, expires, closed } = row;
    last = { ...last, [role]: turn };
    const broadcast: BroadcastDocument = { task, role, asked, leftOut, at, deadline, expires, closed, last };
    yield make("broadcasts", numberKey(turn), broadcast);
    for (const { agent } of storage.exec<{ agent: string }>("SELECT agent FROM audience WHERE turn = ?", turn)) {
      const member = readMember(storage, turn, agent);
      yield make("audience", keyMember({ role, turn }, agent), member, listMember(agent, member));
    }
  }
}

function readMember(storage: Storage, turn: number, agent: string): MemberDocument {
  const [row] = storage.exec<MemberRow>(
    "SELECT status, invalid, output, body, error, at FROM audience WHERE turn = ? AND agent = ?",
    turn,
    agent,
  );
  const { status = "asked", invalid = 0, output = null, body = null, error = null, at = null } = row ?? {};
  return {
    status: status as MemberStatus,
    invalid,
    ...(output !== null && { output: JSON.parse(output) as NonNullable<MemberDocument["output"]> }),
    ...(body !== null && { body }),
    ...(error !== null && { error }),
    ...(at !== null && { at }),
  };
}
