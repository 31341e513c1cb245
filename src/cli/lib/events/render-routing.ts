/** What became of an event, as the terminal shows it. */
import type { Delivered, ReflexOutcome, Verdict } from "../../../contract/routing.ts";
import { renderTable, type Terminal } from "../terminal.ts";

/** What `GET /v1/events/:id` adds to an event. */
export interface ShownRouting {
  /** Absent: not the caller's to see. */
  verdicts?: Verdict[] | null;
  more?: number;
  recipients?: number;
  deliveries?: Delivered[];
  unheard?: { nearest: string | null };
}

/** A table of agents, by how far the event has come. */
export function renderDeliveries(terminal: Terminal, deliveries: Delivered[]): string {
  return renderTable(
    ["AGENT", "DELIVERY", "AT", ...(deliveries.some(({ detail }) => detail !== undefined) ? ["WHY"] : [])],
    deliveries.map(({ agent, status, at, detail }) => [agent, status, at ?? "-", ...(detail === undefined ? [] : [detail])]),
    (text) => terminal.style("bold", text),
  );
}

const outcomeColours = {
  started: "green",
  queued: "yellow",
  dropped: "red",
  repeat: "yellow",
  signalled: "green",
  nothing: "yellow",
  pending: "yellow",
} as const satisfies Record<ReflexOutcome["status"], string>;

/** What a reflex said to an event, and what came of it, in a line. */
export function describeVerdict(
  terminal: Terminal,
  { workflow, place, kind, verdict, detail, thread, key, signal, emitted, outcome }: Verdict,
): string {
  const fired = verdict === "fired";
  if (fired && outcome) {
    const about = outcome.detail ?? (outcome.thread && `thread ${outcome.thread}`);
    const of = [about, key !== undefined && !about?.includes(`key ${key}`) && `key ${key}`].filter(Boolean).join(", ");
    return `${terminal.style(outcomeColours[outcome.status], outcome.status)} ${workflow}, reflex ${place + 1} (${signal ?? kind})${of ? `: ${of}` : ""}`;
  }
  const led = [
    thread && `thread ${thread}`,
    signal && `signal ${signal}`,
    emitted && `published ${emitted.join(", ") || "nothing"}`,
    key !== undefined && `key ${key}`,
  ].filter(Boolean);
  const why = [...led, detail].filter(Boolean).join(", ");
  return `${terminal.style(fired ? "green" : "yellow", fired ? "fired" : verdict)} ${workflow}, reflex ${place + 1} (${kind})${why ? `: ${why}` : ""}`;
}

/** Each reflex's verdict, and each delivery. */
export function renderRouting(terminal: Terminal, { verdicts, more, recipients = 0, deliveries = [], unheard }: ShownRouting): string {
  if (verdicts === undefined) return "";
  const lines: string[] = [];
  if (verdicts === null) lines.push("No reflex was asked: it is of its thread alone.");
  else if (unheard) lines.push(`No workflow listens to this kind.${unheard.nearest ? ` Did you mean ${unheard.nearest}?` : ""}`);
  lines.push(...(verdicts ?? []).map((verdict) => describeVerdict(terminal, verdict)));
  if (more) lines.push(`and ${more} more`);
  if (recipients) lines.push("", renderDeliveries(terminal, deliveries));
  if (recipients > deliveries.length) lines.push(`and ${recipients - deliveries.length} more agents`);
  return lines.join("\n");
}
