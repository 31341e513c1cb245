/** What the log says of an event that a mailbox will never take: its sender is told nowhere else. */
import type { CloudEvent } from "../../contract/event.ts";
import type { Undeliverable } from "../host/outbox.ts";
import { readMail } from "../protocol/mail.ts";
import { deriveId } from "./derive-id.ts";

/** Kind of the event; it is caused by the one that was refused. */
export const undelivered = "nerve.delivery.refused";

/** `data` of such an event. */
export type UndeliveredData = {
  /** Of the event that was refused. */
  source: string;
  /** Whose mailbox refused it. */
  agent: string;
  /** As a problem's. */
  code: string;
  detail: string;
};

/** @returns undefined where nobody asks for a receipt of the message */
export async function describeUndelivered({ to, message, code, detail }: Undeliverable, now: number): Promise<CloudEvent | undefined> {
  const mail = readMail(message);
  if (!mail?.receipt) return undefined;
  const { source, id, correlationid, traceparent } = mail.event;
  const agent = to.slice("agent/".length);
  return {
    specversion: "1.0",
    id: await deriveId("r", [source, id, agent]),
    source: `/mailboxes/${agent}`,
    type: undelivered,
    time: new Date(now).toISOString(),
    ...(correlationid !== undefined && { correlationid }),
    causationid: id,
    ...(traceparent !== undefined && { traceparent }),
    data: { source, agent, code, detail } satisfies UndeliveredData,
  };
}
