/** Who may have spoken before a place of the graph is reached, and with which status last. */
import { engineStatuses, isEngineStatus, isTarget } from "../../contract/language.ts";
import { findEntry } from "../source/node.ts";
import type { Outline } from "./outline.ts";

/** What is known of a role's latest output at a place. */
export interface Spoken {
  /** `never`: no way to the place leads through a turn of the role. */
  when: "never" | "maybe" | "always";
  /** With which statuses it may have spoken last; undefined: with any. */
  statuses: ReadonlySet<string> | undefined;
}

export interface History {
  /** At a node when its turn was taken; `edge` is the status that picks the edge, where it is known. */
  look(node: string, edge: string | undefined, role: string): Spoken;
}

const anything: Spoken = { when: "maybe", statuses: undefined };

interface Way {
  from: string;
  to: string;
  /** Of edges by status. */
  status: string | undefined;
  /** An agent spoke. */
  spoken: boolean;
}

/** Reads the ways through the graph once, and answers by walking them backwards. */
export function createHistory(outline: Outline): History {
  // Of a graph that leads to roles that are not there, which was reported, nothing can be said.
  const isWhole = outline.nodes.every(({ edges }) =>
    edges.every(({ target }) => !target || isTarget(target.value) || outline.roles.has(target.value)),
  );
  const ways = isWhole ? listWays(outline) : [];
  const into = new Map<string, Way[]>();
  for (const way of ways) into.set(way.to, [...(into.get(way.to) ?? []), way]);
  const known = new Map<string, ReadonlySet<string>>();

  /** Nodes from whose turn on the node may be reached without a word of the role. */
  const listBefore = (node: string, role: string): ReadonlySet<string> => {
    const key = `${role} ${node}`;
    const before = known.get(key);
    if (before) return before;
    const found = new Set([node]);
    // The set grows while it is walked.
    for (const at of found) for (const { from, spoken } of into.get(at) ?? []) if (from !== role || !spoken) found.add(from);
    known.set(key, found);
    return found;
  };

  return {
    look(node, edge, role) {
      if (ways.length === 0 || !outline.roles.has(role) || outline.form === "moderator") return anything;
      if (node === "$START" && edge === "resume") return anything;
      if (node === role) {
        if (edge === undefined) return anything;
        if (speaks(edge)) return { when: "always", statuses: new Set([edge]) };
      }
      const before = listBefore(node, role);
      const last = ways.filter(({ from, to, spoken }) => from === role && spoken && before.has(to));
      if (last.length === 0) return before.has("$START") ? { when: "never", statuses: undefined } : anything;
      const statuses = last.map(({ status }) => status);
      return {
        when: before.has("$START") ? "maybe" : "always",
        statuses: statuses.every((status) => status !== undefined && status !== "_") ? new Set(statuses as string[]) : undefined,
      };
    },
  };
}

/** Whether an agent's own words pick the edge. */
function speaks(status: string): boolean {
  return !isEngineStatus(status) || engineStatuses[status].agents;
}

function listWays(outline: Outline): Way[] {
  const ways: Way[] = [];
  for (const { name, edges } of outline.nodes) {
    for (const { key, id, target } of edges) {
      const status = key && id;
      const spoken = name !== "$START" && (status === undefined || speaks(status));
      const to = target?.value;
      if (to === undefined) continue;
      if (!isTarget(to)) ways.push({ from: name, to, status, spoken });
      // Who is resumed has the turn again.
      else if (to === "$SUSPEND" && name !== "$START") ways.push({ from: name, to: name, status, spoken });
    }
  }
  // A thread that has ended, wherever it was, may begin anew.
  for (const { name, edges } of outline.nodes.filter(({ value }) => findEntry(value, "resume")).slice(0, 1))
    if (name === "$START")
      for (const { target } of edges.filter(({ id }) => id === "resume"))
        for (const from of ["$END", ...outline.roles.keys()])
          ways.push({ from, to: target?.value ?? "", status: undefined, spoken: false });
  if (ways.some(({ from }) => from === "$END"))
    for (const { name, edges } of outline.nodes)
      for (const { key, id, target } of edges)
        if (target?.value === "$END")
          ways.push({ from: name, to: "$END", status: key && id, spoken: name !== "$START" && (!key || speaks(id)) });
  return ways;
}
