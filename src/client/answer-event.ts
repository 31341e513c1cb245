/** The events that answer a turn. Their id follows from turn, lease, giving and attempt: whatever is lost, the same answer is never accepted twice. */
import type { CloudEvent, Json, PostedEvent } from "../contract/event.ts";
import type { TurnAssigned } from "../contract/kinds/turn.ts";
import type { KeptAnswer } from "./answers.ts";
import { completeEvent } from "./complete-event.ts";
import type { EventToSend } from "./handlers.ts";

/**
 * Makes the answer to a turn: `nerve.turn.respond` if there is an output, else `nerve.turn.fail`.
 * @param attempt counts the answers to this giving of the turn under this lease
 */
export function createAnswer(
  { turn, event }: { turn: TurnAssigned; event: CloudEvent },
  data: { [member: string]: Json },
  attempt: number,
): PostedEvent {
  const { generation } = turn.lease;
  const given = turn.attempt ?? 1;
  const answer: EventToSend & { id: string } = {
    id: identifyAnswer(turn.turn, generation, given > 1 ? `${given}.${attempt}` : attempt),
    type: "output" in data ? "nerve.turn.respond" : "nerve.turn.fail",
    correlationid: turn.thread,
    causationid: event.id,
    data: { turn: turn.turn, lease: generation, ...data },
  };
  return completeEvent(answer);
}

/** The same answer under another lease of the same turn: another event, for its body is another. */
export function underLease({ event, turn, generation: before }: KeptAnswer, generation: number): PostedEvent {
  if (generation === before) return event;
  const data = { ...(event.data as { [member: string]: Json }), lease: generation };
  const id = identifyAnswer(turn, generation, event.id.split(":").at(-1) ?? 1);
  return completeEvent({ ...event, id, data });
}

function identifyAnswer(turn: string, generation: number, attempt: number | string): string {
  return `answer:${turn}:${generation}:${attempt}`;
}
