/** The difference of two revisions of a workflow as a reviewer wants it: by meaning, not by lines. Pure. */
import type { Json } from "../../contract/event.ts";
import type { ReflexIr, WorkflowIr } from "../ir.ts";
import { writeCanonicalJson } from "../lower-workflow.ts";
import type { Broken, Change } from "./change.ts";
import { compareGraphs } from "./compare-graphs.ts";
import { compareRoles, pairRoles } from "./compare-roles.ts";
import { compareSchemas } from "./compare-schemas.ts";

/** Compares two revisions; none: they mean the same, however they are written. */
export function compareWorkflows(before: WorkflowIr, after: WorkflowIr): Change[] {
  const pairs = pairRoles(before, after);
  const renamed = new Map(pairs.renamed.map(({ before: old, after: fresh }) => [old.name, fresh.name]));
  return [
    ...compareHeads(before, after),
    ...compareSchemas(before.input, after.input).map(
      ({ path, message, narrows }): Change => ({
        part: "input",
        what: "changed",
        at: path === "" ? "input" : `input: ${path}`,
        message,
        ...(narrows && { breaks: ["senders"] satisfies Broken[], why: "an event that started a thread may start none" }),
      }),
    ),
    ...compareRoles(pairs),
    ...compareGraphs(before, after, renamed),
    ...compareReflexes(before.reflexes, after.reflexes),
  ];
}

function compareHeads(before: WorkflowIr, after: WorkflowIr): Change[] {
  const heads = (ir: WorkflowIr): { [key: string]: Json | undefined } => ({
    name: ir.name,
    description: ir.description,
    version: ir.version,
    binding: ir.binding,
    expose: ir.expose,
    concurrency: ir.concurrency,
    overflow: ir.overflow,
    max_queue: ir.maxQueue,
    max_rounds: ir.maxRounds,
    "budget.tokens": ir.budget?.tokens,
    "budget.cost": ir.budget?.cost,
  });
  const [old, fresh] = [heads(before), heads(after)];
  return Object.keys(fresh).flatMap((at): Change[] => {
    const [was, is] = [old[at], fresh[at]];
    if (was === is) return [];
    return [
      {
        part: "workflow",
        what: was === undefined ? "added" : is === undefined ? "removed" : "changed",
        at,
        ...(was !== undefined && { before: was }),
        ...(is !== undefined && { after: is }),
        ...judgeHead(at, was, is),
      },
    ];
  });
}

function judgeHead(at: string, was: Json | undefined, is: Json | undefined): Pick<Change, "breaks" | "why"> {
  if (at === "name") return { breaks: ["agents", "senders", "threads"], why: "to the registry it is another workflow" };
  if (at === "max_rounds" && Number(is) < Number(was))
    return { breaks: ["threads"], why: "a thread that has had more turns ends at its next" };
  if (at === "expose" && was === true) return { breaks: ["senders"], why: "who starts it by name, over MCP or A2A, finds it no more" };
  return {};
}

/** Reflexes have no names: those that do the same on the same kinds are one, then those of one sort in their order. */
function compareReflexes(before: readonly ReflexIr[], after: readonly ReflexIr[]): Change[] {
  const left = [...after];
  const take = (isIt: (reflex: ReflexIr) => boolean): ReflexIr | undefined => {
    const place = left.findIndex(isIt);
    return place < 0 ? undefined : left.splice(place, 1)[0];
  };
  const pairs = new Map<ReflexIr, ReflexIr>();
  const match = (isPair: (reflex: ReflexIr, other: ReflexIr) => boolean): void => {
    for (const reflex of before) {
      const other = pairs.has(reflex) ? undefined : take((each) => isPair(reflex, each));
      if (other) pairs.set(reflex, other);
    }
  };
  match((reflex, other) => same(reflex, other));
  match(
    (reflex, other) =>
      reflex.kind === other.kind && findCron(reflex) === findCron(other) && same([...reflex.on].sort(), [...other.on].sort()),
  );
  match((reflex, other) => reflex.kind === other.kind && reflex.on.some((kind) => other.on.includes(kind)));
  match((reflex, other) => findCron(reflex) !== undefined && findCron(other) !== undefined);
  return [
    ...before.flatMap((reflex): Change[] => {
      const other = pairs.get(reflex);
      if (other) return compareReflex(reflex, other);
      const why = findCron(reflex) === undefined ? "its kinds do nothing here any more" : "no thread is started by this schedule any more";
      return [{ part: "reflex", what: "removed", at: nameReflex(reflex), breaks: ["senders"], why }];
    }),
    ...left.map((reflex): Change => ({ part: "reflex", what: "added", at: nameReflex(reflex) })),
  ];
}

function compareReflex(before: ReflexIr, after: ReflexIr): Change[] {
  const [old, fresh] = [before, after] as unknown as [{ [key: string]: Json }, { [key: string]: Json }];
  return [...new Set([...Object.keys(old), ...Object.keys(fresh)])].flatMap((key): Change[] => {
    const [was, is] = [old[key], fresh[key]];
    if (same(was ?? null, is ?? null)) return [];
    return [
      {
        part: "reflex",
        what: was === undefined ? "added" : is === undefined ? "removed" : "changed",
        at: `${nameReflex(after)}, ${key}`,
        ...(was !== undefined && { before: was }),
        ...(is !== undefined && { after: is }),
        ...judgeReflex(key, before, after),
      },
    ];
  });
}

function judgeReflex(key: string, before: ReflexIr, after: ReflexIr): Pick<Change, "breaks" | "why"> {
  if (key === "on" && before.on.some((kind) => !after.on.includes(kind)))
    return { breaks: ["senders"], why: "a kind does nothing here any more" };
  if (key === "schedule") return { breaks: ["senders"], why: "threads are started at other times, or with other data" };
  if (key === "when" && after.when !== undefined) return { breaks: ["senders"], why: "an event that counted may not count any more" };
  // A thread keeps the key that it began with.
  if (key === "key")
    return { breaks: ["threads"], why: "threads that run have the key of before: signals by the new one do not find them" };
  return {};
}

function nameReflex(reflex: ReflexIr): string {
  const cron = findCron(reflex);
  return cron === undefined ? `${reflex.kind} on ${reflex.on.join(", ")}` : `${reflex.kind} at ${cron}`;
}

function findCron(reflex: ReflexIr): string | undefined {
  return reflex.kind === "workflow" ? reflex.schedule?.cron : undefined;
}

function same(a: unknown, b: unknown): boolean {
  return writeCanonicalJson(a as Json) === writeCanonicalJson(b as Json);
}
