/** The types of a workflow's values, by its schemas; each is made when it is asked for. */
import type { Json } from "../../contract/event.ts";
import { isEngineStatus } from "../../contract/language.ts";
import { broadcastOf, engineOutput, eventOf, stepOf } from "../meaning/engine-types.ts";
import { createTypeReader } from "../meaning/read-type.ts";
import { join, narrow, ofList, type Type, unknown } from "../meaning/type.ts";
import type { SourceNode } from "../source/node.ts";
import { findValue } from "../source/node.ts";
import type { Outline, RoleOutline } from "./outline.ts";

export interface Meaning {
  /** The data of the event that starts a thread. */
  input: Type;
  event: Type;
  /** An agent's answer. */
  answerOf(role: string): Type;
  /** What a role's turn gives in the end: of a broadcast all answers. */
  outputOf(role: string): Type;
  steps: Type;
  /** The last step at an edge; undefined edge: at any of the node. */
  lastAt(node: string, edge?: string): Type;
}

/** Makes the types of a file. */
export function createMeaning(outline: Outline): Meaning {
  const answers = new Map<string, Type>();
  const answerOf = remember(answers, (name) => readAnswer(outline.roles.get(name)));
  const outputOf = remember(new Map<string, Type>(), (name) => {
    const answer = answerOf(name);
    return outline.roles.get(name)?.type === "broadcast" ? broadcastOf(answer) : answer;
  });
  const step = remember(new Map<string, Type>(), (name) => stepOf(name, withEngine(outputOf(name))));
  const input = findValue(outline.root, "input");
  const data = input?.kind === "map" ? createReader(input, true).read("`input`") : unknown;
  const all = join([...outline.roles.keys()].map(step));
  return {
    input: data,
    event: eventOf(data),
    answerOf,
    outputOf,
    steps: outline.rolesUnknown ? unknown : ofList(() => all),
    lastAt(node, edge) {
      if (!outline.roles.has(node)) return unknown;
      if (edge === undefined) return step(node);
      const output = outputOf(node);
      return stepOf(node, isEngineStatus(edge) ? withEngine(output) : narrow(output, ["$status"], edge));
    },
  };
}

/** An answer, or what the engine says in its place. */
function withEngine(output: Type): Type {
  return output.any ? output : join([output, engineOutput]);
}

function remember(known: Map<string, Type>, make: (name: string) => Type): (name: string) => Type {
  return (name) => {
    const type = known.get(name) ?? make(name);
    known.set(name, type);
    return type;
  };
}

function readAnswer(role: RoleOutline | undefined): Type {
  if (role?.schema?.kind !== "map") return unknown;
  return createReader(role.schema, false).read(`an answer of \`${role.name}\``);
}

function createReader(schema: SourceNode, strict: boolean): { read(label: string): Type } {
  const json = withoutHoles(schema);
  const reader = createTypeReader(json, strict);
  return { read: (label) => reader.read(json, label) };
}

/** The plain value; what could not be had says nothing. */
function withoutHoles(node: SourceNode): Json {
  if (node.kind === "scalar") return node.hole ? true : node.value;
  if (node.kind === "list") return node.items.map(withoutHoles);
  return Object.fromEntries(node.entries.map(({ key, value }) => [key, withoutHoles(value)]));
}
