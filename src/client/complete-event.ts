/** Makes what a caller wants sent into an event that can be posted. */
import type { PostedEvent } from "../contract/event.ts";
import type { EventToSend } from "./handlers.ts";

/** Adds what every posted event has. The server judges attributes; here they are only passed on. */
export function completeEvent(event: EventToSend & { id: string }): PostedEvent {
  return { specversion: "1.0", ...event } as PostedEvent;
}

/** The same for an event that may lack an id. */
export function identifyEvent(event: EventToSend, newId: () => string): PostedEvent {
  return completeEvent({ ...event, id: event.id ?? newId() });
}
