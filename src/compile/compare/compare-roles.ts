/** The difference of two revisions' roles: who plays, what is asked of them, and what the engine does by itself. */
import type { Json } from "../../contract/event.ts";
import { formatDuration } from "../../contract/format-duration.ts";
import type { RoleIr, WorkflowIr } from "../ir.ts";
import { writeCanonicalJson } from "../lower-workflow.ts";
import type { Broken, Change } from "./change.ts";
import { compareSchemas } from "./compare-schemas.ts";

/** Roles by their names in both revisions. */
export interface RolePairs {
  kept: { before: RoleIr; after: RoleIr }[];
  /** Alike but for the name. */
  renamed: { before: RoleIr; after: RoleIr }[];
  added: RoleIr[];
  removed: RoleIr[];
}

/** Pairs the roles of two revisions: by name, and of the rest those that are alike but for it. */
export function pairRoles(before: WorkflowIr, after: WorkflowIr): RolePairs {
  const fresh = new Map(after.roles.map((role) => [role.name, role]));
  const names = new Set(before.roles.map(({ name }) => name));
  const kept = before.roles.flatMap((role) => {
    const other = fresh.get(role.name);
    return other ? [{ before: role, after: other }] : [];
  });
  const left = after.roles.filter(({ name }) => !names.has(name));
  const renamed: RolePairs["renamed"] = [];
  const removed: RoleIr[] = [];
  for (const role of before.roles.filter(({ name }) => !fresh.has(name))) {
    const place = left.findIndex((other) => isAlike(role, other));
    const [other] = place < 0 ? [] : left.splice(place, 1);
    if (other) renamed.push({ before: role, after: other });
    else removed.push(role);
  }
  return { kept, renamed, added: left, removed };
}

function isAlike(a: RoleIr, b: RoleIr): boolean {
  const bare = ({ name: _, eligibility, ...role }: RoleIr): string =>
    writeCanonicalJson({ ...role, eligibility: { ...eligibility, notRoles: [] } } as unknown as Json);
  return bare(a) === bare(b);
}

/** Compares all roles. */
export function compareRoles(pairs: RolePairs): Change[] {
  return [
    ...pairs.renamed.map(
      ({ before, after }): Change => ({
        part: "role",
        what: "changed",
        at: after.name,
        message: `was called ${before.name}`,
        before: before.name,
        after: after.name,
        breaks: ["agents", "threads"],
        why: "agents know roles by name, and so do the steps of a thread",
      }),
    ),
    ...pairs.removed.map(
      ({ name }): Change => ({
        part: "role",
        what: "removed",
        at: name,
        breaks: ["agents", "threads"],
        why: "its agents get no turns, and a thread cannot go on after its step",
      }),
    ),
    ...pairs.added.map(({ name, type }): Change => ({ part: "role", what: "added", at: name, message: `a new ${type} role` })),
    ...pairs.kept.flatMap(({ before, after }) => compareRole(before, after)),
  ];
}

function compareRole(before: RoleIr, after: RoleIr): Change[] {
  const { name } = after;
  const schema = compareSchemas(before.schema, after.schema).map(
    ({ path, message, narrows }): Change => ({
      part: "role",
      what: "changed",
      at: `${name}.frontmatter${path === "" ? "" : `: ${path}`}`,
      message,
      ...(narrows && { breaks: ["agents"] satisfies Broken[], why: "an answer that was taken may be refused" }),
    }),
  );
  const [old, fresh] = [flatten(before), flatten(after)];
  const settings = [...new Set([...old.keys(), ...fresh.keys()])].flatMap((path): Change[] => {
    const [was, is] = [old.get(path), fresh.get(path)];
    if (was === is || (was !== undefined && is !== undefined && writeCanonicalJson(was) === writeCanonicalJson(is))) return [];
    return [
      {
        part: "role",
        what: was === undefined ? "added" : is === undefined ? "removed" : "changed",
        at: `${name}.${path}`,
        ...(was !== undefined && { before: was }),
        ...(is !== undefined && { after: is }),
        ...judge(path, was, is),
      },
    ];
  });
  return [...schema, ...settings];
}

/** Whom a change of a setting breaks. */
function judge(path: string, was: Json | undefined, is: Json | undefined): Pick<Change, "breaks" | "why"> {
  const list = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : []);
  const more = list(is).some((each) => !list(was).includes(each));
  const fewer = list(was).some((each) => !list(is).includes(each));
  if (path === "eligibility.all" && more) return { breaks: ["agents"], why: "agents without the capability may not take it any more" };
  if (path === "eligibility.agents" && (was === undefined || fewer))
    return { breaks: ["agents"], why: "other agents may not take it any more" };
  if (path === "eligibility.not" && more) return { breaks: ["agents"], why: "they may not take it any more" };
  if (path === "eligibility.where" && is !== undefined)
    return { breaks: ["agents"], why: "agents that could take it perhaps may not any more" };
  if (path === "agent") return { breaks: ["agents"], why: "another agent has the role" };
  if (path === "type" || path === "bind")
    return { breaks: ["threads"], why: "who holds the role in a thread does not hold it so in this revision" };
  return {};
}

const durations = new Set(["timeout", "backoff", "every", "grace", "ttl"]);

/** A role's settings by path, durations as they are written. */
function flatten({ name: _, schema: _schema, fields, eligibility, agent, type, bind, ...policies }: RoleIr): Map<string, Json> {
  const { all, agents, notRoles, notAgents, where } = eligibility;
  const found = new Map<string, Json>([
    ["type", type],
    ["bind", bind],
    ["eligibility.all", all],
    ["eligibility.not", [...notRoles, ...notAgents]],
    ...Object.entries(fields).filter(([key]) => key !== "capabilities"),
  ]);
  if (agent) found.set("agent", "id" in agent ? agent.id : { from: agent.from });
  if (agents) found.set("eligibility.agents", agents);
  if (where !== undefined) found.set("eligibility.where", where);
  for (const [policy, values] of Object.entries(policies))
    for (const [key, value] of Object.entries(values as { [key: string]: Json | undefined }))
      if (value !== undefined)
        found.set(`${policy}.${writeKey(key)}`, durations.has(key) && typeof value === "number" ? formatDuration(value) : value);
  return found;
}

/** As authors write it: `on_timeout`. */
function writeKey(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
