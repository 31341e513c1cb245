/**
 * What one commit says to one receiver goes in one call, where its messages are next to each other and nothing is known against
 * any of them. Only a shorter way: what is not taken so is sent by itself, and what fails is counted then. Knows envelopes, no rows.
 */
import type { Envelope } from "../protocol/envelope.ts";
import type { Waiting } from "./head-notes.ts";
import { hostLimits } from "./limits.ts";
import type { Lives } from "./lives.ts";
import type { Transport } from "./ports.ts";

/** @returns the messages at the front of an entry's that can go to the receiver of the first in one call; fewer than two: there are none */
export function listTogether(parts: readonly Waiting[], isHeldBack: (receiver: string) => boolean): Waiting[] {
  const [head] = parts;
  const to = head?.receivers.length === 1 ? head.receivers[0] : undefined;
  if (!head || typeof to !== "string" || isHeldBack(to)) return [];
  const together: Waiting[] = [];
  for (const part of parts.slice(0, hostLimits.together)) {
    const { sender, receivers, spread, attempts, failing } = part;
    // One for several receivers may go to this one first, if no order is promised between them.
    const isAlone = receivers.length === 1;
    if (sender !== head.sender || attempts > 0 || failing !== null || !receivers.includes(to) || !(isAlone || spread)) break;
    together.push(part);
    if (!isAlone) break;
  }
  return together;
}

/**
 * Sends them. What was not taken, for whatever reason, is as if it had not been sent.
 * @returns how many need not be sent any more, to anybody
 */
export async function sendTogether(transport: Transport, lives: Pick<Lives, "of">, together: readonly Waiting[]): Promise<number> {
  const [head, ...behind] = together as [Waiting, ...Waiting[]];
  const to = head.receivers[0] as string;
  const life = lives.of(to);
  const envelope: Envelope = {
    ...{ from: head.sender, id: head.id, to, message: head.message },
    ...(life !== undefined && { life }),
    more: behind.map(({ id, message }) => ({ id, message })),
  };
  const answer = await transport.deliver(envelope).catch(() => undefined);
  if (answer?.status !== "stored") return 0;
  const taken = together.slice(0, 1 + (answer.more ?? 0));
  for (const { receivers, answered } of taken) if (receivers.length > 1) answered.add(to);
  return taken.filter(({ receivers }) => receivers.length === 1).length;
}
