/** The tables that a thread's root kept of the thread before documents, and how they become those. Knows SQL, no machine. */
import type { CloudEvent, Json } from "../../../contract/event.ts";
import type { Outcome } from "../../../contract/kinds/thread.ts";
import type { ThreadStatus } from "../../../contract/statuses.ts";
import type { Row, Storage } from "../../host/ports.ts";
import type { FormerTables } from "../../host/store/tables.ts";
import type { ParentLink } from "../../protocol/workflow.ts";
import { recruitmentMigrations } from "../thread-schema.ts";
import type { EpochsDocument, Plan } from "./epoch-plan.ts";
import { type ThreadRow, threadCollections } from "./thread-rows.ts";

/** The thread's row, at any of its versions; some members are JSON. */
export interface FormerThread extends Row {
  id: string;
  workflow: string;
  revision: string;
  event: string;
  initiator: string;
  key: string | null;
  status: ThreadStatus;
  changes: number;
  task: string | null;
  outcome: string | null;
  reason: string | null;
  created_at: number;
  updated_at: number;
}

const read = <T>(text: unknown): T | null => (typeof text === "string" ? (JSON.parse(text) as T) : null);

/** The row as it is kept now. */
export function fromFormerThread({ one: _, event, outcome, ...row }: FormerThread): ThreadRow {
  const { parent = null, priority = null, supplement = null, ...rest } = row;
  return {
    ...rest,
    event: JSON.parse(event) as CloudEvent,
    outcome: read<Outcome>(outcome),
    parent: read<ParentLink>(parent),
    priority: typeof priority === "number" ? priority : null,
    supplement: supplement === null ? null : { added: read<Json>(supplement) },
  };
}

function readEpochs(storage: Storage): EpochsDocument | undefined {
  const rows = storage.exec<{ number: number; plan: string; begun: number }>("SELECT number, plan, begun FROM epoch ORDER BY number");
  const find = (begun: number): { number: number; plan: Plan } | undefined => {
    const row = rows.findLast((each) => each.begun === begun);
    return row && { number: row.number, plan: JSON.parse(row.plan) as Plan };
  };
  const last = rows.at(-1)?.number;
  const [next, present] = [find(0), find(1)];
  return last === undefined ? undefined : { last, ...(present && { present }), ...(next && { next }) };
}

export const formerThread: FormerTables = {
  migrations: recruitmentMigrations,
  convert(storage, owner) {
    const keep = (collection: keyof typeof threadCollections, value: unknown): void =>
      void storage.exec("INSERT INTO document VALUES (?, ?, '', NULL, ?)", owner, threadCollections[collection], JSON.stringify(value));
    for (const row of storage.exec<FormerThread>("SELECT * FROM thread")) keep("thread", fromFormerThread(row));
    const epochs = readEpochs(storage);
    if (epochs) keep("epochs", epochs);
    for (const origin of storage.exec("SELECT parent, at FROM origin")) keep("origin", origin);
    const forks = storage.exec<{ n: number }>("SELECT count(*) AS n FROM fork")[0]?.n ?? 0;
    if (forks > 0) keep("forks", forks);
    storage.exec("DROP TABLE thread; DROP TABLE epoch; DROP TABLE origin; DROP TABLE fork;");
  },
};
