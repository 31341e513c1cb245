/** Keeps one link to the server alive: by the best way that works, the next where one does not, back-off in between, and back up when a better one works again. */
import { replacedAtMost } from "../contract/channels.ts";
import type { InboxItem, ServerNote } from "../contract/frames/server-frames.ts";
import { computeBackoff } from "./backoff.ts";
import { ClientError } from "./client-error.ts";
import type { Clock } from "./clock.ts";
import { clientLimits } from "./limits.ts";
import type { TakeNote } from "./note.ts";
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
interface Place {
  link: Link;
  name: string;
  rank: number;
  openedAt?: number;
  /** Whether an event came by it. */
  carried?: true;
}

/** Opens a connection and keeps it. */
export function createConnection({ transports, client, clock, random, note, listener }: ConnectionOptions): Connection {
  let current: Place | undefined;
  let upgrade: Link | undefined;
  let stopTimer = () => {};
  let stopUpgrade = () => {};
  let attempts = 0;
  let upgrades = 0;
  /** Links in a row that opened and died young, of each transport. */
  const shortLives = transports.map(() => 0);
  let everyMs: number = clientLimits.pingMs;
  let closed = false;
  let made = 0;
  /** Links that the server may still take for alive. */
  let left: string[] = [];
  /** The last event of the stream before, if that was the last link. */
  let resume: number | undefined;

  const nameOf = (rank: number) => transports[rank]?.name as TransportName;

  function connect(rank: number) {
    const transport = transports[rank];
    if (closed || !transport) return;
    const here = begin(rank);
    current = here;
    const replaces = left.slice(0, -1);
    const goesOn = transport.name === "sse" && resume !== undefined && listener.isComplete();
    here.link = transport.open(listenTo(here, { opened: () => take(here), ended: (end) => current === here && leave(here, end) }), {
      connection: here.name,
      replaces,
      client,
      ...(goesOn ? { lastEventId: resume as number } : {}),
    });
  }

  function begin(rank: number): Place {
    const name = `${client}.${++made}`;
    left = [...left, name].slice(-replacedAtMost);
    return { rank, name, link: undefined as unknown as Link };
  }

  function listenTo(here: Place, hooks: Pick<LinkListener, "opened" | "ended">): LinkListener {
    const { flushAcks, inHand, noted } = listener;
    const delivered = (item: InboxItem) => {
      here.carried = true;
      if (nameOf(here.rank) === "sse") resume = item.seq;
      listener.delivered(item);
    };
    return { ...hooks, delivered, flushAcks, inHand, noted };
  }

  function take(here: Place) {
    here.openedAt = clock.now();
    // The server has taken the others' place away with the one that opened.
    left = left.slice(left.indexOf(here.name));
    if (nameOf(here.rank) !== "sse") resume = undefined;
    here.link.beat(everyMs);
    note({ level: "info", what: "connected", message: `connected by ${nameOf(here.rank)}` });
    if (here.rank > 0) scheduleUpgrade();
    listener.opened(here.link, nameOf(here.rank));
  }

  function leave({ rank, openedAt, carried }: Place, end: LinkEnd) {
    current = undefined;
    stopUpgrades();
    if (openedAt !== undefined) {
      upgrades = 0;
      listener.lost();
    }
    if (end.why === "token") return listener.failed(new ClientError("unauthenticated", describeTokenEnd(end.detail)));
    const stable = openedAt !== undefined && clock.now() - openedAt >= clientLimits.stableMs;
    if (stable) attempts = 0;
    else if (carried) attempts = Math.min(attempts, clientLimits.carriedAttempts);
    if (openedAt !== undefined) shortLives[rank] = stable ? 0 : (shortLives[rank] ?? 0) + 1;
    const next = findNext(rank, end);
    if (next !== undefined) {
      shortLives[rank] = 0;
      note({ level: "info", what: next.what, message: `${end.detail}; ${next.what} instead` });
      return connect(next.rank);
    }
    const wait = judgeWait(end);
    note({ level: "warn", what: "disconnected", message: `${end.detail}; trying again in ${wait} ms` });
    stopTimer = clock.after(wait, () => connect(0));
  }

  /** The way to take at once instead of this one, if it is this one that is at fault. */
  function findNext(rank: number, { why }: LinkEnd): { rank: number; what: "streaming" | "polling" } | undefined {
    const atFault = why === "unsupported" || why === "slow" || (shortLives[rank] ?? 0) >= clientLimits.shortLives;
    // Who is too slow for one push is too slow for another.
    const next = transports.findIndex(({ name }, index) => index > rank && (why !== "slow" || name === "poll"));
    return atFault && next > 0 ? { rank: next, what: nameOf(next) === "poll" ? "polling" : "streaming" } : undefined;
  }

  function judgeWait({ why, retryAfter }: LinkEnd): number {
    const wait = retryAfter === undefined ? computeBackoff(attempts++, random) : retryAfter * 1000;
    if (why === "replaced") return Math.max(wait, clientLimits.replacedMs);
    return why === "rate" && retryAfter === undefined ? Math.max(wait, clientLimits.rateMs) : wait;
  }

  /** Now and then the better ways are tried beside the one that carries; what opens takes its place: nothing is missed meanwhile. */
  function scheduleUpgrade() {
    const wait = Math.min(clientLimits.upgradeMaxMs, clientLimits.upgradeMs * 2 ** upgrades++);
    stopUpgrade = clock.after(wait, () => tryBetter(0));
  }

  function tryBetter(rank: number) {
    const transport = transports[rank];
    if (!transport || !current) return;
    if (rank >= current.rank) return scheduleUpgrade();
    const here = begin(rank);
    const replaces = left.filter((name) => name !== here.name && name !== current?.name);
    const opened = () => {
      upgrade = undefined;
      if (rank === 0) upgrades = 0;
      const old = current;
      current = here;
      old?.link.close();
      take(here);
      // Only now: had the server closed it before, a way that does not open would have cost the one that carried.
      if (!old) return;
      here.link.replace(old.name);
      left = [old.name, ...left];
    };
    const ended = (end: LinkEnd) => {
      if (current === here) return leave(here, end);
      upgrade = undefined;
      tryBetter(rank + 1);
    };
    here.link = transport.open(listenTo(here, { opened, ended }), { connection: here.name, replaces, client });
    upgrade = here.link;
  }

  function stopUpgrades() {
    stopUpgrade();
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
      resume = undefined;
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
      stopTimer();
      stopUpgrades();
      current?.link.close();
      current = undefined;
    },
  };
}

/** The server's own words say whom to ask; a close code alone does not. */
function describeTokenEnd(detail: string): string {
  return /ask the operator/i.test(detail) ? detail : `${detail}; ask the operator for a token`;
}
