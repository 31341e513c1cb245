/** What an object answers at its door before its actors see anything. */
import { type Delivery, type Envelope, refuseEnvelope } from "../protocol/envelope.ts";
import { NewerVersionError } from "./newer-version.ts";

/** Answers for an object that cannot take anything yet: its sender asks again, and nothing is counted, and nothing becomes a dead letter. */
export async function answerLater(deliver: () => Promise<Delivery>): Promise<Delivery> {
  try {
    return await deliver();
  } catch (error) {
    if (error instanceof NewerVersionError) return { status: "later", detail: error.message };
    throw error;
  }
}

/** An object's own door: what is no envelope is refused, and what it cannot take yet is answered {@link answerLater}. */
export function takeEnvelope(envelope: Envelope, deliver: () => Promise<Delivery>): Promise<Delivery> {
  const refused = refuseEnvelope(envelope);
  return refused ? Promise.resolve(refused) : answerLater(deliver);
}

/** Takes an envelope's messages one by one, up to the first that is not stored: that one is sent again by itself. */
export async function takeEach({ more = [], ...first }: Envelope, take: (envelope: Envelope) => Promise<Delivery>): Promise<Delivery> {
  const answer = await take(first);
  if (answer.status !== "stored" || !more.length) return answer;
  let taken = 0;
  for (const { id, message } of more) {
    const next = await take({ ...first, id, message }).catch(() => undefined);
    if (next?.status !== "stored") break;
    taken += 1;
  }
  return { ...answer, more: taken };
}

/** The answer to a message that this code does not know. */
export function answerUnknown(receiver: string, type: string): Delivery {
  return { status: "later", detail: `${receiver} does not know ${type}; a newer version of it may`, unknown: true };
}
