/** What the doctor says of a data folder, each with a code, and whether it can mend it. */

/** Every code; in the docs each has a row. */
export const findingCodes = [
  "logs_missing",
  "copied_in_use",
  "file_broken",
  "row_unreadable",
  "table_newer",
  "former_too_large",
  "index_missing",
  "thread_not_in_index",
  "index_behind",
  "object_behind",
  "thread_lost",
  "task_lost",
  "workflow_lost",
  "agent_lost",
  "revision_missing",
  "event_not_in_log",
  "change_unfinished",
] as const;
export type FindingCode = (typeof findingCodes)[number];

export interface Finding {
  code: FindingCode;
  /** `error`: something does not go on, or is lost. `warning`: it goes on. */
  severity: "error" | "warning";
  message: string;
  /** What to do. */
  hint: string;
  /** Below the data folder. */
  file?: string;
  /** Whose rows of the file, where that is a cell's. */
  actor?: string;
  thread?: string;
  agent?: string;
  /** `--fix` mends it, without taking anything away. */
  mendable: boolean;
  mended?: boolean;
}
