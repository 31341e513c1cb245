/** What expressions and templates see and may use, as tables. */
import { allowedFunctions, type ExpressionView, eventAttributes, expressionViews, refusedFunctions } from "../expressions/views.ts";
import { compileLimits } from "../limits.ts";
import { allowedFilters, allowedTags } from "../templates/create-template-engine.ts";
import { escapeCell } from "./render-fields.ts";

/** Where an expression of each view stands, and what its result must be. */
const places: Record<keyof typeof expressionViews, { places: string; sees: string; gives: string }> = {
  steps: {
    places: "a condition's `expression`; `data` and `input` of an edge",
    sees: "`start` and `steps`, see below",
    gives: "truth; any value",
  },
  moderator: { places: "`moderator`", sees: "`start` and `steps`, see below", gives: "`{role, prompt?}`; the role `__end__` ends" },
  event: {
    places: "`when`, `key`, `priority` and `data` of a reflex",
    sees: "the event's attributes, see below",
    gives: "truth; text, number or boolean; number; any value",
  },
  schedule: {
    places: "`input` of a reflex with a `schedule`",
    sees: "`planned`: when the run is due, in RFC 3339; `schedule` and `timezone` as they are written",
    gives: "the data that the thread begins with",
  },
  start: {
    places: "`agent.from`",
    sees: "`event`: the event; `start`: `{workflow, event}`",
    gives: "an agent's id; nothing refuses the start",
  },
  card: {
    places: "`eligibility.where`",
    sees: "the agent's card: `id` text, `capabilities` list of text, `labels` map, `load` number, `capacity` `{slots, used}`",
    gives: "truth",
  },
  bid: {
    places: "`recruitment.score`",
    sees: "`agent`: the card; `bid`: what came with the claim; `stats`: [numbers](recruitment.md#who-wins); `event`: the event",
    gives: "a number",
  },
  output: { places: "`broadcast.ack.ok`", sees: "the fields of one agent's output", gives: "truth" },
};

/** A row for every place where JSONata stands. */
export function renderViews(): string[] {
  const rows = Object.entries(expressionViews).map(([name, view]: [string, ExpressionView]) => {
    const place = places[name as keyof typeof expressionViews];
    return `| ${place.places} | ${view.title} | ${escapeCell(place.sees)} | ${view.steps ? "`$first(role)`, `$last(role)`" : "–"} | ${place.gives} |`;
  });
  return ["| where it stands | it is over | types | functions of ours | it gives |", "|---|---|---|---|---|", ...rows];
}

/** The attributes of an event. */
export function renderAttributes(): string[] {
  return [`${list(eventAttributes)}.`];
}

/** JSONata's functions that may be called, and those that are refused. */
export function renderFunctions(): string[] {
  const allowed = [...allowedFunctions].map((name) => `$${name}`).sort();
  const refused = Object.entries(refusedFunctions).map(([name, why]) => `| \`$${name}\` | ${escapeCell(why)} |`);
  return [`Allowed: ${list(allowed)}.`, "", "| refused | because |", "|---|---|", ...refused];
}

/** Liquid's tags and filters that may be used. */
export function renderTemplateWords(): string[] {
  return [`Tags: ${list(allowedTags)}.`, "", `Filters: ${list([...allowedFilters].sort())}.`];
}

/** What each limit bounds, for those that an author may meet. */
const limits: Partial<Record<keyof typeof compileLimits, string>> = {
  fileBytes: "bytes of a file",
  depth: "collections inside one another",
  includes: "files that a file includes",
  includeDepth: "files that include one another",
  roles: "roles",
  nameLength: "characters of a role's name",
  edgesPerNode: "edges of a node",
  edges: "edges of the graph",
  effectsPerEdge: "events, and spawns, of an edge or reflex",
  conditions: "conditions",
  statusLength: "characters of a status",
  reflexes: "reflexes",
  reflexKinds: "kinds that a reflex listens to",
  keyParts: "parts of a key",
  listItems: "items of other lists, as `capabilities`",
  expressionLength: "characters of an expression",
  expressionDepth: "depth of an expression",
  templateLength: "characters of a template",
  templateNodes: "tags and outputs of a template",
  templateLoopDepth: "loops inside one another of a template",
  templateRange: "items of a range `(1..n)` of a template",
  durationDays: "days of a duration",
  rounds: "`max_rounds`",
};

/** A row for every limit. */
export function renderLimits(): string[] {
  const rows = Object.entries(limits).map(
    ([name, what]) => `| ${what} | ${compileLimits[name as keyof typeof limits].toLocaleString("en")} |`,
  );
  return ["| at most | |", "|---|---|", ...rows];
}

function list(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(", ");
}
