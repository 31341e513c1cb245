/** Events that a thread's actor must take: given to it with what the agent is, and what its answer means here. */
import { formatTime } from "../../contract/format-time.ts";
import type { Accepted } from "../../contract/frames/server-frames.ts";
import { isTurnEvent, type ThreadEvent, type ThreadEventOf } from "../../contract/kinds/agent-kinds.ts";
import { type Result, refuse, succeed } from "../../contract/problem.ts";
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

  /** The same until its account or the number of its roles changes. */
  function readCard(sender: Identity): ClaimCard {
    if (told?.sender !== sender || told.size !== assignments.size())
      told = { sender, size: assignments.size(), card: { ...sender.card, ...narrowCard(sender, assignments) } };
    return told.card;
  }

  async function forward(sender: Identity, { event, hash }: JudgedThreadEvent): Promise<Result<Accepted>> {
    const address = readThreadAddress(event);
    if (!address) return refuseUnseen();
    const leaving = isLeaving();
    if (leaving && (await leaving))
      return refuse("unavailable", "The threads of the agent that had this name are still being told; send it again.", { retryAfter: 1 });
    const card = readCard(sender);
    const take = (claiming: ClaimCard) => threadActor(address).take(claiming, noteDelivery(event), hash);
    if (event.type === "nerve.offer.claim") return orUnseen(await claim(sender, card, event.data.offer, take));
    const answer = await take(card);
    noteAnswer(event, answer);
    return orUnseen(answer);
  }

  /** Who hears no answer claims again, which takes a slot that a crash took away; so it is written once the claim is answered, unless the verdict is on its way. */
  async function claim(
    sender: Identity,
    card: ClaimCard,
    offer: string,
    take: (card: ClaimCard) => ReturnType<ThreadActorRpc["take"]>,
  ): Promise<Result<Accepted>> {
    const pending = assignments.isClaimed(offer);
    const slot = takeSlot({ assignments, mailbox, now: clock.now() }, offer, sender.report.slots);
    let answer: Awaited<ReturnType<typeof take>>;
    try {
      answer = await take({ ...card, ...slot });
    } catch (error) {
      keepSlot(offer);
      throw error;
    }
    if (answer.ok) {
      const { decided, ...accepted } = answer.value;
      if (!decided) keepSlot(offer);
      return succeed(accepted);
    }
    // Another body under a taken claim's id: the first claim still waits for its verdict, so keep its slot.
    if (answer.problem.retryable || (answer.problem.code === "id_conflict" && pending)) keepSlot(offer);
    else if (!assignments.drop(offer) && assignments.isClaimed(offer)) releaseSlot(offer);
    return answer;
  }

  function keepSlot(offer: string): void {
    if (assignments.isUnwritten(offer)) committer.commit(() => {});
  }

  function releaseSlot(offer: string): void {
    committer.commit(() => {
      assignments.release(offer);
      presence.noteParts(false);
    });
  }

  /** What the thread's answer means for the mailbox. */
  function noteAnswer(event: Exclude<ThreadEvent, ThreadEventOf<"nerve.offer.claim">>, answer: Result<Accepted>): void {
    const isOver = answer.ok || answer.problem.code === "turn_over";
    switch (event.type) {
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

function orUnseen(answer: Result<Accepted>): Result<Accepted> {
  return !answer.ok && answer.problem.code === "not_found" ? refuseUnseen() : answer;
}

/** The same answer whether it does not exist or the agent may not see it. */
function refuseUnseen(): ReturnType<typeof refuse> {
  return refuse("not_found", "There is no such offer, turn or thread.");
}
