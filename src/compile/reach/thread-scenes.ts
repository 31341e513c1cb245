/** What conditions see at a node: in which ways its last step may have come to be, and what may stand there then. */
import { type EngineStatus, engineStatuses } from "../../contract/language.ts";
import type { ExpressionNode } from "../expressions/parse-expression.ts";
import { asNode, asNodes } from "../expressions/walk.ts";
import { broadcastOf } from "../meaning/engine-types.ts";
import { type Type, unknown } from "../meaning/type.ts";
import { absence, anything, type Domain, joinDomains, ofCount, ofEmpty, ofTexts, truth } from "./domain.ts";
import type { Scene, Stage } from "./exhaust.ts";
import type { Variable } from "./formula.ts";
import { walkType } from "./walk-type.ts";

/** A role, as far as its steps depend on it. */
export interface Player {
  name: string;
  isBroadcast: boolean;
  /** An agent's answer. */
  answer: Type;
  /** What the engine says in its place that reaches the graph. */
  given: readonly EngineStatus[];
  /** Answers that a broadcast waits for. */
  need: string | number;
}

export interface Thread {
  players: ReadonlyMap<string, Player>;
  /** The data of the event that started it. */
  input: Type;
  maxRounds: number;
}

/** A value that conditions read. */
type Place =
  | { of: "last"; names: string[] }
  | { of: "answer"; role: string; which: "first" | "last"; names: string[] }
  | { of: "data"; names: string[] }
  | { of: "role" }
  | { of: "steps" }
  | { of: "stepsOf"; role: string };

/** Ways in which a step may be, at most: of more, what they have in common counts. */
const scenesAtMost = 24;

/** What a variable reads, and what it counts. */
interface Reading {
  place: Place | undefined;
  counted: boolean;
}

/** Makes what says what may stand at the nodes of a thread. */
export function createStages(thread: Thread): (node: string) => Stage {
  const known = new WeakMap<Variable, Reading>();
  const read = (variable: Variable): Reading => {
    let reading = known.get(variable);
    if (!reading) {
      const counted = readCounted(variable.node);
      reading = { place: readPlace(counted ?? variable.node), counted: counted !== undefined };
      known.set(variable, reading);
    }
    return reading;
  };
  return (node) => {
    const player = thread.players.get(node);
    const isAnswered = player?.given.every((status) => engineStatuses[status].agents) === true;
    // The role's latest answer is the last step, where agents alone make its steps.
    const settle = (place: Place | undefined): Place | undefined =>
      place?.of === "answer" && place.which === "last" && place.role === node && isAnswered ? { of: "last", names: place.names } : place;
    const outputs = node === "$START" ? [undefined] : listOutputs(player);
    return {
      nameValue(variable) {
        const { place, counted } = read(variable);
        return place ? `${counted}${JSON.stringify(settle(place))}` : variable.key;
      },
      scenes: outputs.map((output): Scene => {
        const setting: Setting = { node, output, thread };
        return (variable) => {
          const { place, counted } = read(variable);
          if (counted) return countPlace(settle(place), setting);
          const { type, value } = variable.node;
          if (type === "binary") return ["=", "!=", "in"].includes(String(value)) ? truth : anything;
          return placeDomain(settle(place), setting);
        };
      }),
    };
  };
}

/** What a step's output may be: fields by path. */
type Output = (names: readonly string[]) => Domain;

function listOutputs(player: Player | undefined): Output[] {
  if (!player) return [() => anything];
  const made = player.given.map((status) => (player.isBroadcast ? ofBroadcast(player, status) : ofEngine(status)));
  return player.isBroadcast ? made : [...listAnswers(player.answer), ...made];
}

function listAnswers(answer: Type): Output[] {
  const { objects } = answer;
  if (answer.any || objects.length === 0 || objects.length > scenesAtMost)
    return [(names) => withoutEngine(names, objects.length === 0 ? anything : walkType(answer, names))];
  return objects.map((fields) => (names) => withoutEngine(names, walkType({ ...ofObjects, objects: [fields] }, names)));
}

const ofObjects: Type = { scalars: new Map(), objects: [], lists: [] };

const ownStatuses = new Set([...Object.keys(engineStatuses), "$SUSPEND"]);

/** Agents can't say what is the engine's to say, and who says `$SUSPEND` is not decided on. */
function withoutEngine([name, ...rest]: readonly string[], domain: Domain): Domain {
  return name === "$status" && rest.length === 0 ? { ...domain, except: ownStatuses } : domain;
}

function ofEngine(status: EngineStatus): Output {
  return ([name, ...rest]) => (name === "$status" && rest.length === 0 ? ofTexts([status]) : anything);
}

