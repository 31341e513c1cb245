/** A walk as a file: the event, and what is done step by step, each with what it must lead to. JSON or YAML. */
import { readFileSync } from "node:fs";
import * as z from "zod";
import type { Json } from "../contract/event.ts";
import { saidUsage } from "../contract/kinds/usage.ts";
import { signals, wordsOf } from "../contract/language.ts";
import { pointAt, readTyped } from "./read-typed.ts";
import { ScriptError } from "./script-error.ts";
import { childEndings, type Move, type MoveResult } from "./simulation.ts";

const object = z.record(z.string(), z.json());

/** What a step must lead to; what is absent is not compared. */
const expectation = z.strictObject({
  /** Labels of the edges that are taken. */
  decisions: z.array(z.string()).optional(),
  /** Whose turn it is then; null: nobody's. */
  turn: z.string().nullable().optional(),
  status: z.string().optional(),
  prompt: z.string().optional(),
  refused: z.boolean().optional(),
});

const step = z.strictObject({
  /** Whose turn it must be. */
  role: z.string().optional(),
  answer: object.optional(),
  /** What the answer's work took, where a budget counts it. */
  usage: saidUsage.optional(),
  do: z.enum(["timeout", ...wordsOf(signals)]).optional(),
  fail: z.string().optional(),
  child: z.enum(childEndings).optional(),
  expect: expectation.optional(),
});

const script = z.strictObject({
  workflow: z.string().optional(),
  event: object.optional(),
  start: expectation.optional(),
  steps: z.array(step),
});

export type Expectation = z.infer<typeof expectation>;
export type ScriptStep = z.infer<typeof step>;
export type Script = z.infer<typeof script>;

/** Reads a script; a bare list is its steps, and a bare answer one of them. @throws {ScriptError} where it is none */
export function readScript(file: string): Script {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new ScriptError(`${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
  const typed = readTyped(text);
  if (typed.ok) return parseScript(typed.value, file);
  const { line, column, excerpt } = pointAt(text, typed.at);
  throw new ScriptError(`${file}:${line}:${column}: ${typed.message}\n${excerpt}`);
}

const words = new Set(["role", "answer", "usage", "do", "fail", "child", "expect"]);

/** A list may hold the answers alone. */
function spellOut(value: unknown): unknown {
  if (typeof value === "string") return value === "fail" ? { fail: "failed" } : { do: value };
  if (typeof value !== "object" || value === null || Object.keys(value).some((key) => words.has(key))) return value;
  return { answer: value };
}

/** @throws {ScriptError} where the value is no script */
export function parseScript(value: unknown, file: string): Script {
  const parsed = script.safeParse(Array.isArray(value) ? { steps: value.map(spellOut) } : value);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0] ?? { path: [], message: "" };
  throw new ScriptError(`${file} is no script: ${path.join(".") || "the whole"}: ${message}`, {
    hint: "A script is {event, steps: [{answer: {…}} | {do: timeout} | {fail: text} | {child: completed}]}, or a list of answers.",
  });
}

/** What a step does. @throws {ScriptError} where it does nothing, or two things */
export function toMove(step: ScriptStep): Move {
  const moves: Move[] = [
    ...(step.answer === undefined
      ? []
      : [{ do: "answer" as const, output: step.answer as { [key: string]: Json }, ...(step.usage && { usage: step.usage }) }]),
    ...(step.do === undefined ? [] : [{ do: step.do }]),
    ...(step.fail === undefined ? [] : [{ do: "fail" as const, error: step.fail }]),
    ...(step.child === undefined ? [] : [{ do: "child" as const, status: step.child }]),
  ];
  const [move, ...more] = moves;
  if (move && more.length === 0) return move;
  throw new ScriptError(`a step does one of answer, do, fail, child: ${JSON.stringify(step)}`);
}

/** The step of a script that does this move. */
export function fromMove(move: Move): ScriptStep {
  switch (move.do) {
    case "answer":
      return { answer: move.output, ...(move.usage && { usage: move.usage }) };
    case "fail":
      return { fail: move.error };
    case "child":
      return { child: move.status };
    case "timeout":
    case "suspend":
    case "resume":
    case "cancel":
      return { do: move.do };
    default:
      return move satisfies never;
  }
}

/** What a move led to, as a script expects it. */
export function toExpectation({ decisions, view, refused }: MoveResult): Expectation {
  return {
    ...(refused === undefined ? {} : { refused: true }),
    ...(decisions.length > 0 ? { decisions: decisions.map(({ label }) => label) } : {}),
    turn: view.turn?.role ?? null,
    status: view.status,
    ...(view.turn ? { prompt: view.turn.prompt } : {}),
  };
}

/** How what happened differs from what was expected; a line per difference. */
export function compare(expected: Expectation | undefined, result: MoveResult): string[] {
  if (!expected) return [];
  const actual: Expectation = { refused: false, decisions: [], ...toExpectation(result) };
  return Object.entries(expected).flatMap(([name, value]) => {
    const was = actual[name as keyof Expectation];
    return JSON.stringify(was) === JSON.stringify(value) ? [] : [`${name} is ${JSON.stringify(was ?? null)}, not ${JSON.stringify(value)}`];
  });
}
