/** Events that an object of a thread could not run: shown in D1, and settled by an operator. Knows the actor host's dead letters. */
import type { Json } from "../../../contract/event.ts";
import { type Result, refuse, succeed } from "../../../contract/problem.ts";
import type { DeadLetterRow } from "../../host/dead-letters.ts";
import type { Message } from "../../protocol/envelope.ts";
import type { ProjectionRow } from "../../protocol/projector.ts";
import type { ThreadHost } from "../../protocol/typed-host.ts";

export interface ThreadDeadLetters {
  /** An event became a dead letter: operators see it, and the thread waits for them. Within the host's transaction. */
  note(row: DeadLetterRow, append: (to: string, message: Message) => void): void;
  /** All dead letters go with their object; within a transaction. */
  forget(): void;
  settle(order: "retry" | "drop", id: number): Promise<Result<null>>;
  /** These have moved from the root's object to the task's, and have a new id; within a transaction. */
  move(rows: DeadLetterRow[]): void;
}

/** Begins the number of a dead letter that the task's object keeps. */
export const taskPrefix = "t";

export interface ThreadDeadLetterPorts {
  thread: string;
  /** Tells the ids of the thread's two objects apart: empty for its root. */
  prefix: string;
  project(row: ProjectionRow): void;
  host(): ThreadHost;
  now(): number;
}

export function createThreadDeadLetters({ thread, prefix, project, host, now }: ThreadDeadLetterPorts): ThreadDeadLetters {
  const show = (row: DeadLetterRow, gone: boolean, place = prefix): void =>
    project({
      table: "parked",
      id: `${thread}:${place}${row.id}`,
      // `gone` must win over every other row, whatever the order.
      revisionNumber: gone ? Number.MAX_SAFE_INTEGER : now(),
      gone,
      thread,
      actor: row.actor,
      type: readType(row),
      code: row.code,
      error: row.error,
      at: row.at,
    });

  return {
    note(row, append) {
      show(row, false);
      // A failed order to suspend must not lead to the next one, without end.
      if (["thread.suspend", "thread.signal"].includes(readType(row))) return;
      append(`recruitment/${thread}`, {
        type: "thread.signal",
        signal: "suspend",
        event: null,
        reason: `dead letter: ${readType(row)}: ${row.error}`,
      });
    },
    forget() {
      for (const row of host().deadLetters()) show(row, true);
    },
    move(rows) {
      for (const row of rows) {
        show(row, true);
        show(row, false, taskPrefix);
      }
    },
    async settle(order, id) {
      const find = (): DeadLetterRow | undefined =>
        host()
          .deadLetters()
          .find((row) => row.id === id);
      const row = find();
      const { committer } = host();
      if (!row) {
        const gone: DeadLetterRow = {
          id,
          actor: thread,
          at: now(),
          sender: null,
          number: null,
          origin: null,
          event: "{}",
          code: "",
          error: "",
        };
        committer.commit(() => show(gone, true));
        return refuse("not_found", `There is no dead letter ${thread}:${prefix}${id} (any more).`);
      }
      const answer = order === "retry" ? await host().retryDeadLetter(id) : undefined;
      if (order === "drop") host().dropDeadLetter(id);
      const left = find();
      committer.commit(() => show(left ?? row, left === undefined));
      if (answer?.ok === false)
        return refuse(
          "not_allowed_now",
          `It was tried again and stays a dead letter: ${answer.detail}. Mend what it says, resume the thread if it must run for it, or drop it.`,
        );
      return succeed(null);
    },
  };
}

function readType({ event }: DeadLetterRow): string {
  const parsed = JSON.parse(event) as { type?: Json; event?: { type?: Json } };
  // Events between actors are wrapped in `host.event`.
  return String(parsed.event?.type ?? parsed.type ?? "");
}
