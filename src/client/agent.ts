/** Makes an agent: puts connection, inbox, outbox, turns and offers together, and hands each event to whose it is. */
import { channels } from "../contract/channels.ts";
import type { Json } from "../contract/event.ts";
import type { ServerNote } from "../contract/frames/server-frames.ts";
import { createAcceptance } from "./acceptance.ts";
import { type Accepts, describeAccepts } from "./accepts.ts";
import { createAnswers, type Journal } from "./answers.ts";
import { type Artifacts, createArtifacts } from "./artifacts.ts";
import { createBoundedSet } from "./bounded.ts";
import { checkOptions } from "./check-options.ts";
import { ClientError, describeError } from "./client-error.ts";
import { type Clock, createScopedClock, systemClock } from "./clock.ts";
import { createClosing } from "./closing.ts";
import { identifyEvent } from "./complete-event.ts";
import { type Connection, createConnection } from "./connection.ts";
import type { Accepted, OfferOpened, TurnAssigned } from "./contract-types.ts";
import { createEventListener } from "./event-listener.ts";
import type { Fetch } from "./fetch.ts";
import { createGreeting } from "./greeting.ts";
import {
  type EventHandler,
  type EventToSend,
  findTurnHandler,
  guardTurns,
  type OfferDecision,
  type OfferHandler,
  type TurnHandler,
  type TurnHandlers,
} from "./handlers.ts";
import { createHeartbeat } from "./heartbeat.ts";
import { createHttpCaller, type HttpCaller } from "./http.ts";
import { createInbox } from "./inbox.ts";
import { clientLimits } from "./limits.ts";
import { createLoopWatch } from "./loop-watch.ts";
import { createMeReader, type Me } from "./me.ts";
import { printNote, type TakeNote } from "./note.ts";
import { createOffers } from "./offers.ts";
import { createOutbox, type Outbox } from "./outbox.ts";
import { findPageOrigin } from "./page.ts";
import { createPollTransport } from "./poll-transport.ts";
import { createRouter } from "./router.ts";
import { createSocketTransport, type SocketConstructor } from "./socket-transport.ts";
import { createSseTransport } from "./sse-transport.ts";
import { createStaleTypes } from "./stale-types.ts";
import { createTakeGiven } from "./take-given.ts";
import type { GetToken } from "./token.ts";
import { type Link, type Transport, type TransportName, transportNames } from "./transport.ts";
import { createTurns } from "./turns.ts";
import type { CheckHandlers, EventToSendOf, HandlersOf, TypedWorkflows } from "./workflow-types.ts";

/** What an agent is made of. Only `url` and `token` must be given. */
export interface AgentOptions<Workflows extends TypedWorkflows = readonly [], OnTurn = TurnHandlers> {
  /** Of the server, e.g. `https://nerveflare.example.com`. */
  url: string;
  /**
   * The agent's; or what gets it, where it changes while the agent runs: asked each time that one is needed, and when one is refused.
   * Only its type allows for none, so that a variable of the environment can be given as it is.
   */
  token: string | GetToken | undefined;
  /** What `nerveflare types` wrote: `onTurn` is typed by it, and types that are older than what is published are noted as `types.stale`. */
  workflows?: Workflows;
  /** Performs turns. A turn without a handler is failed at once. */
  onTurn?: OnTurn;
  /** Judges offers; absent, every offer with a handler is claimed. */
  onOffer?: OfferHandler;
  /** Takes all other events. */
  onEvent?: EventHandler;
  /**
   * The kinds that `onEvent` takes and what they look like; others are dropped with a note. With `nerve.turn.assigned` among them, a turn
   * that does not fit is failed instead of performed. Published with the agent's report.
   */
  accepts?: Accepts;
  /** How many roles to hold, and how many turns to perform, at a time; 1 unless told. */
  slots?: number;
  /** What this agent says of itself, sent as `nerve.agent.report` when first connected. Can only narrow what the registry says. */
  report?: { capabilities?: string[]; labels?: { [label: string]: Json }; load?: number };
  /** The ways to the server that it may take, the best first; unless told, all: by socket, by stream where sockets fail, by polling where streams do. */
  transports?: readonly TransportName[];
  /** Keeps answers beyond this process. */
  journal?: Journal;
  /** Hears of connections, drops and refusals; absent, warnings and errors go to the console. */
  onNote?: TakeNote;
  /** The platform's own unless given. */
  WebSocket?: SocketConstructor;
  fetch?: Fetch;
  clock?: Clock;
  /** From 0 up to 1. */
  random?: () => number;
  newId?: () => string;
}

