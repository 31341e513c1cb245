/** Compares what the objects say with D1's index and log, and D1 with itself. */
import type { DatabaseSync } from "node:sqlite";
import type { ThreadStatus } from "../../../contract/statuses.ts";
import type { Retention } from "../../../durable/projector/retention.ts";
import type { ProjectionRow } from "../../../durable/protocol/projector.ts";
import { isEnded } from "../../../durable/thread/lifecycle/thread-rows.ts";
import { describeThread } from "../../../durable/thread/recruitment/recruitment-logic.ts";
import { findActorFile } from "../../../local-server/object-names.ts";
import type { Finding } from "./finding.ts";
import { nameEvent, type ObjectReading, type Pending } from "./read-objects.ts";

/** A finding, and the rows of the index that mend it. */
export interface Compared extends Finding {
  rows?: ProjectionRow[];
}

interface IndexedThread {
  id: string;
  workflow: string;
  status: ThreadStatus;
  revision: string;
  revision_number: number;
  agents: string;
}

export interface Comparison {
  d1: DatabaseSync;
  objects: ObjectReading[];
  /** Objects' files, and actors of a cell, that could not be read: nothing is known of them. */
  broken: Set<string>;
  /** The file that has all actors, where there is one. */
  cell: string | undefined;
  pending: Pending;
  retention: Retention;
  now: number;
}

/** Where an actor's rows are, or would be. */
export function locate(cell: string | undefined, address: string): { file: string; actor?: string } {
  return cell === undefined ? { file: `state/${findActorFile(address)}` } : { file: `state/${cell}`, actor: address };
}

const isBroken = ({ broken, cell }: Comparison, address: string): boolean =>
  broken.has(cell ?? findActorFile(address)) || broken.has(address);

const placeOf = ({ file, actor }: ObjectReading): { file: string; actor?: string } => ({ file: `state/${file}`, ...(actor && { actor }) });

/** Everything that does not fit together. */
export function compareIndex(comparison: Comparison): Compared[] {
  const { d1, objects } = comparison;
  const indexed = new Map(
    (d1.prepare("SELECT id, workflow, status, revision, revision_number, agents FROM thread").all() as never as IndexedThread[]).map(
      (row) => [row.id, row],
    ),
  );
  return [
    ...objects.flatMap((object) => compareThread(object, indexed, comparison.pending)),
    ...objects.flatMap((object) => compareLog(object, comparison)),
    ...findLostThreads([...indexed.values()], comparison),
    ...findLostTasks(comparison),
    ...findLostQueues([...indexed.values()], comparison),
    ...findLostAgents(comparison),
    ...findMissingRevisions([...indexed.values()], d1),
    ...findUnfinished(d1),
  ];
}

function compareThread(object: ObjectReading, indexed: Map<string, IndexedThread>, pending: Pending): Compared[] {
  const { thread } = object;
  if (!thread) return [];
  const { row, agents } = thread;
  const known = indexed.get(row.id);
  const place = { ...placeOf(object), thread: row.id };
  if (known?.status === row.status) return [];
  if (known && row.changes < known.revision_number) {
    const message = `Thread ${row.id} is ${row.status} in its object, which is older than the index says (${known.status}).`;
    return [
      {
        code: "object_behind",
        severity: "error",
        message,
        hint: "Its file lost what was accepted last: restore a backup, or restart the thread.",
        ...place,
        mendable: false,
      },
    ];
  }
  // What is on its way tells the same soon.
  if ((pending.threads.get(row.id) ?? -1) >= row.changes) return [];
  const told = known ? [...new Set([...(JSON.parse(known.agents) as string[]), ...agents])] : agents;
  const rows = [describeThread(row, told, null)];
  const hint = "--fix writes what the object says into the index.";
  return [
    known
      ? {
          code: "index_behind",
          severity: "warning",
          message: `The index says that thread ${row.id} is ${known.status}; it is ${row.status}.`,
          hint,
          ...place,
          mendable: true,
          rows,
        }
      : {
          code: "thread_not_in_index",
          severity: "warning",
          message: `Thread ${row.id} (${row.status}) is not in the index.`,
          hint,
          ...place,
          mendable: true,
          rows,
        },
  ];
}

