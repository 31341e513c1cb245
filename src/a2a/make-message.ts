/** What a remote agent is told of a turn: the prompt as text, all else as data. */
import { type Message, type Part, Role } from "@a2a-js/sdk";
import type { InvalidAnswer } from "../client/handlers.ts";
import type { Json } from "../contract/event.ts";
import type { TurnAssigned } from "../contract/kinds/turn.ts";
import type { RemoteTask } from "./remote-tasks.ts";

const textPart = (value: string): Part => ({
  content: { $case: "text", value },
  metadata: undefined,
  filename: "",
  mediaType: "text/plain",
});
const dataPart = (value: Json): Part => ({
  content: { $case: "data", value },
  metadata: undefined,
  filename: "",
  mediaType: "application/json",
});

/** The turn, for an agent that knows nothing of workflows. */
export function tellTurn(turn: TurnAssigned): Part[] {
  const { role, prompt, location, workflow, thread, round, deadline, event, last, resumed, handover } = turn;
  const { schema, name, ...fields } = role;
  const ask = "Answer with one JSON object that fits `schema`, as a part of data or as text.";
  return [
    textPart([prompt, location === undefined ? "" : `Where: ${location}`, ask].filter(Boolean).join("\n\n")),
    dataPart({
      ...{ schema, role: { name, ...fields }, workflow, thread, round, deadline },
      event: { type: event.type, source: event.source, data: event.data ?? null },
      last,
      ...(resumed && { resumed }),
      ...(handover && { handover: handover as Json }),
    } as Json),
  ];
}

/** What a person added to a thread that was suspended for what the remote agent had asked. */
export function tellSupplement(supplement: Json): Part[] {
  return [typeof supplement === "string" ? textPart(supplement) : dataPart(supplement)];
}

/** Why an answer was not taken. */
export function tellInvalid({ errors, left }: Pick<InvalidAnswer, "errors" | "left">): Part[] {
  const said = errors.map(({ path, message }) => `${path || "the output"}: ${message}`).join("\n");
  return [textPart(`Your answer was not taken:\n${said}\nAnswer again with one JSON object that fits the schema; ${left} left.`)];
}

/** The message that these parts are. By the turn and its number it is the same again after a restart. */
export function makeMessage(parts: Part[], { turn, taskId, contextId, sent }: RemoteTask, referenceTaskIds: string[] = []): Message {
  return {
    ...{ messageId: `nerveflare.${turn}.${sent}`, contextId, taskId, role: Role.ROLE_USER, parts },
    ...{ metadata: undefined, extensions: [], referenceTaskIds },
  };
}
