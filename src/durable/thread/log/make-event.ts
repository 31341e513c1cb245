/** Events that a thread itself says: each with its thread, its cause and an id that a repeat of the same step makes again. */

import type { RoleIr } from "../../../compile/ir.ts";
import type { CloudEvent, Json } from "../../../contract/event.ts";
import { formatDuration } from "../../../contract/format-duration.ts";
import { formatTime } from "../../../contract/format-time.ts";
import type { EngineData, EngineKind } from "../../../contract/kinds/engine-kinds.ts";
import { makeEngineEvent } from "../../../contract/kinds/make-engine-event.ts";
import { inOnePiece } from "../../../contract/one-piece.ts";

/**
 * @param id unique in the thread and the same when the step is taken again: made of the actor, its revision and a name
 * @param now milliseconds since the epoch
 */
export function makeThreadEvent<K extends EngineKind>(
  thread: string,
  id: string,
  type: K,
  cause: string,
  now: number,
  data: EngineData<K>,
): CloudEvent {
  return makeEngineEvent(type, { id, source: `/threads/${thread}`, correlationid: thread, causationid: cause }, now, data);
}

/**
 * A role in an event's id: its name, or where an id has no letters for it its place in the workflow. Whoever answers the event names its
 * id as the cause, and no server takes other letters there.
 */
export function nameRoleInId(roles: readonly RoleIr[], role: string): string {
  return /^[\w-]+$/.test(role) ? role : `:${roles.findIndex(({ name }) => name === role)}`;
}

/** An event that the workflow's author has an edge publish: as a thread's own, of the author's kind. */
export function makeEdgeEvent(thread: string, id: string, kind: string, cause: string, now: number, data: Json): CloudEvent {
  return {
    specversion: "1.0",
    id: inOnePiece(id),
    source: inOnePiece(`/threads/${thread}`),
    type: kind,
    time: formatTime(now),
    correlationid: thread,
    causationid: cause,
    data,
  };
}

/** A role's signs of life, as agents are told. */
export function describeHeartbeat(role: RoleIr): { every: string; miss: number } {
  return { every: formatDuration(role.heartbeat.every), miss: role.heartbeat.miss };
}