/** Of threads that the log must still tell of: what began them, and what was answered in them. */
function compareLog(object: ObjectReading, { d1, pending, retention, now }: Comparison): Compared[] {
  const isLogged = (event: { source: string; id: string }): boolean =>
    pending.events.has(nameEvent(event)) ||
    listLogs(d1).some(
      (table) => d1.prepare(`SELECT 1 FROM ${table} WHERE source = ? AND id = ?`).get(event.source, event.id) !== undefined,
    );
  const findings: Compared[] = [];
  const { thread } = object;
  // The log may have pruned what is older, and a kind that has a rule of its own at any time.
  if (!thread || thread.row.created_at < now - retention.default) return [];
  const begun = thread.row.event;
  const place = { ...placeOf(object), thread: thread.row.id };
  if (!isLogged(begun) && !hasRule(begun.type, retention)) {
    const message = `The log lacks ${begun.type} ${begun.id} of ${begun.source}, with which thread ${thread.row.id} began.`;
    const rows: ProjectionRow[] = [{ table: "event", event: begun, thread: null, at: thread.row.created_at }];
    findings.push({ code: "event_not_in_log", severity: "warning", message, hint: "--fix logs it again.", ...place, mendable: true, rows });
  }
  if (hasRule("nerve.turn.respond", retention)) return findings;
  for (const answer of object.answers.filter((event) => !isLogged(event))) {
    const message = `The log lacks the answer ${answer.id} of ${answer.source} in thread ${thread.row.id}, which its object has.`;
    findings.push({
      code: "event_not_in_log",
      severity: "warning",
      message,
      hint: "The thread has its output: `nerveflare threads show`. The event itself is lost.",
      ...place,
      mendable: false,
    });
  }
  return findings;
}

/** A folder of an older version has one table of the log. */
function listLogs(d1: DatabaseSync): string[] {
  return ["event", "log_entry"].filter((name) => d1.prepare("SELECT 1 FROM sqlite_master WHERE name = ?").get(name));
}

function hasRule(type: string, { rules }: Retention): boolean {
  return rules.some(({ pattern }) => (pattern.endsWith(".*") ? type.startsWith(pattern.slice(0, -1)) : type === pattern));
}

/** Threads that the index knows, and that neither an object nor the archive has any more. */
function findLostThreads(indexed: IndexedThread[], comparison: Comparison): Compared[] {
  const { d1, objects, cell } = comparison;
  const there = new Set([...objects.flatMap(({ thread }) => thread?.row.id ?? []), ...listArchived(d1)]);
  return (
    indexed
      // One that waits for its place, or was dropped from the queue, has no object of its own yet.
      .filter(
        ({ id, status }) => status !== "queued" && status !== "dropped" && !there.has(id) && !isBroken(comparison, `recruitment/${id}`),
      )
      .map(({ id, status }) => ({
        code: "thread_lost",
        severity: "error",
        message: `Thread ${id} is ${status} in the index, and its object has nothing of it.`,
        hint: isEnded(status)
          ? "Restore a backup, if what was said in it is needed: what the log has of it is still there."
          : "Restore a backup; or post the event that began it again, under a new id.",
        ...locate(cell, `recruitment/${id}`),
        thread: id,
        mendable: false,
      }))
  );
}

/** Tasks of threads whose root has begun one, and of which no object has anything. */
function findLostTasks(comparison: Comparison): Compared[] {
  const { d1, objects, cell } = comparison;
  // A thread that is being archived loses its task's object first.
  const there = new Set([...objects.flatMap(({ task }) => task?.thread ?? []), ...listArchived(d1)]);
  return objects.flatMap(({ thread }): Compared[] => {
    const { id, status, task } = thread?.row ?? { id: "", status: "queued", task: null };
    if (task === null || there.has(id) || isBroken(comparison, `task/${id}`)) return [];
    return [
      {
        code: "task_lost",
        severity: "error",
        message: `Thread ${id} is ${status}, and its task's object has nothing of it: neither its turns nor what was said.`,
        hint: isEnded(status)
          ? "Restore a backup, if what was said in it is needed: what the log has of it is still there."
          : "Restore a backup; or cancel the thread, and post the event that began it again, under a new id.",
        ...locate(cell, `task/${id}`),
        thread: id,
        mendable: false,
      },
    ];
  });
}

