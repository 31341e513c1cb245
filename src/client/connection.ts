/** Keeps one link to the server open, over the best transport that works. Backs off between tries, and returns to a better transport when it works again. */
import type { InboxItem, ServerNote } from "../contract/frames/server-frames.ts";
import { ClientError } from "./client-error.ts";
import type { Clock } from "./clock.ts";
import { clientLimits } from "./limits.ts";
import { createLinkNames } from "./link-names.ts";
import { createLinkPolicy, type LinkLife } from "./link-policy.ts";
import type { TakeNote } from "./note.ts";
import { watchReturns } from "./page.ts";
import type { Link, LinkEnd, LinkListener, Transport, TransportName } from "./transport.ts";

/** Who uses the connection. */
export interface ConnectionListener {
  /** A link is open, in place of the one before. */
  opened(link: Link, name: TransportName): void;
  /** There is no link now; the next comes by `opened`. */
  lost(): void;
  delivered(item: InboxItem): void;
  noted(note: ServerNote): void;
  /** Whether all that was delivered was taken: then a stream may go on where the one before it ended. */
  isComplete(): boolean;
  flushAcks(): void;
  inHand(): number;
  /** The token is not valid: it will not come back. */
  failed(error: ClientError): void;
}

/** A connection that mends itself. */
export interface Connection {
  /** Drops the link and opens another at once, so that everything unacknowledged is given again. */
  restart(): void;
  /** Sets how often a sign of life is due, in milliseconds. */
  beat(everyMs: number): void;
  /** Which transport carries now. */
  transport(): TransportName | undefined;
  close(): void;
}

/** What a connection is made of. */
export interface ConnectionOptions {
  /** The ways to the server, the best first; at least one. */
  transports: readonly Transport[];
  /** What the process calls itself. */
  client: string;
  clock: Clock;
  random: () => number;
  note: TakeNote;
  listener: ConnectionListener;
}

/** A link and the place of its transport among them. */
interface Place extends LinkLife {
  link: Link;
  name: string;
}

/** The last event of the stream before, if that was the last link. */
interface StreamPlace {
  last?: number;
}

