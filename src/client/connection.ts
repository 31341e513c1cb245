/** Keeps one link to the server alive: socket first, polling where sockets fail, back-off in between, and back to a socket when it works again. */
import type { InboxItem } from "../wire/frames.ts";
import { computeBackoff } from "./backoff.ts";
import { ClientError } from "./client-error.ts";
import type { Clock } from "./clock.ts";
import { clientLimits } from "./limits.ts";
import type { TakeNote } from "./note.ts";
import type { Link, LinkEnd, LinkListener, Transport } from "./transport.ts";

/** Who uses the connection. */
export interface ConnectionListener {
  /** A link is open, in place of the one before. */
  opened(link: Link, name: Transport["name"]): void;
  /** There is no link now; the next comes by `opened`. */
  lost(): void;
  delivered(item: InboxItem): void;
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
  transport(): Transport["name"] | undefined;
  close(): void;
}

/** What a connection is made of. Without a `socket` it polls; without a `poll` it insists on sockets. */
export interface ConnectionOptions {
  socket?: Transport | undefined;
  poll?: Transport | undefined;
  clock: Clock;
  random: () => number;
  note: TakeNote;
  listener: ConnectionListener;
}

/** Opens a connection and keeps it. */
export function createConnection({ socket, poll, clock, random, note, listener }: ConnectionOptions): Connection {
  let current: { link: Link; transport: Transport; openedAt?: number } | undefined;
  let upgrade: Link | undefined;
  let stopTimer = () => {};
  let stopUpgrade = () => {};
  let attempts = 0;
  let upgrades = 0;
  let shortLives = 0;
  let everyMs: number = clientLimits.pingMs;
  let closed = false;

  function connect(transport: Transport | undefined) {
    if (closed || !transport) return;
    const here: NonNullable<typeof current> = { transport, link: undefined as unknown as Link };
    current = here;
    here.link = transport.open(listenTo({ opened: () => take(here), ended: (end) => current === here && leave(here, end) }));
  }

  function listenTo(hooks: Pick<LinkListener, "opened" | "ended">): LinkListener {
    return { ...hooks, delivered: listener.delivered, flushAcks: listener.flushAcks, inHand: listener.inHand };
  }

  function take(here: NonNullable<typeof current>) {
    here.openedAt = clock.now();
    here.link.beat(everyMs);
    note({ level: "info", what: "connected", message: `connected by ${here.transport.name}` });
    if (here.transport === poll && socket) scheduleUpgrade();
    listener.opened(here.link, here.transport.name);
  }

  function leave({ transport, openedAt }: NonNullable<typeof current>, end: LinkEnd) {
    current = undefined;
    stopUpgrades();
    if (openedAt !== undefined) listener.lost();
    if (end.why === "token") return listener.failed(new ClientError("unauthenticated", `${end.detail}; ask the operator for a token`));
    const stable = openedAt !== undefined && clock.now() - openedAt >= clientLimits.stableMs;
    if (stable) attempts = 0;
    shortLives = transport === socket && openedAt !== undefined && !stable ? shortLives + 1 : 0;
    const pollInstead =
      transport === socket && poll && (end.why === "unsupported" || end.why === "slow" || shortLives >= clientLimits.shortLives);
    if (pollInstead) {
      shortLives = 0;
      note({ level: "info", what: "polling", message: `${end.detail}; polling instead` });
      return connect(poll);
    }
    const wait = judgeWait(end);
    note({ level: "warn", what: "disconnected", message: `${end.detail}; trying again in ${wait} ms` });
    stopTimer = clock.after(wait, () => connect(socket ?? poll));
  }

  function judgeWait({ why, retryAfter }: LinkEnd): number {
    const wait = retryAfter === undefined ? computeBackoff(attempts++, random) : retryAfter * 1000;
    if (why === "replaced") return Math.max(wait, clientLimits.replacedMs);
    return why === "rate" && retryAfter === undefined ? Math.max(wait, clientLimits.rateMs) : wait;
  }

  /** While polling, a socket is tried beside the poll and takes its place only once it is open: nothing is missed meanwhile. */
  function scheduleUpgrade() {
    const wait = Math.min(clientLimits.upgradeMaxMs, clientLimits.upgradeMs * 2 ** upgrades++);
    stopUpgrade = clock.after(wait, () => {
      if (!socket) return;
      const here: NonNullable<typeof current> = { transport: socket, link: undefined as unknown as Link };
      const opened = () => {
        upgrade = undefined;
        upgrades = 0;
        const old = current;
        current = here;
        old?.link.close();
        take(here);
      };
      const ended = (end: LinkEnd) => {
        if (current === here) return leave(here, end);
        upgrade = undefined;
        if (current) scheduleUpgrade();
      };
      here.link = socket.open(listenTo({ opened, ended }));
      upgrade = here.link;
    });
  }

  function stopUpgrades() {
    stopUpgrade();
    upgrade?.close();
    upgrade = undefined;
  }

  connect(socket ?? poll);
  return {
    restart() {
      const old = current;
      if (old?.openedAt === undefined) return;
      stopUpgrades();
      old.link.close();
      listener.lost();
      connect(old.transport);
    },
    beat(ms) {
      everyMs = ms;
      current?.link.beat(ms);
      upgrade?.beat(ms);
    },
    transport: () => (current?.openedAt === undefined ? undefined : current.transport.name),
    close() {
      closed = true;
      stopTimer();
      stopUpgrades();
      current?.link.close();
      current = undefined;
    },
  };
}