/** Queues of workflows that have live threads, each of which its queue has admitted. */
function findLostQueues(indexed: IndexedThread[], comparison: Comparison): Compared[] {
  const { objects, cell } = comparison;
  const there = new Set(objects.flatMap(({ file, actor, isEmpty }) => (isEmpty ? [] : (actor ?? file))));
  const live = Map.groupBy(
    indexed.filter(({ status }) => !isEnded(status)),
    ({ workflow }) => workflow,
  );
  return [...live].flatMap(([workflow, threads]): Compared[] => {
    const address = `workflow/${workflow}`;
    if (there.has(cell === undefined ? findActorFile(address) : address) || isBroken(comparison, address)) return [];
    const queued = threads.filter(({ status }) => status === "queued").map(({ id }) => id);
    return [
      {
        code: "workflow_lost",
        severity: "error",
        message: `The queue of workflow ${workflow} has nothing any more, and ${threads.length} of its threads live${queued.length ? `; ${queued.length} wait in it: ${queued.slice(0, 5).join(", ")}` : ""}.`,
        hint: "Restore a backup. Without one, what runs goes on, places are counted anew, and what waited must be posted again.",
        ...locate(cell, address),
        mendable: false,
      },
    ];
  });
}

/** A folder of an older version keeps all objects, and no archive. */
function listArchived(d1: DatabaseSync): string[] {
  if (!d1.prepare("SELECT 1 FROM sqlite_master WHERE name = 'thread_archive'").get()) return [];
  return (d1.prepare("SELECT thread FROM thread_archive").all() as { thread: string }[]).map(({ thread }) => thread);
}

function findLostAgents(comparison: Comparison): Compared[] {
  const { d1, objects, cell } = comparison;
  const there = new Set(objects.flatMap(({ agent }) => agent ?? []));
  const registered = d1.prepare("SELECT id FROM agent WHERE state = 'active'").all() as { id: string }[];
  return registered
    .filter(({ id }) => !there.has(id) && !isBroken(comparison, `agent/${id}`))
    .map(({ id }) => ({
      code: "agent_lost",
      severity: "error",
      message: `Agent ${id} is registered, and its object knows no token of it.`,
      hint: `Give it a new one: nerveflare agents rotate ${id}`,
      ...locate(cell, `agent/${id}`),
      agent: id,
      mendable: false,
    }));
}

function findMissingRevisions(indexed: IndexedThread[], d1: DatabaseSync): Compared[] {
  const known = new Set((d1.prepare("SELECT hash FROM revision").all() as { hash: string }[]).map(({ hash }) => hash));
  return indexed
    .filter(({ status, revision }) => !isEnded(status) && !known.has(revision))
    .map(({ id, revision }) => ({
      code: "revision_missing",
      severity: "error",
      message: `Thread ${id} runs under revision ${revision}, which the registry does not have.`,
      hint: "Publish the workflow again as it was then: the same text has the same revision.",
      thread: id,
      mendable: false,
    }));
}

function findUnfinished(d1: DatabaseSync): Compared[] {
  const found = d1.prepare("SELECT id, state FROM agent WHERE state <> 'active'").all() as { id: string; state: string }[];
  return found.map(({ id, state }) => ({
    code: "change_unfinished",
    severity: "warning",
    message: `Agent ${id} is ${state}: the server ended in between.`,
    hint: state === "removing" ? `Repeat it: nerveflare agents remove ${id}` : `Repeat it: nerveflare agents add ${id}`,
    agent: id,
    mendable: false,
  }));
}
