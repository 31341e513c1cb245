/** Makes events of the orchestrator's own. Knows the kinds' types and no schema, so that none comes into the Worker for it. */

import type { CloudEvent, Json } from "../event.ts";
import { formatTime } from "../format-time.ts";
import { inOnePiece } from "../one-piece.ts";
import type { EngineData, EngineKind } from "./engine-kinds.ts";

/** What an event has beside its kind and its data. */
type Attributes = Pick<CloudEvent, "id" | "source"> & {
  [K in "correlationid" | "causationid" | "traceparent"]?: CloudEvent[K] | undefined;
};

/**
 * Makes an event of the orchestrator's own: the one way to do so, so that a kind that is not in the table, or data that is not the
 * kind's, does not compile.
 * @param now milliseconds since the epoch
 */
export function makeEngineEvent<K extends EngineKind>(type: K, attributes: Attributes, now: number, data: EngineData<K>): CloudEvent {
  const { id, source, correlationid, causationid, traceparent } = attributes;
  return {
    ...{ specversion: "1.0", id: inOnePiece(id), source: inOnePiece(source), type: inOnePiece(type), time: formatTime(now) },
    ...(correlationid !== undefined && { correlationid }),
    ...(causationid !== undefined && { causationid }),
    ...(traceparent !== undefined && { traceparent }),
    data: data as Json,
  };
}
