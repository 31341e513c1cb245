/** A turn as a text for a language model: who it is, what to do, what there is to know, and what its answer must be. Knows no tool. */

import type { TurnAssigned } from "../../client/contract-types.ts";
import type { InvalidAnswer } from "../../client/handlers.ts";
import type { Json } from "../../contract/event.ts";
import type { JsonSchema } from "../../contract/json-schema/check-schema.ts";
import { describeFields } from "./describe-schema.ts";

/** Fields of a role that have their own place, or are for the engine. */
const placed = new Set(["name", "schema", "description", "goal"]);

/** How words of the language stand as headings. */
const headings: { readonly [field: string]: string } = { procedure: "How to go about it", output: "What you owe" };

/** @param invalid why the answer before was not taken */
export function makePrompt(turn: TurnAssigned, invalid?: InvalidAnswer & { printed?: string }): string {
  const { role, prompt, event, last, handover, resumed, location } = turn;
  const { description, goal } = role as { [field: string]: Json | undefined };
  const sections = [
    `You hold the role "${role.name}" in the workflow "${turn.workflow}".${typeof description === "string" ? ` ${description}` : ""}`,
    ...(typeof goal === "string" ? [section("Your goal", goal)] : []),
    ...Object.entries(role).flatMap(([field, value]) =>
      placed.has(field) || value === null ? [] : [section(headings[field] ?? field, write(value))],
    ),
    section("What to do now", prompt.trim() === "" ? "Do what your role is for." : prompt),
    ...(location === undefined ? [] : [section("Where", location)]),
    section(`What began this: an event of kind ${event.type}`, write(event.data ?? null)),
    ...(last
      ? [section(`The answer before yours, by the role ${last.role}`, `${write(last.output)}${last.body ? `\n\n${last.body}` : ""}`)]
      : []),
    ...(handover ? [section("What is done already", describeHandover(handover))] : []),
    ...(resumed ? [section(`The work was halted (${resumed.reason}) and goes on; a person added`, write(resumed.supplement))] : []),
    section("Your answer", describeAnswer(role["schema"] as JsonSchema)),
    ...(invalid ? [section("Your answer before this was not taken", describeInvalid(invalid))] : []),
  ];
  return `${sections.join("\n\n")}\n`;
}

function section(title: string, text: string): string {
  return `# ${title}\n\n${text.trim()}`;
}

/** Texts as they are, all else as JSON in a fence. */
function write(value: Json): string {
  return typeof value === "string" ? value : fence(JSON.stringify(value, null, 2));
}

/** A fence that no text within ends. */
function fence(text: string): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map(({ length }) => length));
  const marks = "`".repeat(longest + 1);
  return `${marks}json\n${text}\n${marks}`;
}

function describeHandover({ agent, reason, progress, thread }: NonNullable<TurnAssigned["handover"]>): string {
  const steps = thread.messages.map(({ round, role, output }) => `Step ${round}, by ${role}:\n${write(output)}`);
  const done = progress
    ? [`It said last how far it was: ${progress.note ?? ""}\n${progress.details === null ? "" : write(progress.details)}`]
    : [];
  return [`You take this over from ${agent} (${reason}).`, ...done, ...steps].join("\n\n");
}

function describeAnswer(schema: JsonSchema | undefined): string {
  const fields = describeFields(schema);
  return [
    "Answer with one JSON object and nothing else: no sentence before it or after it, no comments in it.",
    ...(fields.length > 0 ? [`It has these fields:\n${fields.join("\n")}`] : []),
    ...(typeof schema === "object" ? [`It must fit this JSON Schema:\n${fence(JSON.stringify(schema, null, 2))}`] : []),
    'If you cannot go on without a person, answer {"$status": "$SUSPEND", "reason": "what you need to know"} instead.',
  ].join("\n\n");
}

function describeInvalid({ errors, output, printed, left }: InvalidAnswer & { printed?: string }): string {
  const said = printed ?? JSON.stringify(output, null, 2);
  const wrong = errors.map(({ path, message }) => `- ${path === "" ? "" : `\`${path}\`: `}${message}`).join("\n");
  return `You answered:\n${fence(said)}\n\nWhat is wrong with it:\n${wrong}\n\nAnswer again, in full. ${left === 1 ? "It is the last time that you can." : ""}`;
}
