/** A line on which one trouble follows another: the proxy, the table of faults, and the account of what an agent behind it got done. */
import { createRandom } from "../explore/create-random.ts";
import { createTurnCounter, type TurnCounts } from "./count-turns.ts";
import type { Strike } from "./exchanges.ts";
import { type ExchangeKind, type FaultName, type FaultPlan, faultMeanings, faultPlans } from "./fault-plans.ts";
import { startFaultyProxy } from "./faulty-proxy.ts";
import { chaosLimits } from "./limits.ts";
import { createTrafficReader } from "./read-traffic.ts";

/** Which troubles, and how fast one follows another. */
export interface ChaosOptions {
  /** The server. */
  target: string;
  faults: readonly FaultName[];
  /** Milliseconds for which one stays at least. It goes when it has struck, or after three times as long. */
  everyMs: number;
  /** The same seed gives the same order, and the same faults to the same traffic. */
  seed: number;
  told: (happening: Happening) => void;
}

/** What happened on the line. */
export type Happening =
  | { what: "began"; fault: FaultName; message: string }
  | { what: "struck"; fault: FaultName; message: string; kind: ExchangeKind }
  | { what: "answered"; turn: string; message: string };

/** What a trouble did. */
export interface FaultReport {
  /** How often it was there. */
  spells: number;
  /** How often it struck. */
  struck: number;
  /** Turns that were answered after it had struck for the first time. */
  answeredSince: number;
}

/** The account. */
export interface ChaosReport {
  seed: number;
  ms: number;
  faults: { [name in FaultName]?: FaultReport };
  /** What began to pass, by kind. */
  exchanges: { readonly [kind in ExchangeKind]: number };
  turns: TurnCounts;
}

/** A line in trouble. */
export interface Chaos {
  /** What the agent is told instead of the server's address. */
  url: string;
  report(): ChaosReport;
  /** From now on nothing goes wrong; what is dead is dropped, so that whoever ends can say so. */
  calm(): void;
  close(): Promise<void>;
}

/** All troubles of the table. */
export const allFaults = (Object.keys(faultPlans) as FaultName[]).filter((name) => name !== "none");

/** Starts one. */
export async function startChaos({ target, faults, everyMs, seed, told }: ChaosOptions): Promise<Chaos> {
  const started = Date.now();
  let answered = 0;
  const ledger = createLedger(faults, () => answered);
  const counter = createTurnCounter((turn, kind) => {
    if (kind === "answered") answered++;
    told({ what: "answered", turn, message: kind === "answered" ? "an answer was taken" : "the server was told that the turn failed" });
  });
  const proxy = await startFaultyProxy({
    ...{ target, seed, read: createTrafficReader(counter) },
    told(strike) {
      const fault = ledger.strike(strike);
      // Every piece is late: that is said once.
      if (fault && strike.fault !== "delay") told({ what: "struck", fault, kind: strike.kind, message: describeStrike(strike) });
    },
  });
  const next = createOrder(faults, createRandom(seed));
  let spell: { fault: FaultName; before: number; looks: number } | undefined;

  function change() {
    const fault = next();
    spell = { fault, before: ledger.struck(fault), looks: 0 };
    ledger.begin(fault);
    told({ what: "began", fault, message: faultMeanings[fault] });
    proxy.plan = faultPlans[fault];
    // What is open goes on as it began: the new trouble would not meet it.
    proxy.renew();
  }

  const timer = setInterval(() => {
    if (!spell) return;
    spell.looks++;
    if (ledger.struck(spell.fault) > spell.before || spell.looks >= chaosLimits.spansAtMost) change();
  }, everyMs);
  change();
  return {
    url: proxy.url,
    report: () => ({ seed, ms: Date.now() - started, faults: ledger.read(), exchanges: { ...proxy.begun }, turns: counter.read() }),
    calm() {
      clearInterval(timer);
      proxy.plan = {};
      proxy.drop();
    },
    async close() {
      clearInterval(timer);
      await proxy.close();
    },
  };
}

/** What each trouble did. */
function createLedger(faults: readonly FaultName[], answered: () => number) {
  const rows = new Map(faults.map((name) => [name, { spells: 0, struck: 0, answeredBefore: 0 }]));
  const names = new Map<FaultPlan, FaultName>(faults.map((name) => [faultPlans[name], name]));
  return {
    begin(name: FaultName) {
      const row = rows.get(name);
      if (row) row.spells++;
    },
    /** Whose strike it is. */
    strike({ plan }: Strike): FaultName | undefined {
      const name = names.get(plan);
      const row = name && rows.get(name);
      if (!row) return undefined;
      if (row.struck++ === 0) row.answeredBefore = answered();
      return name;
    },
    struck: (name: FaultName): number => rows.get(name)?.struck ?? 0,
    read: (): { [name in FaultName]?: FaultReport } =>
      Object.fromEntries(
        [...rows].map(([name, { spells, struck, answeredBefore }]) => {
          return [name, { spells, struck, answeredSince: struck > 0 ? answered() - answeredBefore : 0 }];
        }),
      ),
  };
}

/** One after another, each once before any comes again; never the same twice in a row where there are several. */
function createOrder(faults: readonly FaultName[], random: () => number): () => FaultName {
  let left: FaultName[] = [];
  let last: FaultName | undefined;
  return () => {
    if (left.length === 0) left = [...faults];
    const from = left.length > 1 ? left.filter((name) => name !== last) : left;
    last = from[Math.floor(random() * from.length)] as FaultName;
    left = left.filter((name) => name !== last);
    return last;
  };
}

const exchangeNames: { readonly [kind in ExchangeKind]: string } = {
  socket: "a socket",
  stream: "a stream",
  poll: "a poll",
  call: "a call",
};

function describeStrike({ fault, kind, plan }: Strike): string {
  const name = exchangeNames[kind];
  switch (fault) {
    case "delay":
      return `a piece of ${name} was late`;
    case "cut":
      return `${name} was dropped at both ends`;
    case "halfOpen":
      return `${name} went dead${plan.halfOpen?.direction === "both" ? "" : ` ${plan.halfOpen?.direction}stream`}, and neither end was told`;
    case "swallow":
      return `the answer to ${name} was lost`;
    case "upgrades":
      return plan.upgrades === "hang" ? "a socket is never answered" : "a socket was refused";
    case "page":
      return `${name} was answered with a page`;
    default:
      throw new Error(fault satisfies never);
  }
}
