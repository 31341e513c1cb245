/** What passes the proxy at the moment, and what strikes it. */
import type { Duplex } from "node:stream";
import type { Direction, ExchangeKind, FaultPlan, Span } from "./fault-plans.ts";
import { chaosLimits } from "./limits.ts";

/** One request and its answer, or a tunnel after an upgrade. */
export interface Exchange {
  kind: ExchangeKind;
  client: Duplex;
  server: Duplex | undefined;
  /** What it began with. */
  plan: FaultPlan;
  frozen: { up: boolean; down: boolean };
  gone: { client: boolean; server: boolean };
  timers: NodeJS.Timeout[];
}

/** What can be changed while it runs. */
export interface Settings {
  plan: FaultPlan;
  target: string;
}

/** A fault that has struck. */
export interface Strike {
  fault: keyof FaultPlan;
  kind: ExchangeKind;
  /** The plan that it is of. */
  plan: FaultPlan;
}

export type Exchanges = ReturnType<typeof createExchanges>;

/** All exchanges that are open, and what strikes them; `told` hears of each strike. */
export function createExchanges(settings: Settings, random: () => number, told: (strike: Strike) => void) {
  const open = new Set<Exchange>();
  const swallowing = new Map<ExchangeKind, number>();
  const struck = { delay: 0, cut: 0, halfOpen: 0, swallow: 0, upgrades: 0, page: 0 };
  const begun = { socket: 0, stream: 0, poll: 0, call: 0 };

  const draw = ([from, to]: Span): number => from + random() * (to - from);

  function begin(kind: ExchangeKind, client: Duplex): Exchange {
    begun[kind]++;
    const { plan } = settings;
    const halves = { frozen: { up: false, down: false }, gone: { client: false, server: false } };
    const exchange: Exchange = { kind, client, server: undefined, plan, ...halves, timers: [] };
    open.add(exchange);
    const { cut, halfOpen } = plan;
    if (cut && isMeant(cut.kinds, kind)) schedule(exchange, draw(cut.after), () => strike("cut", exchange, () => drop(exchange)));
    if (halfOpen && isMeant(halfOpen.kinds, kind))
      schedule(exchange, draw(halfOpen.after), () => strike("halfOpen", exchange, () => stopForwarding(exchange, halfOpen.direction)));
    return exchange;
  }

  function schedule(exchange: Exchange, ms: number, act: () => void) {
    exchange.timers.push(setTimeout(act, ms));
  }

  function strike(fault: keyof FaultPlan, { kind, plan }: { kind: ExchangeKind; plan: FaultPlan }, act: () => void = () => {}) {
    struck[fault]++;
    told({ fault, kind, plan });
    act();
  }

  function end(exchange: Exchange) {
    open.delete(exchange);
    for (const timer of exchange.timers) clearTimeout(timer);
  }

  function drop(exchange: Exchange) {
    end(exchange);
    exchange.client.destroy();
    exchange.server?.destroy();
  }

  /** One end is gone. Over a frozen exchange the other is not told: that is what half-open means. */
  function leave(exchange: Exchange, by: "client" | "server") {
    exchange.gone[by] = true;
    if (exchange.gone.client && (exchange.gone.server || !exchange.server)) return end(exchange);
    const told = by === "client" ? !exchange.frozen.up : !exchange.frozen.down;
    if (!told) return;
    end(exchange);
    if (by === "client") exchange.server?.destroy();
    else exchange.client.destroy();
  }

  /** Forwards pieces in order, each perhaps late, as long as the direction is not frozen. What is frozen is read and lost, as by a dead line. */
  function forward(exchange: Exchange, direction: "up" | "down", write: (piece: Buffer) => void): (piece: Buffer) => void {
    let tail = Promise.resolve();
    let held = 0;
    return (piece) => {
      held += piece.length;
      if (held > chaosLimits.heldBytes) return drop(exchange);
      const { plan } = settings;
      const wait = plan.delay ? draw(plan.delay) : 0;
      if (wait > 0) strike("delay", { kind: exchange.kind, plan });
      tail = tail
        .then(() => (wait > 0 ? new Promise<void>((resolve) => schedule(exchange, wait, resolve)) : undefined))
        .then(() => {
          held -= piece.length;
          if (!exchange.frozen[direction] && open.has(exchange)) write(piece);
        });
    };
  }

  function isSwallowed(kind: ExchangeKind): boolean {
    const left = swallowing.get(kind) ?? 0;
    if (left > 0) swallowing.set(kind, left - 1);
    const { swallow } = settings.plan;
    return left > 0 || (swallow !== undefined && isMeant(swallow.kinds, kind) && random() < swallow.share);
  }

  return {
    ...{ begin, leave, forward, isSwallowed, strike, drop, struck, begun },
    list: (kinds: readonly ExchangeKind[] | undefined) => [...open].filter(({ kind }) => isMeant(kinds, kind)),
    /** Whether an answer is replaced by a page of the proxy's own. */
    isReplaced: (kind: ExchangeKind) => {
      const { page } = settings.plan;
      return page && isMeant(page.kinds, kind) && random() < page.share ? page : undefined;
    },
    swallowNext: (kind: ExchangeKind, count = 1): void => void swallowing.set(kind, (swallowing.get(kind) ?? 0) + count),
  };
}

export function stopForwarding({ frozen }: Exchange, direction: Direction): void {
  if (direction !== "down") frozen.up = true;
  if (direction !== "up") frozen.down = true;
}

function isMeant(kinds: readonly ExchangeKind[] | undefined, kind: ExchangeKind): boolean {
  return kinds === undefined || kinds.includes(kind);
}
