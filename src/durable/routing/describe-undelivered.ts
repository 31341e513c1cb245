/** What the log says of an event that a mailbox will never take: its sender is told nowhere else. */
import type { CloudEvent } from "../../contract/event.ts";
import type { EngineData } from "../../contract/kinds/engine-kinds.ts";
import { makeEngineEvent } from "../../contract/kinds/make-engine-event.ts";
import type { Undeliverable } from "../host/deliver-message.ts";
import { readMail } from "../protocol/agent.ts";
import { deriveId } from "./derive-id.ts";

/** Kind of the event; it is caused by the one that was refused. */
export const undelivered = "nerve.delivery.refused";

/** `data` of such an event. */
export type UndeliveredData = EngineData<typeof undelivered>;

/** @returns undefined where nobody asks for a receipt of the message */
export async function describeUndelivered({ to, message, code, detail }: Undeliverable, now: number): Promise<CloudEvent | undefined> {
  const mail = readMail(message);
  if (!mail?.receipt) return undefined;
  const { source, id, correlationid, traceparent } = mail.event;
  const agent = to.slice("agent/".length);
  const refused = await deriveId("r", [source, id, agent]);
  const attributes = { id: refused, source: `/mailboxes/${agent}`, correlationid, causationid: id, traceparent };
  return makeEngineEvent(undelivered, attributes, now, { source, agent, code, detail });
}
