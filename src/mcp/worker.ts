/**
 * The agent behind the tools: connected by the agent library, which keeps its leases alive, with what a model has in hand. Knows no
 * protocol of models. Where the agent can't connect, or not any more, that is a state that tools tell of, and no reason to end.
 */
import { type Agent, connectAgent } from "../client/agent.ts";
import { ClientError, describeError } from "../client/client-error.ts";
import { systemClock } from "../client/clock.ts";
import type { TurnAssigned } from "../client/contract-types.ts";
import { createHttpCaller, type HttpCaller } from "../client/http.ts";
import type { Note, TakeNote } from "../client/note.ts";
import { createProblem, type Problem } from "../contract/problem.ts";
import { createNews, type News } from "./news.ts";
import { createOfferBook, type OfferBook } from "./offer-book.ts";
import { describeAway, Refusal } from "./refusals.ts";
import { createTurnsInHand, type EndedTurn, type TurnsInHand } from "./turns-in-hand.ts";

/** Which server, and who one is there. */
export interface Access {
  url: string;
  token: string;
}

export interface WorkerOptions {
  /**
   * Reads who the agent is: when it is to connect, and again while it may not, for `nerveflare init` may have run since.
   * @throws Error whose message says what is missing and what to do
   */
  findAccess(): Access;
  /** Roles at a time. */
  slots: number;
  /** Offers that are claimed without being asked, while a model waits. */
  claims(workflow: string, role: string): boolean;
  note: TakeNote;
}

/** An agent that a model works as. */
export interface Worker {
  readonly slots: number;
  readonly turns: TurnsInHand;
  readonly offers: OfferBook;
  readonly news: News;
  /**
   * The agent and its server. Connects when first asked, for clients start a server only to see what it is; tries again where it could not.
   * @throws Refusal while there is none
   */
  use(): { agent: Agent; http: HttpCaller; url: string };
  /** Why nothing comes now, if something is in the way that may pass by itself. */
  away(): Problem | undefined;
  url(): string | undefined;
  /** A model waits for work: from now until the returned function is called, offers are claimed for it. */
  attend(): () => void;
  /** How often something changed by now. */
  changes(): number;
  /** Settles when more has changed than that, when the time is over, or when the signal aborts. */
  change(seen: number, ms: number, signal: AbortSignal): Promise<void>;
  /** Hears of each change of what is in hand. */
  onTurns(listener: () => void): void;
  close(release: boolean): Promise<void>;
}

/** Makes a {@link Worker}. */
export function createWorker(options: WorkerOptions): Worker {
  const waiters = new Set<() => void>();
  const listeners: (() => void)[] = [];
  let changes = 0;
  const wake = () => {
    changes += 1;
    for (const waiter of [...waiters]) waiter();
  };
  const turns = createTurnsInHand({
    changed() {
      for (const listener of listeners) listener();
      wake();
    },
    lost: (turn, ended) => news.note(describeLoss(turn, ended)),
  });
  const offers = createOfferBook(options.claims, wake);
  const news = createNews(wake);
  let link: { agent: Agent; http: HttpCaller; access: Access } | undefined;
  let refusal: Problem | undefined;
  let trouble = "not connected yet";
  let attending = 0;
  let closed = false;

  function note(said: Note) {
    options.note(said);
    turns.note(said);
    offers.note(said);
    if (said.what === "connection.shared")
      news.note(
        `${said.message} Turns go to one process or the other: give each client an agent of its own (\`nerveflare init --profile NAME\`).`,
      );
    if (said.what === "connected") wake();
    else if (said.level !== "info" && said.turn === undefined && said.offer === undefined) trouble = said.message;
  }

  function connect() {
    try {
      const access = options.findAccess();
      const agent = connectAgent({
        ...access,
        slots: options.slots,
        onTurn: turns.perform,
        onOffer(offer) {
          const { workflow, role } = offer;
          if (attending > 0 && options.claims(workflow, role)) return "claim";
          offers.see(offer);
          return "ignore";
        },
        onEvent: news.hear,
        onNote: note,
      });
      const http = createHttpCaller({ ...access, fetch: (address, init) => fetch(address, init), clock: systemClock });
      refusal = undefined;
      link = { agent, http, access };
      agent.closed.catch((error: unknown) => {
        if (link?.agent !== agent || closed) return;
        refusal = explainRefused(error);
        wake();
      });
    } catch (error) {
      refusal = explainMissing(error);
    }
  }

  /** A token that was refused is tried again only when another one is there. */
  function renew() {
    if (closed) return;
    if (link === undefined) return connect();
    if (refusal === undefined) return;
    try {
      const { url, token } = options.findAccess();
      if (url !== link.access.url || token !== link.access.token) connect();
    } catch {
      // What the server said of the last one stands.
    }
  }

  return {
    ...{ slots: options.slots, turns, offers, news },
    use() {
      renew();
      if (refusal !== undefined) throw new Refusal(refusal);
      if (link === undefined || closed) throw new Refusal(createProblem("unavailable", "The MCP server is ending."));
      return { agent: link.agent, http: link.http, url: link.access.url };
    },
    away: () => refusal ?? (link?.agent.transport() === undefined ? describeAway(link?.access.url, trouble) : undefined),
    url: () => link?.access.url,
    attend() {
      attending += 1;
      let there = true;
      return () => {
        if (there) attending -= 1;
        there = false;
      };
    },
    changes: () => changes,
    change: (seen, ms, signal) =>
      new Promise((resolve) => {
        const done = () => {
          clearTimeout(timer);
          waiters.delete(done);
          signal.removeEventListener("abort", done);
          resolve();
        };
        const timer = setTimeout(done, ms);
        waiters.add(done);
        signal.addEventListener("abort", done, { once: true });
        if (signal.aborted || changes !== seen) done();
      }),
    onTurns: (listener) => void listeners.push(listener),
    async close(release) {
      closed = true;
      const closing = link?.agent.close({ release });
      // Without a connection nothing can be given back, and waiting for one is in vain.
      if (link?.agent.transport() !== undefined) await closing;
    },
  };
}

function explainMissing(error: unknown): Problem {
  const hint = error instanceof Error && "hint" in error && typeof error.hint === "string" ? ` ${error.hint}` : "";
  return createProblem(
    "unauthenticated",
    `This MCP server is not an agent yet: ${describeError(error)}${hint} Then call again: the file of profiles is read anew.`,
  );
}

function explainRefused(error: unknown): Problem {
  if (error instanceof ClientError && error.code === "unauthenticated") {
    const detail =
      "The server does not take this agent's token (any more). Tell the person: the operator makes another by `nerveflare agents rotate`, or a code for `nerveflare init` by `nerveflare enrol`. Once it is kept, call again.";
    return createProblem("unauthenticated", `${detail} The server said: ${error.problem?.detail ?? error.message}`);
  }
  return createProblem("unavailable", describeError(error));
}

function describeLoss({ turn, workflow, role }: TurnAssigned, { message }: EndedTurn): string {
  return `Turn ${turn} (${workflow}/${role.name}) is over: ${message}. Drop the work on it.`;
}
