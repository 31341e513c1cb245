/** Finds tests beside the graph that never hold: who may claim a role, which answers count, which events a reflex is about. */
import type { Report } from "../diagnostics/diagnostic.ts";
import { asNodes } from "../expressions/walk.ts";
import { card } from "../meaning/engine-types.ts";
import { ofLengths, ofOrder } from "../meaning/range.ts";
import { unknown } from "../meaning/type.ts";
import { anything, type Domain, ofTextBut, ofTexts } from "../reach/domain.ts";
import { type Budget, budgetOfFile, type Stage, tryConditions } from "../reach/exhaust.ts";
import { readFormula, type Variable } from "../reach/formula.ts";
import { walkType } from "../reach/walk-type.ts";
import type { MapNode, TextNode } from "../source/node.ts";
import { findText, findValue, isText, listItems } from "../source/node.ts";
import type { Checked } from "./check-workflow.ts";
import type { Meaning } from "./meaning.ts";
import type { Outline, RoleOutline } from "./outline.ts";

interface Test {
  node: TextNode | undefined;
  /** What stands at a path of names. */
  at(names: readonly string[]): Domain;
  /** What comes of it. */
  then: string;
}

/** Reports tests that never hold, and gives them. */
export function checkNeverHolds({ outline, parsed }: Pick<Checked, "outline" | "parsed">, meaning: Meaning, report: Report): TextNode[] {
  const told = report.list();
  const budget = budgetOfFile();
  const tests: Test[] = [...outline.roles.values()].flatMap((role) => [
    {
      node: role.type === "named" ? undefined : findText(findValue(role.node, "eligibility"), "where"),
      at: atCard(role),
      then: `nobody can ever take the role \`${role.name}\``,
    },
    {
      node: findText(findValue(findValue(role.node, "broadcast"), "ack"), "ok"),
      at: (names) => walkType(meaning.answerOf(role.name), names),
      then: `no answer of \`${role.name}\` ever counts as an acknowledgement`,
    },
  ]);
  for (const reflex of outline.reflexes)
    tests.push({ node: findText(reflex, "when"), at: atEvent(reflex, outline), then: "the reflex never acts" });
  return tests.flatMap(({ node, at, then }) => {
    const tree = node && parsed.get(node.value);
    if (!node || !tree?.ok || told.some(({ span }) => node.span.start <= span.start && span.end <= node.span.end)) return [];
    const dead = findDead(tree.tree, at, budget);
    if (!dead) return [];
    report.add("test-never-holds", node.span, `This is never true: ${then}.`, dead.why === undefined ? {} : { hint: dead.why });
    return [node];
  });
}

function findDead(tree: Parameters<typeof readFormula>[0], at: Test["at"], budget: Budget): { why?: string } | undefined {
  const stage: Stage = {
    nameValue: ({ key }) => key,
    scenes: [
      (variable) => {
        const names = readNames(variable);
        return names ? at(names) : anything;
      },
    ],
  };
  const [dead] = tryConditions([readFormula(tree)], stage, budget).dead;
  return dead?.kind === "never" ? dead : undefined;
}

/** A path of plain names. */
function readNames({ node }: Variable): string[] | undefined {
  const steps = node.type === "path" && node["group"] === undefined ? asNodes(node["steps"]) : [];
  const isPlain = steps.every(
    (step) => step.type === "name" && ["stages", "predicate", "focus", "index", "tuple"].every((key) => step[key] === undefined),
  );
  return steps.length > 0 && isPlain ? steps.map(({ value }) => String(value)) : undefined;
}

/** What is said of a workflow's own threads never reaches its reflexes. */
function atEvent(reflex: MapNode, { root }: Outline): Test["at"] {
  const name = findText(root, "name")?.value;
  const kinds = listItems(reflex, "on").filter(isText);
  const isOfThreads = kinds.length > 0 && kinds.every(({ value }) => value.startsWith("nerve.thread."));
  return (names) => {
    const domain = walkType(unknown, names);
    if (name === undefined || !isOfThreads || names.join(".") !== "data.workflow") return domain;
    return { ...ofTextBut(name), why: "a workflow's reflexes are told of other workflows' threads, never of its own" };
  };
}

/** The card of whoever `agents` lets claim; loads and slots are no less than nothing. */
function atCard(role: RoleOutline): Test["at"] {
  const agents = listItems(findValue(role.node, "eligibility"), "agents").filter(isText);
  return (names) => {
    const [name, ...rest] = names;
    if (name === "id" && rest.length === 0 && agents.length > 0) return ofTexts(agents.map(({ value }) => value));
    const domain = walkType(card, names);
    const isCount = (name === "load" && rest.length === 0) || name === "capacity";
    return isCount ? { ...domain, range: name === "capacity" ? ofLengths(0) : ofOrder(">=", 0) } : domain;
  };
}
