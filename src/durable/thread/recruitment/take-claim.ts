/**
 * What agents say of a thread's roles: claims, declines and releases, judged on the card that they carry, and given to the
 * machine in the order in which they came. Knows rows and the actor host.
 */
import type { RecruitmentContext } from "../../../../machines/recruitment/context.ts";
import type { RoleIr } from "../../../compile/ir.ts";
import { collectsClaims, prefersLastHolder } from "../../../compile/lower/party.ts";
import type { CloudEvent } from "../../../contract/event.ts";
import type { Accepted } from "../../../contract/frames/server-frames.ts";
import type { AgentData, RoleKind, ThreadEventOf } from "../../../contract/kinds/agent-kinds.ts";
import { type Result, refuse, succeed } from "../../../contract/problem.ts";
import type { ActorView } from "../../host/host-types.ts";
import type { ClaimCard } from "../../protocol/agent.ts";
import { summariseTurns } from "../eligibility/agent-stats.ts";
import { judgeClaimCard } from "../eligibility/judge-claim.ts";
import { type SeenEvent, scoreClaim } from "../eligibility/pick-claims.ts";
import { readThread, type ThreadRow } from "../lifecycle/thread-rows.ts";
import { describeLoss } from "../turn/lease-terms.ts";
import { type Take, takeInTurn } from "../turn/take-in-turn.ts";
import { findExhausted } from "./offer-rows.ts";
import type { RecruitmentPorts } from "./recruitment-ports.ts";

/** A claim as it was judged: with what it is ranked by, or why not. */
type Verdict = { why: string } | { score?: number };

interface OfferState {
  role: string;
  closed: string | null;
  reply: string | null;
}

/** An event on its way into the thread, with what its handler needs to answer it. */
interface Arrival<K extends RoleKind> {
  agent: ClaimCard;
  event: ThreadEventOf<K>;
  thread: ThreadRow;
  actor: Pick<ActorView, "context">;
  /** Writes that the event was taken; within its transaction. @param asSent a repeat is to find it */
  remember(asSent?: boolean): void;
  /** The claim before has been given to the machine. */
  before: Promise<unknown>;
  /** This one has been: the next may follow. */
  done(): void;
}

/** `taken`, or why not. */
type Answer = "taken" | ReturnType<typeof refuse>;

