/** Events that a thread's actor must take: given to it with what the agent is, and what its answer means here. */
import { formatTime } from "../../contract/format-time.ts";
import type { Accepted } from "../../contract/frames/server-frames.ts";
import { isTurnEvent, type ThreadEvent } from "../../contract/kinds/agent-kinds.ts";
import { type Result, refuse } from "../../contract/problem.ts";
import type { Clock } from "../host/ports.ts";
import type { ClaimCard } from "../protocol/agent.ts";
import type { ThreadActorRpc } from "../protocol/recruitment.ts";
import type { TypedCommitter } from "../protocol/typed-host.ts";
import type { Identity } from "./identity.ts";
import type { JudgedThreadEvent } from "./judge-event.ts";
import type { Mailbox } from "./mailbox/mailbox.ts";
import { narrowCard } from "./narrow-card.ts";
import type { Assignments } from "./presence/assignments.ts";
import { takeSlot } from "./presence/claim-slots.ts";
import type { Presence } from "./presence/presence.ts";
import { readThreadAddress } from "./read-thread-address.ts";

export interface ForwardPorts {
  clock: Clock;
  committer: Pick<TypedCommitter, "commit">;
  threadActor(address: string): ThreadActorRpc;
  mailbox: Pick<Mailbox, "endTurn" | "endInFlight" | "declineOffer" | "findOffer" | "givenAt">;
  assignments: Assignments;
  presence: Pick<Presence, "noteParts">;
  /** The mailbox has noted something that is to be written soon. */
  noteLazily(): void;
  /** Whether threads may still take the agent for one that was deleted. */
  isLeaving(): false | Promise<boolean>;
}

/** Thread-bound kinds are accepted by the actor that they name. */
export function createForwardToThread(ports: ForwardPorts): (sender: Identity, judged: JudgedThreadEvent) => Promise<Result<Accepted>> {
  const { clock, committer, threadActor, mailbox, assignments, presence, noteLazily, isLeaving } = ports;

  let told: { sender: Identity; size: number; card: ClaimCard } | undefined;

  /** Writes what changes what the agent plays. */
  function commitParts(body: () => void): void {
    committer.commit(() => {
      body();
      presence.noteParts(false);
    });
  }

  /** The same until its account or the number of its roles changes. */
  function readCard(sender: Identity): ClaimCard {
    if (told?.sender !== sender || told.size !== assignments.size)
      told = { sender, size: assignments.size, card: { ...sender.card, ...narrowCard(sender, assignments) } };
    return told.card;
  }

  async function forward(sender: Identity, { event, hash }: JudgedThreadEvent): Promise<Result<Accepted>> {
    const address = readThreadAddress(event);
    if (!address) return refuseUnseen();
    const leaving = isLeaving();
    if (leaving && (await leaving))
      return refuse("unavailable", "The threads of the agent that had this name are still being told; send it again.", { retryAfter: 1 });
    let pending = false;
    let card = readCard(sender);
    if (event.type === "nerve.offer.claim") {
      const { offer } = event.data;
      pending = assignments.listClaims().some((claim) => claim.offer === offer);
      card = { ...card, ...takeSlot({ assignments, mailbox, now: clock.now(), commit: commitParts }, offer, sender.report.slots) };
    }
    const answer = await threadActor(address).take(card, noteDelivery(event), hash);
    // Another body under a taken claim's id: the first claim still waits for its verdict, so keep its slot.
    if (answer.ok || answer.problem.code !== "id_conflict" || !pending) noteAnswer(event, answer);
    return !answer.ok && answer.problem.code === "not_found" ? refuseUnseen() : answer;
  }

  /** What the thread's answer means for the mailbox and the slots here. */
  function noteAnswer(event: ThreadEvent, answer: Result<Accepted>): void {
    const isOver = answer.ok || answer.problem.code === "turn_over";
    switch (event.type) {
      case "nerve.offer.claim": {
        const { offer } = event.data;
        if (!answer.ok && !answer.problem.retryable) commitParts(() => assignments.release(offer));
        return;
      }
      case "nerve.turn.respond":
        if (isOver) mailbox.endTurn(event.data.turn);
        noteLazily();
        return;
      case "nerve.turn.fail":
        if (answer.ok) mailbox.endInFlight(event.data.turn);
        else if (isOver) mailbox.endTurn(event.data.turn);
        noteLazily();
        return;
      case "nerve.offer.decline": {
        const { offer } = event.data;
        if (answer.ok) committer.commit(() => mailbox.declineOffer(offer));
        return;
      }
      case "nerve.turn.progress":
      case "nerve.role.release":
        return;
      default:
        event satisfies never;
    }
  }

  /** Adds to a turn's answer when the turn reached the agent, for traces: only this object knows. The event is this object's own. */
  function noteDelivery(event: ThreadEvent): ThreadEvent {
    const given = isTurnEvent(event) ? mailbox.givenAt(event.data.turn) : undefined;
    if (given !== undefined) event.deliveredat = formatTime(given);
    else if (event.deliveredat !== undefined) delete event.deliveredat;
    return event;
  }

  return forward;
}

/** The same answer whether it does not exist or the agent may not see it. */
function refuseUnseen(): ReturnType<typeof refuse> {
  return refuse("not_found", "There is no such offer, turn or thread.");
}
