/** A walk as people read it: what was decided and why, whose turn it is, what is expected. Pure. */

import type { Json } from "../../../contract/event.ts";
import type { MoveResult, SimulationView, TakenDecision } from "../../../simulate/simulation.ts";
import type { Style, Terminal } from "../terminal.ts";

const statusColours: Record<SimulationView["status"], Style> = {
  recruiting: "yellow",
  running: "yellow",
  suspended: "yellow",
  completed: "green",
  failed: "red",
  cancelled: "yellow",
};

function shorten(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}

/** Why an edge was taken: what each condition saw. */
export function renderBecause(because: TakenDecision["because"]): string[] {
  switch (because.form) {
    case "status":
      return [`because the status is ${because.status}`];
    case "moderator":
      return [`because the moderator said ${shorten(because.saw)}`];
    case "list":
      if (because.tried.length === 0) return ["because the first transition has no condition"];
      return because.tried.map(({ condition, expression, saw }) => `condition ${condition} (${expression}) saw ${shorten(saw)}`);
    default:
      return because satisfies never;
  }
}

function renderDecision(terminal: Terminal, { node, label, to, because, emits, spawns }: TakenDecision): string[] {
  return [
    `${terminal.style("cyan", "decided")} ${node} ${terminal.style("bold", `"${label}"`)} → ${to}`,
    ...renderBecause(because).map((line) => terminal.style("dim", `  ${line}`)),
    ...emits.map(({ kind, data, to: whom }) => `  publishes ${kind}${whom ? ` to ${whom}` : ""} ${shorten(data ?? null)}`),
    ...spawns.map(({ workflow, input }) => `  starts ${workflow} ${shorten(input ?? null)}`),
  ];
}

function renderSchema(schema: unknown): string {
  if (schema === true) return "anything";
  return JSON.stringify(schema);
}

/** Whose turn it is, or what is waited for. */
export function renderState(terminal: Terminal, { status, reason, turn, children }: SimulationView): string[] {
  if (turn) {
    return [
      `${terminal.style("bold", `turn ${turn.round}: ${turn.role}`)} (${turn.agent})`,
      `  prompt: ${turn.prompt.replaceAll("\n", "\n          ")}`,
      terminal.style("dim", `  expects: ${renderSchema(turn.schema)}`),
    ];
  }
  if (children) return [`${children} children are waited for: \`child completed\` or \`child failed\``];
  const why = reason === null ? "" : `: ${reason}`;
  const next = status === "suspended" ? "; `resume` goes on" : "";
  return [`the thread is ${terminal.style(statusColours[status], status)}${why}${next}`];
}

/** What a move led to. */
export function renderResult(terminal: Terminal, { refused, decisions, view }: MoveResult): string {
  return [
    ...(refused === undefined ? [] : [`${terminal.style("red", "refused")} ${refused}`]),
    ...decisions.flatMap((decision) => renderDecision(terminal, decision)),
    ...renderState(terminal, view),
  ].join("\n");
}

/** A move and what it led to, for programs. */
export function toJson(step: number, move: unknown, { refused, decisions, view }: MoveResult): object {
  const { status, reason, turn } = view;
  return {
    step,
    move,
    ...(refused === undefined ? {} : { refused }),
    decisions,
    status,
    reason,
    turn: turn ? { role: turn.role, agent: turn.agent, round: turn.round, prompt: turn.prompt, schema: turn.schema } : null,
  };
}