/** A running agent. */
export interface Agent {
  /**
   * Sends an event and waits until it is stored, over as many connections as that takes. Give an `id` to make it repeatable.
   * @throws ClientError with the problem of a refusal, `outbox_full`, or `closed`
   */
  send(event: EventToSend): Promise<Accepted>;
  /**
   * Decides an offer that `onOffer` left open, as a person or a model does who was shown it. What becomes of it is noted.
   * @returns false where nothing is sent: it is being decided already, or no slot is free for a claim
   */
  decide(offer: OfferOpened, decision: OfferDecision): boolean;
  /** Uploads and fetches what is larger than an event may be. */
  readonly artifacts: Artifacts;
  /** What the server says of this agent. */
  me(): Promise<Me>;
  /** How many events did not fit `accepts` and were dropped, by declared kind; `*` are those of all other kinds. */
  dropped(): { [kind: string]: number };
  /** Which transport carries now, if any. */
  transport(): TransportName | undefined;
  /** Settles when first connected; rejects when that will never be. */
  readonly ready: Promise<void>;
  /** Settles after `close()`; rejects with `unauthenticated` when the token is not valid (any more). */
  readonly closed: Promise<void>;
  /**
   * Claims nothing more, gives back the roles of which no turn is being performed, lets running turns finish for `finish` milliseconds (0
   * unless told), aborts the others and gives their roles back too, hands in what waits, and disconnects. Roles by name stay the agent's.
   * With `release: false`, as before a restart, nothing is given back: turns that were not answered are given again to whoever connects next.
   * A Node process should `process.exit()` then: its own WebSocket waits for the other end, which a half-open connection does not have.
   */
  close(options?: { finish?: number; release?: boolean }): Promise<void>;
}

/** A running agent that sends what its workflows ask for. */
export type AgentOf<Workflows extends TypedWorkflows> = Workflows extends readonly []
  ? Agent
  : Omit<Agent, "send"> & { send<const Type extends string>(event: EventToSendOf<Workflows, Type>): Promise<Accepted> };

/**
 * Connects an agent and keeps it connected.
 * @throws ClientError `invalid_options`, at once, where the options can't work
 * @example
 * const agent = connectAgent({
 *   url: "http://127.0.0.1:8787",
 *   token: process.env.NERVEFLARE_TOKEN,
 *   onTurn: { "code-review/reviewer": async (turn) => ({ $status: "approved", summary: await review(turn.prompt) }) },
 * });
 */
export function connectAgent<
  const Workflows extends TypedWorkflows = readonly [],
  Handlers extends HandlersOf<Workflows> = HandlersOf<Workflows>,
>(options: AgentOptions<Workflows, Handlers | TurnHandler> & CheckHandlers<NoInfer<Handlers>, Workflows>): AgentOf<Workflows>;
export function connectAgent(options: AgentOptions<TypedWorkflows>): Agent {
  const token = checkOptions(options);
  const { url, onTurn, onEvent, accepts, slots = 1, random = Math.random, newId = createId, onNote: note = printNote } = options;
  const clock = createScopedClock(options.clock ?? systemClock);
  const fetch: Fetch = options.fetch ?? ((address, init) => globalThis.fetch(address, init));
  const [http, artifacts] = [createHttpCaller({ url, token, fetch, clock }), createArtifacts({ url, token, fetch, clock, random })];
  const transports = openTransports({ ...options, token }, http, clock);
  const client = nameClient(newId);
  const me = createMeReader(http, client);
  const outbox = createOutbox({ clock, random });
  const answers = createAnswers(options.journal, note);
  const heartbeat = createHeartbeat((ms) => connection?.beat(ms), clock.now);
  const decide: OfferHandler = options.onOffer ?? (({ workflow, role }) => (findTurnHandler(onTurn, workflow, role) ? "claim" : "ignore"));
  const offers = createOffers({
    ...{ slots, decide, outbox, me, clock, note },
    held: (thread, every) => heartbeat.ask(thread, every),
  });
  const checks = createAcceptance(accepts, note);
  const types = createStaleTypes({ workflows: options.workflows ?? [], http, note });
  const check = (turn: TurnAssigned) => {
    types.look(turn);
    return checks.checkTurn(turn);
  };
  const turns = createTurns({
    ...{ handlers: onTurn && guardTurns(onTurn, check), slots, outbox, answers, me, artifacts, clock, newId, note },
    ended({ thread, role }) {
      offers.endTurn(thread, role.name);
      closing.endTurn();
    },
  });
  const ready = createGate();
  const closed = createGate();
  let connection: Connection | undefined;
  let over: Promise<void> | undefined;
  let stopped = false;

  const listener = createEventListener({ onEvent, accepts: checks, note, watch: () => watchLoop() });
  const watchLoop = createLoopWatch({
    ...{ clock, note },
    isActive: () => turns.size() > 0 || listener.handling() !== undefined,
    busy: () => [...turns.running().map(({ workflow, role }) => `${workflow}/${role.name}`), ...(listener.handling() ?? [])],
  });
  const inbox = createInbox({
    clock,
    room: clientLimits.inHand + 2 * slots,
    handle: createRouter({ takeGiven: createTakeGiven({ offers, turns, heartbeat }), note, hand: listener.hand, watch: () => watchLoop() }),
    readAgain: () => connection?.restart(),
  });
  const closing = createClosing({
    ...{ offers, turns, outbox, inbox, me, clock, newId, note },
    isConnected: () => connection?.transport() !== undefined,
  });
  const greet = createGreeting({ me, offers, heartbeat, receive: inbox.receive, clock, note });

  function stop(error: ClientError) {
    stopped = true;
    offers.stop();
    turns.stop();
    outbox.close(error);
    connection?.close();
    clock.stopAll();
  }

  function attach(link: Link | undefined) {
    inbox.attach(link);
    outbox.attach(link);
  }

  async function start() {
    await answers.load();
    if (stopped) return;
    report(options, outbox, newId, note);
    connection = createConnection({
      ...{ transports, client, clock, random, note },
      listener: {
        opened(link) {
          ready.open();
          attach(link);
          greet();
          types.ask();
        },
        lost: () => attach(undefined),
        delivered: inbox.receive,
        noted: createSharingNote(note),
        flushAcks: inbox.flush,
        inHand: inbox.inHand,
        isComplete: inbox.isComplete,
        failed(error) {
          note({ level: "error", what: "refused", message: error.message, code: error.code });
          stop(error);
          ready.fail(error);
          closed.fail(error);
        },
      },
    });
  }

  async function shut(finish: number, release: boolean) {
    await closing.end(finish, release);
    const error = new ClientError("closed", "the agent was closed");
    stop(error);
    ready.fail(error);
    closed.open();
  }

  void start();
  return {
    send: (event) => outbox.send(identifyEvent(event, newId)),
    ...{ artifacts, decide: offers.decide, me: me.read },
    dropped: checks.dropped,
    transport: () => connection?.transport(),
    ready: ready.promise,
    closed: closed.promise,
    close({ finish = 0, release = true } = {}) {
      over ??= shut(finish, release);
      return over;
    },
  };
}

