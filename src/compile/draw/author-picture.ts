/** The picture of a workflow as its author wrote it: a box per role, an arrow per edge, and dashed the ways that the engine goes. */
import { isTarget, type RoleType, type Target } from "../../contract/language.ts";
import type { EdgeIr, NodeIr, ReflexIr, RoleIr, WorkflowIr } from "../ir.ts";
import { isPool } from "../lower/party.ts";
import { type EnginePath, listEnginePaths } from "./engine-paths.ts";
import { groupBy } from "./group-by.ts";
import type { Picture, PictureEdge, PictureNode } from "./picture.ts";
import { isBig, shortenArrows } from "./shorten-arrows.ts";
import { writeDuration } from "./write-duration.ts";

/** Ids that no role has, for a role's name begins with a letter. */
const places: Record<Target | "$START", string> = { $START: "$START", $END: "$END", $SUSPEND: "$suspended" };

function findPlace(name: string): string {
  return name === "$START" || isTarget(name) ? places[name] : name;
}

const suspended: PictureNode = { id: "$suspended", kind: "suspended", title: "suspended", lines: ["until a person resumes it"] };
const failed: PictureNode = { id: "$failed", kind: "failed", title: "failed", lines: [] };
const moderator: PictureNode = {
  id: "$moderator",
  part: "$moderator",
  kind: "state",
  title: "moderator",
  lines: ["an expression names the next role"],
};

/** An edge that can never be taken, and why. */
export interface NeverDrawn {
  node: string;
  edge: string;
  why: string;
}

/**
 * Draws a workflow.
 * @param never edges that are marked, for they can never be taken
 */
export function createAuthorPicture(ir: WorkflowIr, never: readonly NeverDrawn[] = []): Picture {
  const paths = listEnginePaths(ir);
  const big = isBig(ir.roles.length, ir.nodes.flatMap((node) => node.edges).length);
  const { shared, single } = separateShared(ir, paths, big);
  const edges = [
    ...(ir.form === "moderator" ? listModeratorEdges(ir) : ir.nodes.flatMap((node) => listAuthorEdges(node, never))),
    ...listEngineEdges(single),
  ];
  const reached = new Set(edges.map(({ to }) => to));
  const start: PictureNode = { id: "$START", part: "$START", kind: "start", title: "start", lines: [] };
  const end: PictureNode = { id: "$END", kind: "end", title: "end", lines: [] };
  const picture: Picture = {
    title: ir.name,
    lines: [ir.description, ...describeReflexes(ir.reflexes)].filter((line) => line.trim() !== ""),
    nodes: [
      start,
      ...(ir.form === "moderator" ? [moderator] : []),
      ...ir.roles.map((role) => drawRole(role, paths)),
      ...[end, suspended, failed].filter(({ id }) => reached.has(id)),
    ],
    edges,
    notes: [...shared, `More than ${ir.maxRounds} turns: the thread fails, where no edge says otherwise.`],
  };
  return big ? shortenArrows(picture) : picture;
}

function drawRole(role: RoleIr, paths: EnginePath[]): PictureNode {
  const description = role.fields["description"];
  return {
    id: role.name,
    part: role.name,
    kind: role.type,
    title: role.name,
    badge: isPool(role) ? "open, per turn" : role.type,
    lines: [
      ...(typeof description === "string" && description.trim() !== "" ? [description] : []),
      describeHolder(role),
      ...paths.filter(({ role: name, to }) => name === role.name && to === "forfeit").map(({ text }) => `${text}: the graph decides`),
    ],
  };
}

/** Who may hold a role. */
function describeHolder({ type, agent, eligibility, broadcast }: RoleIr): string {
  if (type === "named" && agent) return "id" in agent ? `agent ${agent.id}` : `agent: ${agent.from}`;
  const { all, agents, notRoles, notAgents, where } = eligibility;
  const parts = [
    ...(all.length > 0 ? [`can ${all.join(", ")}`] : []),
    ...(agents ? [`one of ${agents.join(", ")}`] : []),
    ...(notRoles.length + notAgents.length > 0 ? [`not ${[...notRoles, ...notAgents].join(", ")}`] : []),
    ...(where === undefined ? [] : [`where ${where}`]),
  ];
  const who = parts.length === 0 ? "any agent" : `an agent: ${parts.join("; ")}`;
  const holders: Record<RoleType, string> = {
    named: who,
    open: who,
    broadcast: who.replace(/^any agent|^an agent/, broadcast?.of === undefined ? "every agent" : `${broadcast.of} agents`),
  };
  return holders[type];
}

