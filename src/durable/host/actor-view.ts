/** An actor as others may read it. */
import type { Json } from "../../contract/event.ts";
import { type ActorDocs, listChildren } from "./actor-docs.ts";
import type { ActorView } from "./host-types.ts";
import type { LiveActor } from "./live-actors.ts";
import type { TimerTable } from "./timer-table.ts";

/** A copy: the reader may do with it as it likes. */
export function viewActor({ row, snapshot }: LiveActor, docs: ActorDocs, timers: TimerTable): ActorView {
  const { value, context } = JSON.parse(row.snapshot) as { value: Json; context: Json };
  return {
    id: row.id,
    logic: row.logic,
    version: row.version,
    definition: row.definition,
    status: row.status,
    value,
    context,
    tags: [...snapshot.tags] as string[],
    revision: row.revision,
    output: row.output === null ? undefined : (JSON.parse(row.output) as Json),
    error: row.error === null ? undefined : (JSON.parse(row.error) as Json),
    parent: row.parent,
    children: listChildren(docs.read(row.id) ?? { children: {} }),
    timers: timers.of(row.id),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** What was taken, shown when it is asked for: who only sends an event pays for no copy. */
export function answerView(actor: LiveActor, docs: ActorDocs, timers: TimerTable): { ok: true; view: ActorView } {
  let view: ActorView | undefined;
  return {
    ok: true,
    get view() {
      view ??= viewActor(actor, docs, timers);
      return view;
    },
  };
}

/** What of {@link viewActor} needs no copy. */
export function peekActor({ row, snapshot }: LiveActor): Pick<ActorView, "status" | "definition" | "value" | "context"> {
  return { status: row.status, definition: row.definition, value: snapshot.value as Json, context: snapshot.context as Json };
}
