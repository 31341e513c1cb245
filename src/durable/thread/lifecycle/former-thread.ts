/** The row that a thread's root kept of the thread before documents, for who reads an object that has not woken since. */
import type { CloudEvent, Json } from "../../../contract/event.ts";
import type { Outcome } from "../../../contract/kinds/thread.ts";
import type { ThreadStatus } from "../../../contract/statuses.ts";
import type { Row } from "../../host/ports.ts";
import type { ParentLink } from "../../protocol/workflow.ts";
import type { ThreadRow } from "./thread-rows.ts";

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
