/** What can go wrong between an agent and its server, as data, and a table of such troubles by name. */

/** What passes a proxy: a WebSocket, a stream of events, a poll of an inbox, or any other call. */
export type ExchangeKind = "socket" | "stream" | "poll" | "call";

/** Towards the server, towards the agent. */
export type Direction = "up" | "down" | "both";

/** Milliseconds, from and to; one is drawn for each case. */
export type Span = readonly [from: number, to: number];

/** The faults of one proxy; each may be there with the others. `kinds`: all exchanges unless told. */
export interface FaultPlan {
  /** Every piece waits for so long, in both directions; their order stays. */
  delay?: Span;
  /** An exchange is dropped at both ends so long after it began. */
  cut?: { after: Span; kinds?: readonly ExchangeKind[] };
  /** Nothing passes any more so long after an exchange began, and neither end is told. */
  halfOpen?: { after: Span; direction: Direction; kinds?: readonly ExchangeKind[] };
  /** This share of answers never arrives, though the server sent them; nothing is closed. */
  swallow?: { share: number; kinds?: readonly ExchangeKind[] };
  /** A WebSocket is refused with a page, dropped at once, or never answered. */
  upgrades?: "refuse" | "drop" | "hang";
  /** This share of calls is answered by the proxy itself, with a page for people. */
  page?: { status: number; share: number; kinds?: readonly ExchangeKind[] };
}

/** Troubles as people meet them. */
export const faultPlans = {
  /** Nothing goes wrong. */
  none: {},
  /** A bad mobile line. */
  delays: { delay: [5, 80] },
  /** A balancer that restarts all the time: sockets, streams and polls die young; short calls pass. */
  cuts: { cut: { after: [150, 650], kinds: ["socket", "stream", "poll"] } },
  /** A middlebox that forgets connections: each goes dead in both directions, and nobody is told. */
  halfOpen: { halfOpen: { after: [1_000, 3_000], direction: "both", kinds: ["socket", "stream", "poll"] } },
  /** What the agent says is lost. */
  halfOpenUp: { halfOpen: { after: [1_000, 3_000], direction: "up", kinds: ["socket", "stream", "poll"] } },
  /** What the server says is lost. */
  halfOpenDown: { halfOpen: { after: [1_000, 3_000], direction: "down", kinds: ["socket", "stream", "poll"] } },
  /** One poll in three is answered in vain, where neither sockets nor streams pass. */
  swallowedPolls: {
    swallow: { share: 1 / 3, kinds: ["poll"] },
    upgrades: "refuse",
    page: { status: 403, share: 1, kinds: ["stream"] },
  },
  /** What was posted is done, and its answer lost; where sockets don't pass, for they post nothing. */
  swallowedAnswers: { swallow: { share: 1 / 10, kinds: ["call"] }, upgrades: "refuse" },
  /** A company's proxy that knows no WebSocket. */
  noUpgrades: { upgrades: "refuse" },
  /** One that takes the request and says nothing. */
  hangingUpgrades: { upgrades: "hang" },
  /** A portal that wants a person to sign in, now and then. */
  signInPages: { page: { status: 403, share: 1 / 5 }, upgrades: "refuse" },
} as const satisfies { [name: string]: FaultPlan };

export type FaultName = keyof typeof faultPlans;

/** What each is, for people. */
export const faultMeanings: { readonly [name in FaultName]: string } = {
  none: "nothing goes wrong",
  delays: "every piece waits for 5 to 80 ms",
  cuts: "sockets, streams and polls are dropped after 150 to 650 ms",
  halfOpen: "connections go dead after 1 to 3 s, and neither end is told",
  halfOpenUp: "the same for what the agent says",
  halfOpenDown: "the same for what the server says",
  swallowedPolls: "only polls pass, and one in three is answered in vain",
  swallowedAnswers: "no socket passes, and the answer to one call in ten is lost, though the server did what it asked",
  noUpgrades: "sockets are refused",
  hangingUpgrades: "sockets are never answered",
  signInPages: "one call in five gets a page with status 403, and sockets are refused",
};
