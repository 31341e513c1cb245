/** What an expression sees, by the place it stands in. */

/** Attributes of an event, with `agent`, the sender's id. */
export const eventAttributes = [
  "specversion",
  "id",
  "source",
  "type",
  "time",
  "subject",
  "datacontenttype",
  "dataschema",
  "correlationid",
  "causationid",
  "traceparent",
  "tracestate",
  "to",
  "data",
  "agent",
] as const;

/** What an agent's card has. */
export const cardNames: readonly string[] = ["id", "capabilities", "roles", "kinds", "labels", "load", "capacity"];

/** What stands at the root of an expression's input, and which functions of ours it may call. */
export interface ExpressionView {
  /** For messages: what the expression is over. */
  title: string;
  /** Names at the root; undefined where any may be. */
  names?: readonly string[];
  /** `$first` and `$last`. */
  steps?: true;
  /** Its result names a role: `{role, prompt?}`. */
  picks?: true;
}

/** Every place an expression may stand in. */
export const expressionViews = {
  /** Conditions, an edge's `data` and `input`. */
  steps: { title: "`{start, steps}`", names: ["start", "steps"], steps: true },
  moderator: { title: "`{start, steps}`", names: ["start", "steps"], steps: true, picks: true },
  /** `when`, `key`, `priority`, a reflex's `data`. */
  event: { title: "the event", names: eventAttributes },
  /** A scheduled reflex's `input`. */
  schedule: { title: "the planned run", names: ["planned", "schedule", "timezone"] },
  /** `agent.from`. */
  start: { title: "`{event, start}`", names: ["event", "start"] },
  /** `where`. */
  card: { title: "the agent's card" },
  /** `score`. */
  bid: { title: "`{agent, bid, stats, event}`", names: ["agent", "bid", "stats", "event"] },
  /** `ok`. */
  output: { title: "the output" },
} as const satisfies Record<string, ExpressionView>;

/** JSONata's own functions that replay and stay small. */
export const allowedFunctions = new Set(
  (
    "sum count max min average string substring substringBefore substringAfter lowercase uppercase length trim match contains replace split join " +
    "formatNumber formatBase formatInteger parseInteger number floor ceil round abs sqrt power boolean not map zip filter single reduce sift keys " +
    "lookup append exists spread merge reverse each error assert type sort distinct base64encode base64decode encodeUrlComponent encodeUrl " +
    "decodeUrlComponent decodeUrl toMillis fromMillis"
  ).split(" "),
);

/** JSONata's functions that are refused, and why. */
export const refusedFunctions: Readonly<Record<string, string>> = {
  now: "it gives another answer when the decision is replayed",
  millis: "it gives another answer when the decision is replayed",
  random: "it gives another answer when the decision is replayed",
  shuffle: "it gives another answer when the decision is replayed",
  eval: "it would run text that nobody checked",
  pad: "it can make text of any size",
  clone: "it is JSONata's own",
};
