/**
 * The nerve daemon's way in: senses that poll what an agent was sent and what it has room for, and the events by which a workflow
 * responds. A sense is `compute(state) → {state, …}`: the daemon keeps the state, and nothing here remembers. Knows the wire only.
 */

import { type Channel, channels } from "../contract/channels.ts";
import type { CloudEvent, Json, PostedEvent } from "../contract/event.ts";
import type { Accepted, InboxPage } from "../contract/frames/server-frames.ts";
import type { OfferOpened } from "../contract/kinds/offer.ts";
import type { TurnAssigned } from "../contract/kinds/turn.ts";
import { cutToBytes } from "../contract/limits.ts";
import { type Accepts, findMisfit } from "./accepts.ts";
import { describeError } from "./client-error.ts";
import { type Clock, systemClock } from "./clock.ts";
import { completeEvent } from "./complete-event.ts";
import type { Fetch } from "./fetch.ts";
import { createHttpCaller, type HttpCaller } from "./http.ts";
import { clientLimits } from "./limits.ts";
import { createMeReader, type Me } from "./me.ts";
import { printNote, type TakeNote } from "./note.ts";

/** Which server, and who asks. */
export interface SenseOptions {
  url: string;
  token: string;
  /** The platform's own unless given. */
  fetch?: Fetch;
  clock?: Clock;
}

/** What an inbox sense keeps between readings: plain JSON, the daemon's to store. */
export interface InboxState {
  /** The last number that was read; null before the first reading. */
  cursor: number | null;
  /** Numbers that the last reading gave: acknowledged by the next, for then the daemon has this state and what came with it. */
  pending: number[];
  /** Events that did not fit, by declared kind; `*` for all other kinds. */
  dropped: { [kind: string]: number };
}

/** A sense, as nerve daemons run them. */
export interface Sense<State, Reading> {
  /**
   * Looks once.
   * @param state of the reading before; anything else, as of a first start, begins anew
   * @throws ClientError: then the old state stands, and nothing was lost
   */
  compute(state?: unknown): Promise<{ state: State } & Reading>;
}

/**
 * Makes the sense of what the agent was sent, on `my` and `open`. Each event comes at least once: again only where the daemon lost the
 * state that came with it.
 * @param options `wait`: seconds to wait for a first event, at most 25, 0 unless told; `accepts`: kinds and schemas, others are dropped and
 *   counted, with a note that names the field
 * @example const { state, events } = await createInboxSense({ url, token }).compute(stored)
 */
export function createInboxSense(
  options: SenseOptions & { channels?: readonly Channel[]; wait?: number; accepts?: Accepts; onNote?: TakeNote },
): Sense<InboxState, { events: CloudEvent[] }> {
  const { accepts, wait = 0, onNote: note = printNote } = options;
  const http = openHttp(options);
  const list = (options.channels ?? channels).join(",");
  return {
    async compute(given) {
      const { cursor, pending, dropped } = readState(given);
      if (pending.length > 0) await http.call("POST", "v1/inbox/ack", { body: JSON.stringify({ seqs: pending }) });
      const after = cursor === null ? "" : `&after=${cursor}`;
      const page = (await http.call("GET", `v1/inbox?channel=${list}&wait=${wait}${after}`, {
        timeoutMs: wait * 1000 + clientLimits.answerMs,
      })) as InboxPage;
      const state: InboxState = { cursor: page.next, pending: page.events.map(({ seq }) => seq), dropped: { ...dropped } };
      const events: CloudEvent[] = [];
      for (const { event } of page.events) {
        const misfit = await findMisfit(accepts, event);
        if (misfit === undefined) {
          events.push(event);
          continue;
        }
        const counted = accepts && Object.hasOwn(accepts, event.type) ? event.type : "*";
        state.dropped[counted] = (state.dropped[counted] ?? 0) + 1;
        note({ level: "warn", what: "event.dropped", message: `${event.type} from ${event.source}: ${misfit}`, event: event.id });
      }
      return { state, events };
    },
  };
}

/** What an agent has room for. */
export interface Capacity {
  /** Slots that hold no role; what decides whether an offer is claimed. */
  free: number;
  held: number;
  /** Open turns, also those that were read before and not answered: what a daemon that lost its state goes on with. */
  turns: TurnAssigned[];
}

/**
 * Makes the sense of the agent's capacity. Named roles take no slot: nobody asked for them.
 * @param options `slots`: roles to hold at a time
 */
export function createCapacitySense(options: SenseOptions & { slots: number }): Sense<Pick<Capacity, "free" | "held">, Capacity> {
  const me = createMeReader(openHttp(options));
  return {
    async compute() {
      const { rolesHeld, turns }: Me = await me.read();
      const held = rolesHeld.filter(({ type }) => type !== "named").length;
      const free = Math.max(0, options.slots - held);
      return { state: { free, held }, free, held, turns };
    },
  };
}

/** Posts what a workflow responds. Sent again under the same id, as after a crash, an event changes nothing. */
export function createSender(options: SenseOptions): { send(event: PostedEvent): Promise<Accepted> } {
  const http = openHttp(options);
  return {
    send: async (event) =>
      (await http.call("POST", "v1/events", { body: JSON.stringify(event), contentType: "application/cloudevents+json" })) as Accepted,
  };
}

/** What the agent says of itself, e.g. its slots; the newest stands. */
export function reportAgent(id: string, data: { [fact: string]: Json }): PostedEvent {
  return completeEvent({ id, type: "nerve.agent.report", data });
}

/** The claim of an offer; its id follows from the offer, so it is one claim however often it is made. */
export function claimOffer({ offer, thread }: OfferOpened, bid?: Json): PostedEvent {
  const data = { offer, ...(bid !== undefined && { bid }) };
  return completeEvent({ id: `claim:${offer}`, type: "nerve.offer.claim", correlationid: thread, data });
}

/** The answer to a turn. Its id follows from the turn and the lease. */
export function answerTurn({ turn, thread, lease }: TurnAssigned, output: { [field: string]: Json }): PostedEvent {
  const data = { turn, lease: lease.generation, output };
  return completeEvent({ id: `respond:${turn}:${lease.generation}`, type: "nerve.turn.respond", correlationid: thread, data });
}

/** The word that a turn failed. Its id follows from the turn, the lease and the attempt. */
export function failTurn({ turn, thread, lease, attempt = 1 }: TurnAssigned, error: unknown, retryable = false): PostedEvent {
  const data = { turn, lease: lease.generation, error: cutToBytes(describeError(error), clientLimits.errorBytes), retryable };
  // A turn that is given again may fail again, which is another event.
  const again = attempt > 1 ? `:${attempt}` : "";
  return completeEvent({ id: `fail:${turn}:${lease.generation}${again}`, type: "nerve.turn.fail", correlationid: thread, data });
}

function openHttp({ url, token, fetch, clock = systemClock }: SenseOptions): HttpCaller {
  return createHttpCaller({ url, token, clock, fetch: fetch ?? ((address, init) => globalThis.fetch(address, init)) });
}

/** What was stored may be of an older version, or nothing. */
function readState(given: unknown): InboxState {
  const { cursor, pending, dropped } = (typeof given === "object" && given !== null ? given : {}) as Partial<InboxState>;
  return {
    cursor: typeof cursor === "number" && Number.isSafeInteger(cursor) && cursor >= 0 ? cursor : null,
    pending: Array.isArray(pending) ? pending.filter((seq) => Number.isSafeInteger(seq)) : [],
    dropped: typeof dropped === "object" && dropped !== null ? dropped : {},
  };
}