function ofBroadcast({ name: role, need }: Player, status: EngineStatus): Output {
  const all = need === "all" && status === "$ACKED";
  return ([name, ...rest]) => {
    if (name !== undefined && !broadcastOf(unknown).objects.some(({ names }) => names.includes(name)))
      return { ...absence, why: `what the broadcast \`${role}\` gives has no \`${name}\`` };
    if (name === "$status" && rest.length === 0) return ofTexts([status]);
    if ((name === "failed" || name === "missing") && all)
      return rest.length > 0
        ? absence
        : ofEmpty(`\`${name}\` is always empty here: where not all acknowledge, the thread is suspended before the graph is asked`);
    return anything;
  };
}

interface Setting {
  node: string;
  /** Of the last step; undefined where there is none. */
  output: Output | undefined;
  thread: Thread;
}

function placeDomain(place: Place | undefined, { node, output, thread }: Setting): Domain {
  switch (place?.of) {
    case "last":
      return output ? output(place.names) : absence;
    case "role":
      return output ? ofTexts([node], `the last step here is always that of \`${node}\``) : absence;
    case "data":
      return walkType(thread.input, place.names);
    case "answer": {
      const outputs = thread.players.has(place.role) ? listOutputs(thread.players.get(place.role)) : [];
      const known = node === "$START" ? [] : outputs.map((of) => of(place.names));
      return joinDomains([absence, ...known]);
    }
    case "steps":
    case "stepsOf":
    case undefined:
      return anything;
    default:
      return place satisfies never;
  }
}

/** How many there are. */
function countPlace(place: Place | undefined, setting: Setting): Domain {
  const { node, output, thread } = setting;
  const most = thread.maxRounds;
  const count = (least: number): Domain =>
    output
      ? ofCount(least, most, `the thread has had ${least} to ${most} such turns here (\`max_rounds\`)`)
      : ofCount(0, 0, "a thread begins without steps");
  if (place?.of === "steps") return count(1);
  if (place?.of === "stepsOf") return count(place.role === node ? 1 : 0);
  const domain = placeDomain(place, setting);
  const { lists, maps, scalars, absent, count: items, why } = domain;
  const isList = lists && !maps && scalars.size === 0 && items !== undefined;
  return isList ? ofCount(absent ? 0 : items.least, items.most, why) : ofCount(0);
}

function readCounted(tree: ExpressionNode): ExpressionNode | undefined {
  if (tree.type !== "function" || asNode(tree["procedure"])?.value !== "count") return undefined;
  const [argument, ...others] = asNodes(tree["arguments"]);
  return others.length === 0 ? argument : undefined;
}

function readPlace(tree: ExpressionNode): Place | undefined {
  if (tree.type === "function") return readAnswer(tree, []);
  if (tree.type !== "path" || tree["group"] !== undefined || tree["keepSingletonArray"] !== undefined) return undefined;
  const [first, ...rest] = asNodes(tree["steps"]);
  if (!first || rest.some((step) => step.type !== "name" || step["stages"] !== undefined || step["predicate"] !== undefined))
    return undefined;
  if (["focus", "index", "tuple"].some((key) => [first, ...rest].some((step) => step[key] !== undefined))) return undefined;
  const names = rest.map(({ value }) => String(value));
  if (first.type === "function") return readAnswer(first, names);
  if (first["predicate"] !== undefined) return undefined;
  if (first.type === "variable" && first.value === "event" && names[0] === "data" && first["stages"] === undefined)
    return { of: "data", names: names.slice(1) };
  if (first.type !== "name") return undefined;
  if (first.value === "start" && first["stages"] === undefined && names[0] === "event" && names[1] === "data")
    return { of: "data", names: names.slice(2) };
  return first.value === "steps" ? readStep(first, names) : undefined;
}

function readStep(steps: ExpressionNode, [name, ...rest]: readonly string[]): Place | undefined {
  const stages = asNodes(steps["stages"]);
  if (stages.length === 0) return name === undefined ? { of: "steps" } : undefined;
  const [only, ...others] = stages;
  const test = asNode(only?.["expr"]);
  if (!test || others.length > 0) return undefined;
  const isLast =
    (test.type === "number" && test.value === -1) ||
    (test.type === "unary" && test.value === "-" && asNode(test["expression"])?.value === 1);
  if (isLast) return name === "output" ? { of: "last", names: rest } : name === "role" && rest.length === 0 ? { of: "role" } : undefined;
  const [field, constant] = [asNode(test["lhs"]), asNode(test["rhs"])];
  const [step, ...deeper] = asNodes(field?.["steps"]);
  const isOfRole =
    test.type === "binary" && test.value === "=" && step?.value === "role" && step["stages"] === undefined && deeper.length === 0;
  return isOfRole && constant?.type === "string" && name === undefined ? { of: "stepsOf", role: String(constant.value) } : undefined;
}

function readAnswer(call: ExpressionNode, names: string[]): Place | undefined {
  const which = asNode(call["procedure"])?.value;
  const [role, ...others] = asNodes(call["arguments"]);
  if ((which !== "last" && which !== "first") || role?.type !== "string" || others.length > 0) return undefined;
  return { of: "answer", role: String(role.value), which, names };
}