/** Opens a connection and keeps it. */
export function createConnection({ transports, client, clock, random, note, listener }: ConnectionOptions): Connection {
  const names = createLinkNames(client);
  const policy = createLinkPolicy({ transports, clock, random });
  let current: Place | undefined;
  let upgrade: Link | undefined;
  const retry = createRetry(clock, () => connect(0));
  const upgrades = createUpgradeTimer(clock, () => tryBetter(0));
  let everyMs: number = clientLimits.pingMs;
  let closed = false;
  const stream: StreamPlace = {};

  const nameOf = (rank: number) => transports[rank]?.name as TransportName;

  function connect(rank: number) {
    const transport = transports[rank];
    if (closed || !transport) return;
    const here = begin(rank);
    current = here;
    const goesOn = transport.name === "sse" && stream.last !== undefined && listener.isComplete();
    const hooks = { opened: () => take(here), ended: (end: LinkEnd) => current === here && leave(here, end) };
    here.link = transport.open(listenTo(transport, here, stream, { ...listener, ...hooks }), {
      ...{ connection: here.name, replaces: names.before(here.name), client },
      ...(goesOn && { lastEventId: stream.last as number }),
    });
  }

  const begin = (rank: number): Place => ({ rank, name: names.next(), link: undefined as unknown as Link });

  function take(here: Place) {
    here.openedAt = clock.now();
    names.opened(here.name);
    if (nameOf(here.rank) !== "sse") delete stream.last;
    here.link.beat(everyMs);
    note({ level: "info", what: "connected", message: `connected by ${nameOf(here.rank)}` });
    if (here.rank > 0) upgrades.schedule();
    listener.opened(here.link, nameOf(here.rank));
  }

  function leave(place: Place, end: LinkEnd) {
    current = undefined;
    stopUpgrades();
    if (place.openedAt !== undefined) {
      upgrades.reset();
      listener.lost();
    }
    if (end.why === "token") return listener.failed(new ClientError("unauthenticated", describeTokenEnd(end.detail)));
    const { wait, rank, what } = policy.decide(place, end);
    if (rank !== undefined) {
      note({ level: "info", what, message: `${end.detail}; ${what} instead` });
      return connect(rank);
    }
    note({ level: "warn", what, message: `${end.detail}; trying again in ${wait} ms` });
    retry.wait(wait, end);
  }

  /** Tries a better transport beside the one in use, which it replaces only once it is open: nothing is missed meanwhile. */
  function tryBetter(rank: number) {
    const transport = transports[rank];
    if (!transport || !current) return;
    if (rank >= current.rank) return upgrades.schedule();
    const here = begin(rank);
    const replaces = names.before(here.name).filter((name) => name !== current?.name);
    const opened = () => {
      upgrade = undefined;
      if (rank === 0) upgrades.reset();
      const old = current;
      current = here;
      old?.link.close();
      take(here);
      // Close the old link only now: if the better transport had failed to open, the old link would still be needed.
      if (!old) return;
      here.link.replace(old.name);
      names.mayLive(old.name);
    };
    const ended = (end: LinkEnd) => {
      if (current === here) return leave(here, end);
      upgrade = undefined;
      tryBetter(rank + 1);
    };
    here.link = transport.open(listenTo(transport, here, stream, { ...listener, opened, ended }), {
      connection: here.name,
      replaces,
      client,
    });
    upgrade = here.link;
  }

  function stopUpgrades() {
    upgrades.stop();
    upgrade?.close();
    upgrade = undefined;
  }

  connect(0);
  return {
    restart() {
      const old = current;
      if (old?.openedAt === undefined) return;
      stopUpgrades();
      old.link.close();
      listener.lost();
      delete stream.last;
      connect(old.rank);
    },
    beat(ms) {
      everyMs = ms;
      current?.link.beat(ms);
      upgrade?.beat(ms);
    },
    transport: () => (current?.openedAt === undefined ? undefined : nameOf(current.rank)),
    close() {
      closed = true;
      retry.end();
      stopUpgrades();
      current?.link.close();
      current = undefined;
    },
  };
}

function listenTo(
  transport: Transport,
  here: Place,
  stream: StreamPlace,
  { opened, ended, delivered, flushAcks, inHand, noted }: LinkListener,
): LinkListener {
  return {
    ...{ opened, ended, flushAcks, inHand, noted },
    delivered(item) {
      here.carried = true;
      if (transport.name === "sse") stream.last = item.seq;
      delivered(item);
    },
  };
}

/** The wait before the next try. It ends early when a page comes back, unless more than the back-off asks for it. */
function createRetry(clock: Clock, again: () => void) {
  let stop = () => {};
  let early = () => {};
  const unwatch = watchReturns(() => early());
  return {
    wait(ms: number, { why, retryAfter }: LinkEnd) {
      const go = () => {
        stop();
        early = () => {};
        again();
      };
      stop = clock.after(ms, go);
      if (why === "lost" && retryAfter === undefined) early = go;
    },
    end() {
      unwatch();
      stop();
    },
  };
}

/** Tries the better transports now and then, less often each time that none opens. */
function createUpgradeTimer(clock: Clock, tryBetter: () => void) {
  let tried = 0;
  let stop = () => {};
  return {
    schedule() {
      const wait = Math.min(clientLimits.upgradeMaxMs, clientLimits.upgradeMs * 2 ** tried++);
      stop = clock.after(wait, tryBetter);
    },
    reset() {
      tried = 0;
    },
    stop: () => stop(),
  };
}

/** The server's own words say whom to ask; a close code alone does not. */
function describeTokenEnd(detail: string): string {
  return /ask the operator/i.test(detail) ? detail : `${detail}; ask the operator for a token`;
}
