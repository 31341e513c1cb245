/** What a model is shown of turns, offers and threads: Markdown, each part bounded, with where the rest of it is read. */
import type { OfferOpened, Step, TurnAssigned } from "../client/contract-types.ts";
import type { Json } from "../contract/event.ts";
import { addressSteps, addressTurn, type TurnPart } from "./addresses.ts";
import { cut, showJson } from "./cut.ts";
import { mcpLimits } from "./limits.ts";
import { describeMisfit } from "./refusals.ts";
import type { TurnInHand } from "./turns-in-hand.ts";

/** A text, and the resources that hold what was cut of it. */
export interface Shown {
  text: string;
  rest: { uri: string; name: string }[];
  /** Nobody saw it: the call was cancelled before it had its result. */
  unseen?: () => void;
}

/** One part of a turn, whole. Undefined where the turn has none. */
export function readPart(turn: TurnAssigned, part: TurnPart): string | undefined {
  switch (part) {
    case "prompt":
      return turn.prompt;
    case "role":
      return showRole(turn);
    case "event":
      return showJson(turn.event);
    case "last":
      return turn.last ? showAnswer(turn.last) : undefined;
    case "handover":
      return turn.handover && showJson(turn.handover);
    case "schema":
      return showJson(turn.role.schema);
    case "turn":
      return showJson(turn);
    default:
      part satisfies never;
      return undefined;
  }
}

/** A turn as `wait_for_turn` and `get_turn` show it. @param now milliseconds since the epoch */
export function showTurn({ turn, invalid, sending }: Pick<TurnInHand, "turn" | "invalid" | "sending">, now: number): Shown {
  const rest: Shown["rest"] = [];
  const show = (title: string, part: TurnPart, most: number): string[] => {
    const whole = readPart(turn, part);
    if (whole === undefined || whole === "") return [];
    const uri = addressTurn(turn.turn, part);
    const shown = cut(whole, most, `for the rest call \`get_turn\` with part "${part}", or read ${uri}`);
    if (shown.cut) rest.push({ uri, name: `${title}, turn ${turn.turn}` });
    return [`## ${title}`, part === "schema" || part === "event" ? fence(shown.text) : shown.text];
  };
  const { workflow, role, resumed, location } = turn;
  const lines = [
    `# Turn ${turn.turn}`,
    [
      `You hold the role **${role.name}** of the workflow **${workflow}**, thread ${turn.thread}, round ${turn.round}.`,
      `Answer by \`respond\` with \`turn\`: "${turn.turn}" ${describeDeadline(turn.deadline, now)}.`,
      ...(sending ? ["Your answer is on its way to the server: do not answer again."] : []),
    ].join(" "),
    ...(invalid ? [`## Your answer before was refused`, `${describeMisfit(invalid.errors)} Tries left: ${invalid.left}.`] : []),
    ...(resumed ? ["## The thread was resumed", showResumed(resumed)] : []),
    ...show("What to do", "prompt", mcpLimits.promptBytes),
    ...(location === undefined ? [] : ["## Where", location]),
    ...show("The role", "role", mcpLimits.roleBytes),
    ...show("The answer before", "last", mcpLimits.lastBytes),
    ...show("Handed over to you", "handover", mcpLimits.handoverBytes),
    ...show("The event that began the thread", "event", mcpLimits.eventBytes),
    ...show("The JSON Schema of `output`", "schema", mcpLimits.schemaBytes),
    `The thread's earlier steps: call \`thread\`, or read ${addressSteps(turn.thread)}.`,
  ];
  return { text: lines.join("\n\n"), rest };
}

function describeDeadline(deadline: string, now: number): string {
  const left = Date.parse(deadline) - now;
  if (Number.isNaN(left)) return `before ${deadline}`;
  const minutes = Math.max(0, Math.round(left / 60_000));
  const time =
    minutes < 120 ? `${minutes} min` : minutes < 48 * 60 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1_440)} days`;
  return `before ${deadline} (in ${time})`;
}

function showResumed({ reason, supplement }: { reason: string; supplement: Json }): string {
  const added =
    supplement === null
      ? ""
      : `\nA person added, and your answer must know of it:\n${fence(cut(showJson(supplement), mcpLimits.lastBytes, "see get_turn with part turn").text)}`;
  return `${reason || "No reason was given."}${added}`;
}

/** Fields of a role that say how to do it; its schema has a part of its own. */
function showRole({ role }: TurnAssigned): string {
  return Object.entries(role)
    .filter(([name, value]) => name !== "name" && name !== "schema" && value !== undefined)
    .map(([name, value]) => `- **${name}**: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("\n");
}

function showAnswer({
  role,
  agent,
  output,
  body,
}: {
  role: string;
  agent: string | null;
  output: Json;
  body?: string | undefined;
}): string {
  return [`By ${role}${agent === null ? "" : ` (${agent})`}:`, fence(showJson(output)), ...(body === undefined ? [] : [body])].join("\n\n");
}

/** A fence that what stands in it does not close. */
function fence(text: string): string {
  const longest = Math.max(2, ...(text.match(/`{3,}/g) ?? []).map((ticks) => ticks.length));
  const ticks = "`".repeat(longest + 1);
  return `${ticks}json\n${text}\n${ticks}`;
}

/** A turn in a line, where several are open. */
export function listTurn({ turn, shown, sending }: TurnInHand): string {
  const state = sending ? "its answer is on its way" : shown ? "not answered yet" : "not shown yet";
  return `- ${turn.turn}: ${turn.workflow}/${turn.role.name}, thread ${turn.thread}, until ${turn.deadline}; ${state}`;
}

/** Offers that are open, each in a few lines. */
export function showOffers(offers: readonly OfferOpened[]): string {
  const shown = offers.slice(0, mcpLimits.offers).map(({ offer, workflow, role, goal, requires, bind, turn, expires, thread }) => {
    const asks = requires.length > 0 ? `; asks for ${requires.join(", ")}` : "";
    const bound = bind === "turn" ? "for one turn" : "for the whole thread";
    const aim = cut(goal, 500, "claim it for the rest").text;
    return `- **${offer}**: ${workflow}/${role}, ${bound}, ${turn.timeout} a turn${asks}. Thread ${thread}, open until ${expires}.\n  ${aim}`;
  });
  const more = offers.length - shown.length;
  return [...shown, ...(more > 0 ? [`- and ${more} more`] : [])].join("\n");
}

type Message = Step & { decision?: { to: string; prompt: string | null; because: string } | undefined };

/** Steps of a thread, as many as fit. @returns `next`: the round after which the next page begins */
export function showSteps(messages: readonly Message[], most: number): { text: string; shown: number } {
  const lines: string[] = [];
  let bytes = 0;
  for (const message of messages) {
    const line = showStep(message, most);
    bytes += Buffer.byteLength(line) + 2;
    if (bytes > most && lines.length > 0) break;
    lines.push(line);
  }
  return { text: lines.join("\n\n"), shown: lines.length };
}

function showStep({ round, role, agent, output, body, at, by, decision }: Message, most: number): string {
  const who = by === undefined ? (agent ?? "the engine") : `the operator ${by}`;
  const said = [showJson(output), ...(body === undefined ? [] : [body])].join("\n");
  return [
    `### ${round}. ${role} (${who}), ${at}`,
    cut(said, Math.floor(most * 0.8), "read the resource of the thread's messages for the rest").text,
    ...(decision ? [`Then: ${decision.to}, because ${decision.because}.`] : []),
  ].join("\n");
}
