/**
 * What agents say of a thread's roles: claims, declines and releases, judged on the card that they carry, and given to the
 * machine in the order in which they came. Knows rows and the actor host.
 */
import type { Accepted } from "../../../contract/frames/server-frames.ts";
import type { RoleKind, ThreadEventOf } from "../../../contract/kinds/agent-kinds.ts";
import { type Result, refuse, succeed } from "../../../contract/problem.ts";
import type { ClaimCard } from "../../protocol/agent.ts";
import type { TakenEvent } from "../../protocol/recruitment.ts";
import { readThread } from "../lifecycle/thread-rows.ts";
import { type Take, takeInTurn } from "../turn/take-in-turn.ts";
import { createOfferAnswers } from "./answer-offer.ts";
import type { RecruitmentPorts } from "./recruitment-ports.ts";

export function createClaimTaking(ports: RecruitmentPorts): Take<ThreadEventOf<RoleKind>> {
  const { name, host, lifecycle, clock, logCause, records } = ports;
  const dispatch = createOfferAnswers(ports);
  /** The claim before has been given to the machine. */
  let arriving: Promise<unknown> = Promise.resolve();

  async function take(
    agent: ClaimCard,
    event: ThreadEventOf<RoleKind>,
    hash: string,
    before: Promise<unknown>,
    done: () => void,
  ): Promise<Result<TakenEvent>> {
    const thread = readThread(lifecycle);
    const actor = thread && (await host.peek(name));
    if (!thread || !actor) return refuse("not_found", "There is no such offer or thread.");
    const accepted: Accepted = { id: event.id, status: "accepted", threads: [], notes: [] };
    const known = records.readSent(agent.id, event.id);
    if (known !== undefined)
      return known === hash ? succeed(accepted) : refuse("id_conflict", `The id ${event.id} was sent before with another body.`);
    const remember = (asSent = true): void => {
      if (asSent) records.noteSent(agent.id, event.id, hash, clock.now());
      logCause({ ...event, correlationid: name, causationid: event.causationid ?? thread.event.id }, name);
    };
    const answer = await dispatch({ agent, event, thread, actor, remember, before, done });
    if (answer === "decided") return succeed({ ...accepted, decided: true });
    return answer === "taken" ? succeed(accepted) : answer;
  }

  return takeInTurn(async (agent, event, hash) => {
    const before = arriving;
    const { promise, resolve: done } = Promise.withResolvers<void>();
    // Claims are judged concurrently, but reach the machine in arrival order.
    arriving = before.then(() => promise);
    try {
      return await take(agent, event, hash, before, done);
    } finally {
      done();
    }
  });
}