function listAuthorEdges(node: NodeIr, never: readonly NeverDrawn[]): PictureEdge[] {
  const ordered = node.edges.some(({ guard }) => guard.type === "condition");
  return node.edges.map((edge, index): PictureEdge => {
    const { guard, label, target, description, prompt } = edge;
    const engine = guard.type === "status" && guard.status.startsWith("$");
    const dead = never.find(({ node: name, edge: id }) => name === node.name && id === edge.id);
    const always = guard.type === "always" && node.edges.length === 1;
    return {
      from: findPlace(node.name),
      to: findPlace(target),
      part: `${node.name} ${edge.id}`,
      kind: dead ? "never" : engine ? "status" : "author",
      title: always ? "" : ordered ? `${index + 1}. ${label}` : label,
      lines: [...(dead ? [`never taken: ${dead.why}`] : []), ...(description === undefined ? [] : [description]), ...describeEffects(edge)],
      ...(prompt ? { tip: prompt.kind === "literal" ? prompt.text : prompt.source } : {}),
    };
  });
}

function describeEffects({ emit, spawn }: EdgeIr): string[] {
  return [
    ...emit.map(({ kind }) => `emits ${kind}`),
    ...spawn.map(({ workflow, await: wait }) => `starts ${workflow}${wait === undefined ? "" : `, waits up to ${writeDuration(wait)}`}`),
  ];
}

/** The expression may lead from every role to every other: drawn by way of the moderator, that is two arrows a role. */
function listModeratorEdges(ir: WorkflowIr): PictureEdge[] {
  const edge = (from: string, to: string): PictureEdge => ({ from, to, kind: "author", title: "", lines: [] });
  return [
    edge("$START", moderator.id),
    ...ir.roles.flatMap(({ name }) => [edge(moderator.id, name), edge(name, moderator.id)]),
    edge(moderator.id, "$END"),
  ];
}

/** One arrow for all that leads from a role to the same place. */
function listEngineEdges(paths: EnginePath[]): PictureEdge[] {
  const byEnds = groupBy(
    paths.filter(({ to }) => to !== "forfeit"),
    ({ role, to }) => `${role} ${to}`,
  );
  return [...byEnds.values()].flatMap((group): PictureEdge[] => {
    const [first] = group;
    if (!first) return [];
    const ends: Record<EnginePath["to"], string> = { self: first.role, forfeit: first.role, suspended: suspended.id, failed: failed.id };
    const to = ends[first.to];
    return [{ from: first.role, to, part: first.role, kind: "engine", title: "", lines: group.map(({ text }) => text) }];
  });
}

/** What every role, or every open role, does alike is said once, in words. */
function separateShared(ir: WorkflowIr, paths: EnginePath[], big: boolean): { shared: string[]; single: EnginePath[] } {
  const roles = ir.roles.filter(({ type }) => type !== "broadcast");
  const share = ({ text, to }: EnginePath, among: RoleIr[]): boolean =>
    among.length > 1 && among.every(({ name }) => paths.some((other) => other.role === name && other.to === to && other.text === text));
  const classify = (path: EnginePath): string | undefined => {
    if (path.to === "forfeit" || !roles.some(({ name }) => name === path.role)) return undefined;
    if (share(path, roles)) return "Every role";
    const open = roles.filter(({ type }) => type === "open");
    return (big || path.to === "self") && share(path, open) ? "Every open role" : undefined;
  };
  const groups = groupBy(
    paths.filter((path) => classify(path) !== undefined),
    (path) => `${classify(path)} ${path.to}`,
  );
  const shared = [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const texts = [...new Set(group.map(({ text }) => text))].join(", or ");
    return [`${classify(first)}: ${texts}${first.to === "self" ? "" : ` \u2192 ${first.to}`}.`];
  });
  return { shared, single: paths.filter((path) => classify(path) === undefined) };
}

function describeReflexes(reflexes: ReflexIr[]): string[] {
  const parts = reflexes.map((reflex) => {
    const on = reflex.on.join(", ");
    switch (reflex.kind) {
      case "workflow":
        return reflex.schedule ? `starts at ${reflex.schedule.cron} (${reflex.schedule.timezone})` : `starts on ${on}`;
      case "signal":
        return `${reflex.signal} on ${on}`;
      case "emit":
        return `${on} emits ${reflex.emit.map(({ kind }) => kind).join(", ")}`;
      default:
        return reflex satisfies never;
    }
  });
  return parts.length === 0 ? [] : [parts.join(" · ")];
}
