/** What a person says of a turn, an offer or itself: events, as those of any agent. */
import type { Json } from "../../contract/event.ts";
import type { AgentData, AgentKind } from "../../contract/kinds/agent-kinds.ts";
import { call } from "./api.ts";
import { makeRandomId } from "./random-id.ts";

/**
 * Posts an event of whoever is signed in.
 * @param id the same for the same words: sent again after a lost answer they count once
 * @throws {ApiError} see describe-refusal.ts
 */
export async function say<K extends AgentKind>(type: K, data: Partial<AgentData<K>>, id: string = makeRandomId()): Promise<void> {
  const event = { specversion: "1.0", id, type, data: data as Json };
  await call("POST", "/v1/events", { body: JSON.stringify(event), headers: { "content-type": "application/json" } });
}
