/**
 * How many reflexes, edges and threads lie between the first event of a chain and this one: `nrvdepth`, an attribute that only
 * the orchestrator sets. It bounds loops through reflexes and threads alike.
 */
import type { CloudEvent, Json } from "../../contract/event.ts";

const attribute = "nrvdepth";

/** 0 for what an agent or an operator sent. */
export function readDepth(event: { [attribute: string]: Json | undefined }): number {
  const depth = event[attribute];
  return typeof depth === "number" && depth > 0 ? depth : 0;
}

/** Takes the attribute from what somebody posted. */
export function dropDepth<Event extends { [attribute: string]: unknown }>(event: Event): Event {
  if (!Object.hasOwn(event, attribute)) return event;
  const { [attribute]: _, ...rest } = event;
  return rest as Event;
}

/** What an event that follows from `cause` carries on of it: its depth, one deeper. */
export function carryOn(cause: CloudEvent): Partial<CloudEvent> {
  return { [attribute]: readDepth(cause) + 1 };
}