/** The ways that work here, the best first. @throws ClientError `invalid_options` where none does */
function openTransports(
  options: Pick<AgentOptions, "url" | "WebSocket" | "transports"> & { token: string | GetToken },
  http: HttpCaller,
  clock: Clock,
): Transport[] {
  const { url, token } = options;
  const WebSocket = options.WebSocket ?? (globalThis as unknown as { WebSocket?: SocketConstructor }).WebSocket;
  const getTicket = async () => ((await http.call("POST", "v1/tickets")) as { ticket: string }).ticket;
  const renews = typeof token === "function";
  const proof = renews || findPageOrigin() !== undefined ? getTicket : token;
  const known: { [name in TransportName]: () => Transport | undefined } = {
    socket: () => WebSocket && createSocketTransport({ url, proof, channels, WebSocket, clock }),
    sse: () => createSseTransport({ http, channels, renews, clock }),
    poll: () => createPollTransport({ http, channels, clock }),
  };
  const transports = (options.transports ?? transportNames).flatMap((name) => known[name]?.() ?? []);
  if (transports.length === 0) {
    throw new ClientError("invalid_options", "give `transports` at least one that works here: socket (needs a WebSocket), sse, poll");
  }
  return transports;
}

/** Says what the agent is, before anything else. */
function report(options: Pick<AgentOptions, "slots" | "report" | "accepts">, outbox: Outbox, newId: () => string, note: TakeNote): void {
  const { slots = 1, accepts } = options;
  const data = { slots, ...options.report, ...(accepts ? { accepts: describeAccepts(accepts) } : {}) };
  outbox.send(identifyEvent({ type: "nerve.agent.report", data }, newId), "own").catch((error: unknown) => {
    note({ level: "warn", what: "report.refused", message: describeError(error) });
  });
}

/** What this process calls itself. */
function nameClient(newId: () => string): string {
  const letters = newId().replace(/[^A-Za-z0-9]/g, "");
  return letters.slice(0, 12) || "client";
}

/** Tells once of each other client that shares the token. */
function createSharingNote(note: TakeNote): (said: ServerNote) => void {
  const strangers = createBoundedSet(clientLimits.notedClients);
  return ({ code, detail, about }) => {
    if (strangers.has(about)) return;
    strangers.add(about);
    note({ level: "warn", what: "connection.shared", message: detail, code });
  };
}

/** A promise with its two ends. Its rejection may go unheard: it is noted as well. */
function createGate() {
  let open = () => {};
  let fail: (error: ClientError) => void = () => {};
  const promise = new Promise<void>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  promise.catch(() => {});
  return { promise, open, fail };
}

/** 128 random bits. Not `randomUUID`: browsers give that to secure pages only. */
function createId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