export function createClaimTaking(ports: RecruitmentPorts): Take<ThreadEventOf<RoleKind>> {
  const { name, host, storage, clock, definition, registry, random, logCause } = ports;
  /** The claim before has been given to the machine. */
  let arriving: Promise<unknown> = Promise.resolve();

  /** Each kind reads its own members only. */
  const handlers: { [K in RoleKind]: (arrival: Arrival<K>) => Promise<Answer> } = {
    "nerve.offer.claim": claim,
    "nerve.offer.decline": decline,
    "nerve.role.release": release,
  };

  async function judge(role: RoleIr, agent: ClaimCard, bid: AgentData<"nerve.offer.claim">["bid"], thread: ThreadRow): Promise<Verdict> {
    const event: SeenEvent = { ...(JSON.parse(thread.event) as CloudEvent), agent: thread.initiator };
    const ineligible = await judgeClaimCard(role, agent, thread.workflow, event);
    if (ineligible) return { why: ineligible.why };
    const score = await scoreClaim(
      role.recruitment,
      { agent, bid, event },
      {
        random,
        async stats() {
          const past = await registry.pastTurns(agent.id, thread.workflow, role.name);
          const sum = (turns: typeof past.role) => summariseTurns(turns, clock.now(), role.turn.timeout);
          return { ...sum(past.role), overall: sum(past.overall) };
        },
      },
    );
    return score.ok ? score : { why: score.why };
  }

  /** Everybody who was offered the role has said what they want: it need not wait for its time to be up. */
  async function endIfExhausted(role: RoleIr, offer: string): Promise<void> {
    if (!collectsClaims(role) || !findExhausted(storage, offer)) return;
    await host.send(name, { type: "offer.exhausted", role: role.name, offer: readNumber(offer) });
  }

  async function take(
    agent: ClaimCard,
    event: ThreadEventOf<RoleKind>,
    hash: string,
    before: Promise<unknown>,
    done: () => void,
  ): Promise<Result<Accepted>> {
    const thread = readThread(storage);
    const actor = thread && (await host.peek(name));
    if (!thread || !actor) return refuse("not_found", "There is no such offer or thread.");
    const accepted: Accepted = { id: event.id, status: "accepted", threads: [], notes: [] };
    const known = storage.exec<{ hash: string }>("SELECT hash FROM claimed WHERE agent = ? AND id = ?", agent.id, event.id)[0];
    if (known)
      return known.hash === hash ? succeed(accepted) : refuse("id_conflict", `The id ${event.id} was sent before with another body.`);
    const remember = (asSent = true): void => {
      if (asSent) storage.exec("INSERT INTO claimed VALUES (?, ?, ?)", agent.id, event.id, hash);
      logCause({ ...event, correlationid: name, causationid: event.causationid ?? JSON.parse(thread.event).id }, name);
    };
    const answer = await dispatch({ agent, event, thread, actor, remember, before, done });
    return answer === "taken" ? succeed(accepted) : answer;
  }

  function dispatch<K extends RoleKind>(arrival: Arrival<K>): Promise<Answer> {
    const handler: (arrival: Arrival<K>) => Promise<Answer> = handlers[arrival.event.type as K];
    return handler(arrival);
  }

  async function release({ agent, event, thread, remember }: Arrival<"nerve.role.release">): Promise<Answer> {
    const { role, lease, reason } = event.data;
    const fact = { type: "role.release", role, agent: agent.id, generation: lease, reason };
    const answer = await host.send(name, fact, { before: () => remember() });
    return answer.ok ? "taken" : refuseRelease(agent.id, role, lease, thread.revision);
  }

  async function decline(arrival: Arrival<"nerve.offer.decline">): Promise<Answer> {
    const { agent, event, thread, actor } = arrival;
    const { offer, reason } = event.data;
    const found = await findOffer(offer, agent.id, thread);
    if (!found.ok) return found;
    const { state, role } = found.value;
    if (state.closed !== null) return refuseClosed(offer);
    if (state.reply === "claimed")
      return refuse("not_allowed_now", "You have claimed this role; if you are given it after all, send nerve.role.release.", { offer });
    host.committer.commit(() => {
      arrival.remember();
      writeReply(offer, agent.id, `declined: ${reason}`);
    });
    // The one who goes first in a sticky role does not want it: nobody need wait for them.
    const { last } = actor.context as unknown as RecruitmentContext;
    if (prefersLastHolder(role) && last[role.name] === agent.id)
      await host.send(name, { type: "offer.exhausted", role: role.name, offer: readNumber(offer) });
    else await endIfExhausted(role, offer);
    return "taken";
  }

  async function claim({ agent, event, thread, remember, before, done }: Arrival<"nerve.offer.claim">): Promise<Answer> {
    const { offer, bid } = event.data;
    const found = await findOffer(offer, agent.id, thread);
    if (!found.ok) return found;
    const { role } = found.value;
    const verdict = await judge(role, agent, bid, thread);
    await before;
    const why = "why" in verdict ? verdict.why : undefined;
    const score = "score" in verdict ? verdict.score : undefined;
    const sending = host.send(
      name,
      {
        type: "role.claim",
        role: role.name,
        agent: agent.id,
        offer: readNumber(offer),
        eligible: why === undefined,
        ...(why !== undefined && { why }),
        ...(score !== undefined && { score }),
      },
      {
        before() {
          // One that was refused leaves its id free: offered again, the agent may claim again.
          remember(why === undefined);
          writeReply(offer, agent.id, why === undefined ? "claimed" : `refused: ${why}`, why === undefined ? score : undefined);
        },
      },
    );
    done();
    if (!(await sending).ok) return refuseClosed(offer);
    await endIfExhausted(role, offer);
    return "taken";
  }

  /** An offer that the agent may still say something to. */
  async function findOffer(offer: string, agent: string, thread: ThreadRow): Promise<Result<{ state: OfferState; role: RoleIr }>> {
    const state = readState(offer, agent);
    if (!state) return refuse("not_found", "There is no such offer.");
    // Filled while this was on its way: the machine says so, by name. All else that is closed is no news.
    if ((state.closed !== null && state.closed !== "filled") || state.reply === "awarded") return refuseClosed(offer);
    const workflow = await definition(thread.revision);
    const role = workflow?.ir.roles.find((each) => each.name === state.role);
    return role ? succeed({ state, role }) : refuseClosed(offer);
  }

  function writeReply(offer: string, agent: string, text: string, score?: number): void {
    storage.exec(
      // Who leads and claims once more keeps the better of the two, as in the machine.
      `INSERT INTO offered (offer, agent, reply, score, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
         score = CASE WHEN offered.reply = 'claimed' AND excluded.reply = 'claimed' AND offered.score >= excluded.score THEN offered.score ELSE excluded.score END,
         reply = excluded.reply, at = excluded.at`,
      offer,
      agent,
      text,
      score ?? null,
      clock.now(),
    );
  }

  function readState(offer: string, agent: string): OfferState | undefined {
    return storage.exec<{ role: string; closed: string | null; reply: string | null }>(
      "SELECT offer.role, offer.closed, offered.reply FROM offer LEFT JOIN offered ON offered.offer = offer.id AND offered.agent = ? WHERE offer.id = ?",
      agent,
      offer,
    )[0];
  }

  /** Whose role ended is told when, why and who has it now. */
  async function refuseRelease(agent: string, role: string, lease: number, revision: string): Promise<ReturnType<typeof refuse>> {
    const stale = `The role ${role} is not yours under the lease ${lease} (any more)`;
    const ended = storage.exec<{ reason: string; at: number }>(
      "SELECT reason, at FROM ended_seat WHERE role = ? AND agent = ? AND generation = ?",
      role,
      agent,
      lease,
    )[0];
    const ir = ended && (await definition(revision))?.ir;
    const known = ir?.roles.find(({ name: each }) => each === role);
    if (!ended || !ir || !known) return refuse("stale_lease", `${stale}.`);
    const reason = describeLoss(ir, known, ended.reason);
    const at = new Date(ended.at).toISOString();
    const seat = ((await host.peek(name))?.context as unknown as RecruitmentContext | undefined)?.seats[role];
    const now = seat?.agent ? { agent: seat.agent, generation: seat.generation } : null;
    return refuse("stale_lease", `${stale}: you had it until ${at} (${reason})${now ? `; ${now.agent} has it now` : ""}.`, {
      reason,
      at,
      now,
    });
  }

  return takeInTurn(async (agent, event, hash) => {
    const before = arriving;
    const { promise, resolve: done } = Promise.withResolvers<void>();
    // Judging takes as long as it takes, side by side; whoever came first is given to the machine first.
    arriving = before.then(() => promise);
    try {
      return await take(agent, event, hash, before, done);
    } finally {
      done();
    }
  });
}

function refuseClosed(offer: string): ReturnType<typeof refuse> {
  return refuse("offer_closed", `The offer ${offer} is closed; drop it.`, { offer });
}

/** The machine's number of an offer. */
function readNumber(offer: string): number {
  return Number(offer.slice(offer.lastIndexOf(":") + 1));
}
