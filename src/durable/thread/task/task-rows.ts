/** The task's rows: what agents answered and what was decided on it. Knows SQL, not machines. */
import type { Json } from "../../../contract/event.ts";
import type { Step } from "../../../contract/kinds/turn.ts";
import type { MessageView } from "../../../contract/views/thread.ts";
import type { Row, Storage } from "../../host/ports.ts";
import type { StepRange, Steps, TaskEnd } from "../../protocol/task.ts";

export interface MessageRow extends Row {
  turn: number;
  role: string;
  agent: string | null;
  output: string;
  body: string | null;
  at: number;
}

/** A message's row as it is shown. */
export function toStep({ turn, role, agent, output, body, at }: MessageRow): Step {
  return {
    ...{ round: turn, role, agent, output: JSON.parse(output) as Json },
    ...(body !== null && { body }),
    at: new Date(at).toISOString(),
  };
}

export interface DecisionRow extends Row {
  /** The last turn before it. */
  round: number;
  /** The turn that it opens, or null. */
  turn: number | null;
  node: string;
  edge: string;
  target: string;
  prompt: string | null;
  because: string;
  location: string | null;
  effects: string;
  at: number;
}

/** What of earlier epochs counts: steps through `keep`; null: all. In an epoch's first step its own word on that is not written yet. */
export interface Kept {
  keep: number | null;
  /** The last turn of earlier epochs. */
  round: number;
}

function bound(kept: Kept | undefined): [keep: number, round: number] {
  return kept && kept.keep !== null ? [kept.keep, kept.round] : [Number.MAX_SAFE_INTEGER, 0];
}

export function readLastMessage(storage: Storage, kept?: Kept): MessageRow | undefined {
  return storage.exec<MessageRow>("SELECT * FROM counted WHERE turn <= ? OR turn > ? ORDER BY turn DESC LIMIT 1", ...bound(kept))[0];
}

/** All steps that count, oldest first. */
export function readAllMessages(storage: Storage, kept?: Kept): MessageRow[] {
  return storage.exec<MessageRow>("SELECT * FROM counted WHERE turn <= ? OR turn > ? ORDER BY turn", ...bound(kept));
}

/** Who had the role's last turn that somebody had. */
export function readLastAgent(storage: Storage, role: string): string | undefined {
  return storage.exec<{ agent: string }>(
    "SELECT agent FROM counted WHERE role = ? AND agent IS NOT NULL ORDER BY turn DESC LIMIT 1",
    role,
  )[0]?.agent;
}

export function readLastDecision(storage: Storage): DecisionRow | undefined {
  return storage.exec<DecisionRow>("SELECT * FROM decision ORDER BY round DESC LIMIT 1")[0];
}

/** What the thread would end with now. */
export function readEnd(storage: Storage): TaskEnd {
  const last = readLastMessage(storage);
  return { output: last ? (JSON.parse(last.output) as Json) : null, prompt: readLastDecision(storage)?.prompt ?? null };
}

/** Of a copied step that was not decided on: whatever edge it takes. */
export const anyEdge = "*";

/** The last decision on a step, in whichever epoch; `copied`: it was another thread's. */
export function findDecisionAfter(storage: Storage, step: number): { node: string; edge: string; copied: number | null } | undefined {
  return storage.exec<{ node: string; edge: string; copied: number | null }>(
    "SELECT node, edge, effects ->> '$.copied' AS copied FROM decision WHERE round = ? OR effects ->> '$.of' = ? ORDER BY round DESC LIMIT 1",
    step,
    step,
  )[0];
}

/** The decision that opened the turn. */
export function readDecisionOf(storage: Storage, turn: number): DecisionRow | undefined {
  return storage.exec<DecisionRow>("SELECT * FROM decision WHERE turn = ?", turn)[0];
}

/** What the last resume added, or null. */
export function readSupplement(storage: Storage): Json {
  const row = storage.exec<{ body: string }>("SELECT body FROM supplement")[0];
  return row ? (JSON.parse(row.body) as Json) : null;
}

/** Replaces what an earlier resume added; null: this one adds nothing. */
export function writeSupplement(storage: Storage, supplement: Json): void {
  if (supplement === null) storage.exec("DELETE FROM supplement");
  else storage.exec("INSERT OR REPLACE INTO supplement VALUES (1, ?)", JSON.stringify(supplement));
}

/** A page of the thread's steps, each with the decision that followed. */
export function readMessages(storage: Storage, page: { after?: number; limit: number }): { messages: MessageView[]; next: number | null } {
  const rows = storage.exec<MessageRow & { target: string | null; prompt: string | null; because: string | null; until: number | null }>(
    `SELECT m.*, d.target, d.prompt, d.because, (SELECT min(u.epoch) FROM undone u WHERE m.turn > u.after AND m.turn <= u.through) AS until FROM message m LEFT JOIN decision d ON d.round = m.turn WHERE m.turn > ? ORDER BY m.turn LIMIT ?`,
    page.after ?? 0,
    page.limit + 1,
  );
  const shown = rows.slice(0, page.limit);
  return {
    messages: shown.map((row) => ({
      ...toStep(row),
      ...(row.target !== null && { decision: { to: row.target, prompt: row.prompt, because: row.because ?? "" } }),
      ...(row.until !== null && { until: row.until }),
    })),
    next: rows.length > page.limit ? (shown.at(-1)?.turn ?? null) : null,
  };
}

/** Steps that count, with the decisions that follow them, but for what these published and started: that is not done again. */
export function readSteps(storage: Storage, { after, through, limit }: StepRange): Steps {
  const messages = storage.exec<MessageRow>(
    "SELECT turn, role, agent, output, body, at FROM counted WHERE turn > ? AND turn <= ? ORDER BY turn LIMIT ?",
    after,
    through,
    limit,
  );
  const last = messages.at(-1)?.turn ?? after;
  return {
    messages,
    // A decision that was made again on an earlier step belongs to that step, whatever its own number.
    decisions: storage
      .exec<DecisionRow>(
        "SELECT *, coalesce(effects ->> '$.of', round) AS step FROM decision WHERE step >= ? AND step <= ? ORDER BY round",
        after,
        last,
      )
      .map(({ step, effects: _, ...row }) => ({ ...row, round: Number(step) })),
  };
}

/** Stores copied steps. */
export function writeSteps(storage: Storage, { messages, decisions }: Steps): void {
  for (const { turn, role, agent, output, body, at } of messages)
    storage.exec(
      "INSERT OR IGNORE INTO message (turn, role, agent, output, body, at) VALUES (?, ?, ?, ?, ?, ?)",
      turn,
      role,
      agent,
      output,
      body,
      at,
    );
  for (const row of decisions)
    storage.exec(
      "INSERT OR IGNORE INTO decision (round, turn, node, edge, target, prompt, because, location, effects, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      ...["round", "turn", "node", "edge", "target", "prompt", "because", "location"].map((column) => row[column] ?? null),
      JSON.stringify({ emits: [], spawns: [], copied: true }),
      row.at ?? 0,
    );
  // A step that was answered and not decided on is left to the other thread to publish, too.
  for (const { turn, role, at } of messages)
    storage.exec(
      "INSERT OR IGNORE INTO decision (round, node, edge, target, because, effects, at) VALUES (?, ?, ?, '', '', ?, ?)",
      turn,
      role,
      anyEdge,
      JSON.stringify({ emits: [], spawns: [], copied: true }),
      at,
    );
}
