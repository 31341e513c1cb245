/** What a machine must know of mail that its receiver will never have, in the facts of its vocabulary. */
import * as z from "zod";
import type { DeliveryRefused } from "../../../../machines/messages.ts";
import { open } from "../../../contract/shape.ts";
import type { Undeliverable } from "../../host/deliver-message.ts";
import { readMail } from "../../protocol/agent.ts";
import type { PresenceMessage } from "../../protocol/recruitment.ts";
import { trust } from "../../protocol/trust.ts";
import { readTurnNumber } from "../turn/turn-data.ts";

/** What of a turn says who lost it. */
const heldTurn = open({ role: open({ name: z.string() }), lease: open({ generation: z.number() }) });

/**
 * Facts of `delivery.refused`; none where the message was no mail. For one of a broadcast's audience it is a failure like any other.
 * @param isWaitedFor whether the agent's answer to a broadcast's turn would count
 */
export function describeRefusedMail(
  { to, message, code, detail }: Undeliverable,
  isWaitedFor: (turn: number, agent: string) => boolean = () => false,
): Partial<Omit<DeliveryRefused, "type">> & { type?: "turn.failed" } {
  const mail = readMail(message);
  if (!mail) return {};
  const agent = to.slice("agent/".length);
  const facts = { about: mail.event.type.replace(/^nerve\./, ""), reason: `${agent} cannot be reached: ${detail}` };
  if (mail.turn !== undefined) {
    const { role, lease } = trust(heldTurn, mail.event.data);
    const turn = readTurnNumber(mail.turn);
    return {
      ...facts,
      ...(isWaitedFor(turn, agent) && { type: "turn.failed" }),
      agent,
      turn,
      role: role.name,
      generation: lease.generation,
    };
  }
  // A full mailbox does not affect roles: only an unknown or deleted agent loses them.
  if (code !== "not_found") return facts;
  return { ...facts, agent, ...(mail.seat && { role: mail.seat.role, generation: mail.seat.generation }) };
}

/**
 * The holder of a turn is no more: its thread's root hears of that, not the task. It decides what becomes of the role, and would
 * otherwise hear of it from the award, after the task has given the turn up.
 * @param task the task object's address
 */
export function findLostHolder(
  { to, message, code }: Undeliverable,
  task: string,
  isWaitedFor: (turn: number, agent: string) => boolean,
): { to: `recruitment/${string}`; message: PresenceMessage } | undefined {
  const mail = readMail(message);
  const agent = to.slice("agent/".length);
  if (code !== "not_found" || mail?.turn === undefined || isWaitedFor(readTurnNumber(mail.turn), agent)) return undefined;
  return { to: `recruitment/${task.slice("task/".length)}`, message: { type: "agent.deleted", agent } };
}
