/** A turn, performed by a model: what it is told, and its answer as an output. Asks again while the answer is none. */
import { type TurnAssigned, type TurnContext, TurnFailure, type TurnOutput } from "../agents/client.ts";
import { askModel, type Message, type ModelSettings } from "./ask-model.ts";

/** Answers to one turn that are no JSON object, before it is given up. */
const attempts = 3;

export async function performTurn(
  settings: ModelSettings,
  turn: TurnAssigned,
  { signal, usage, invalid, progress }: Pick<TurnContext, "signal" | "usage" | "invalid" | "progress">,
): Promise<TurnOutput> {
  const messages: Message[] = [
    { role: "system", content: describeRole(turn) },
    { role: "user", content: describeTurn(turn) },
  ];
  if (invalid) {
    const wrong = invalid.errors.map(({ path, message }) => `${path || "the answer"}: ${message}`).join("\n");
    messages.push(
      { role: "assistant", content: JSON.stringify(invalid.output) },
      { role: "user", content: `That was not taken:\n${wrong}\nAnswer again.` },
    );
  }
  for (let left = attempts; ; left--) {
    progress("asking the model");
    const reply = await askModel(settings, messages, signal);
    if (reply.usage) usage(reply.usage);
    const output = findObject(reply.text);
    if (output) return output;
    if (left <= 1)
      throw new TurnFailure(
        `The model gave no JSON object in ${attempts} answers; the last began ${JSON.stringify(reply.text.slice(0, 200))}.`,
      );
    messages.push(
      { role: "assistant", content: reply.text },
      { role: "user", content: "That is no JSON object. Answer with one, and nothing else." },
    );
  }
}

function describeRole({ role, workflow }: TurnAssigned): string {
  const { name, schema, ...fields } = role;
  return [
    `You hold the role "${name}" in the workflow "${workflow}".`,
    ...Object.entries(fields).map(([field, value]) => `${field}: ${typeof value === "string" ? value : JSON.stringify(value)}`),
    `Answer with one JSON object and nothing else, that fits this JSON Schema:\n${JSON.stringify(schema)}`,
    'If you cannot go on without a person, answer {"$status": "$SUSPEND", "reason": "what you need to know"} instead.',
  ].join("\n");
}

function describeTurn({ prompt, event, last, handover, resumed }: TurnAssigned): string {
  const parts = { event: { type: event.type, data: event.data ?? null }, last, handover, resumed };
  const known = Object.entries(parts).flatMap(([name, part]) => (part ? [`${name}: ${JSON.stringify(part)}`] : []));
  return [prompt, ...known].join("\n\n");
}

/** The object in a text, with or without words and fences around it. */
export function findObject(text: string): TurnOutput | undefined {
  const said = text.split("</think>").at(-1) ?? "";
  for (const each of [said, said.slice(said.indexOf("{"), said.lastIndexOf("}") + 1)]) {
    try {
      const value: unknown = JSON.parse(each);
      if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as TurnOutput;
    } catch {}
  }
  return undefined;
}
