/** The ids of threads: made of what starts them, so that a retry starts nothing twice. */
import { deriveId } from "../../routing/derive-id.ts";

/** @param place of the reflex in its workflow, or of the child among its siblings */
export function makeThreadId(source: string, eventId: string, workflow: string, place: number): Promise<string> {
  return deriveId("t", [source, eventId, workflow, place]);
}
