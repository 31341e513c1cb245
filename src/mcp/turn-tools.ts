/** The tools by which a model performs a turn: sees it, tells how far it is, answers it, or gives it up. */
import * as z from "zod";
import type { Agent } from "../client/agent.ts";
import type { Json } from "../contract/event.ts";
import { countBytes, cutToBytes, limits } from "../contract/limits.ts";
import { isTurnPart, type TurnPart, turnParts } from "./addresses.ts";
import { takePage } from "./cut.ts";
import { mcpLimits } from "./limits.ts";
import { readAnswer, readTurnId } from "./read-answer.ts";
import { refuse, refuseAnswer } from "./refusals.ts";
import { makeRespondSchema } from "./respond-schema.ts";
import { listTurn, readPart, type Shown, showTurn } from "./show.ts";
import { createTool, type Given, say, type Tool, type ToolCall, within } from "./tool.ts";
import { type EndedTurn, identifyAnswer, type Settled, type TurnInHand } from "./turns-in-hand.ts";
import type { Worker } from "./worker.ts";

const turnId = z.string().describe("The id of the turn, as `wait_for_turn` gave it.");

/** Finds an open turn. @throws Refusal that says whether it is over, in another process, or unknown */
async function findTurn(given: unknown, call: ToolCall): Promise<TurnInHand> {
  const { worker } = call;
  const { turns } = worker;
  const { agent } = worker.use();
  const list = () => turns.open().map(({ turn }) => turn.turn);
  const id = readTurnId(given, list());
  const isKnown = () => turns.find(id) ?? turns.findEnded(id);
  const elsewhere = isKnown() ? false : await awaitGiven(id, agent, call);
  const found = turns.find(id);
  if (found) return found;
  const open = list();
  const ended = turns.findEnded(id);
  if (ended) throw refuse("turn_over", `Turn ${id} is over: ${describeEnd(ended)} Drop the work on it, and call \`wait_for_turn\`.`);
  const others = open.length > 0 ? `Open are ${open.join(", ")}: take one of these.` : "None is open: call `wait_for_turn`.";
  const why = elsewhere
    ? `Another process of the same agent has turn ${id}, and is to answer it.`
    : `No turn ${id} is in your hand: it is over, or never was yours.`;
  throw refuse("not_found", `${why} ${others}`);
}

/** A turn of an earlier run of this process is given again when it connects. @returns whether another process has it */
async function awaitGiven(id: string, agent: Agent, { worker, signal, now }: ToolCall): Promise<boolean> {
  const me = await agent.me();
  if (!me.turns.some(({ turn }) => turn === id)) return false;
  if (me.elsewhere?.includes(id)) return true;
  const until = now() + mcpLimits.givenMs;
  while (!worker.turns.find(id) && now() < until && !signal.aborted) await worker.change(worker.changes(), until - now(), signal);
  return false;
}

function describeEnd({ how, message }: EndedTurn): string {
  if (how === "answered") return "you have answered it, and that answer counts.";
  if (how === "failed") return "it failed.";
  return `${message.replace(/\.$/, "")}.`;
}

/** Beside the arguments' own shape a part is one of few words. */
const partNames = Object.keys(turnParts) as [TurnPart, ...TurnPart[]];

export const getTurn = createTool({
  name: "get_turn",
  title: "Show a turn again",
  description:
    "Shows a turn that is in your hand again, or, without `turn`, lists them. With `part` it gives one part of it whole, page by page: for what was cut.",
  input: z.object({
    turn: turnId.optional(),
    part: z
      .enum(partNames)
      .optional()
      .describe(
        Object.entries(turnParts)
          .map(([name, is]) => `${name}: ${is}`)
          .join(" "),
      ),
    from: z.int().min(0).optional().describe("Where the page begins: a character of the part, as the page before said."),
  }),
  reads: true,
  async run({ turn, part, from = 0 }, call) {
    const { worker, now } = call;
    worker.use();
    const open = worker.turns.open();
    if (turn === undefined && part === undefined) {
      if (open.length === 0) return say("No turn is in hand. Call `wait_for_turn`.");
      return say(`In hand:\n\n${open.map(listTurn).join("\n")}`);
    }
    const found = await findTurn(turn ?? (open.length === 1 ? open[0]?.turn.turn : undefined), call);
    if (part === undefined || !isTurnPart(part)) {
      found.shown = true;
      return showTurn(found, now());
    }
    const whole = readPart(found.turn, part);
    if (whole === undefined) return say(`The turn has no ${part}.`);
    const page = takePage(whole, from, mcpLimits.pageBytes);
    const more = page.next === undefined ? "" : `\n[more: call \`get_turn\` with part "${part}" and from ${page.next}]`;
    return say(`${page.text}${more}`);
  },
});

export const reportProgress = createTool({
  name: "report_progress",
  title: "Report progress",
  description:
    "Tells the thread how far a turn is. `details` travel to whoever takes the turn over should you vanish: put in what they need to go on. It moves no deadline.",
  input: z.object({
    turn: turnId,
    note: z.string().min(1).describe("One line for people."),
    details: z.unknown().optional().describe("JSON: what is done, what is found, what is left."),
  }),
  async run({ turn, note, details }, call) {
    const found = await findTurn(turn, call);
    const bytes = countBytes(JSON.stringify(details ?? null));
    const most = limits.eventBytes - mcpLimits.envelopeBytes;
    if (bytes > most)
      throw refuse("too_large", `\`details\` has ${bytes} bytes, at most ${most} are taken: give what whoever goes on needs, and no more.`);
    const { lease, deadline } = found.turn;
    const said = { note: cutToBytes(note, mcpLimits.noteBytes), ...(details !== undefined && { details: details as Json }) };
    const data = { turn: found.turn.turn, lease: lease.generation, ...said };
    // Not by the context's own `progress`, which never says that the turn is over.
    const sent = await within(mcpLimits.settleMs, found.context.send({ type: "nerve.turn.progress", data }), call.signal);
    if (!sent) return say("The server does not answer yet: it is told as soon as it does. Go on.");
    return say(`Noted. The turn is yours until ${deadline}.`);
  },
});

/** Its input schema follows the turns that are open. */
export const respond: Tool = {
  name: "respond",
  title: "Answer a turn",
  description:
    "Answers a turn with `output`: one JSON object of the role's schema, as the turn showed it. It counts once. Where it is refused the result says the one thing to change: mend that and call `respond` again.",
  inputSchema: ({ turns }) =>
    makeRespondSchema(
      turns.open().map(({ turn }) => ({ turn: turn.turn, workflow: turn.workflow, role: turn.role as { name: string; schema: Json } })),
    ),
  async run(given: Given, call: ToolCall): Promise<Shown> {
    const { worker, signal } = call;
    worker.use();
    const repeated = readRepeat(given, worker);
    if (repeated) return repeated;
    const found = await findTurn(given["turn"], call);
    const id = found.turn.turn;
    // The same call again, as after a time-out of the client: it waits for the answer that is on its way.
    const under = worker.turns.settled(id);
    const settled = under ?? worker.turns.answer(id, readAnswer(given, found.turn));
    return tellSettled(id, await within(mcpLimits.settleMs, settled, signal), under !== undefined);
  },
};

/** An answer that was given before: the same again is no fault, another one is. */
function readRepeat(given: Given, { turns }: Worker): Shown | undefined {
  const { turn: id, output, body } = given;
  const ended = typeof id === "string" ? turns.findEnded(id) : undefined;
  if (ended?.how !== "answered" || ended.answer === undefined) return undefined;
  if (identifyAnswer({ output: output as { [field: string]: Json }, body: body as string | undefined }) !== ended.answer) return undefined;
  return say(`Turn ${id} has this answer already, and it counts. There is nothing to do: call \`wait_for_turn\`.`);
}

function tellSettled(id: string, settled: Settled | undefined, again: boolean): Shown {
  if (settled === undefined) {
    return say(
      `The answer to turn ${id} is on its way: the server has not said yet that it counts. It is sent again by itself as long as this process lives. Do not answer again; call \`wait_for_turn\`, which tells if it is refused.`,
    );
  }
  if (settled.kind === "invalid") throw refuseAnswer(settled.invalid);
  const { how, message, code } = settled.ended;
  if (how === "answered") {
    const first = again ? "The answer that you gave first counts" : "The answer counts";
    return say(`${first}: turn ${id} is done. Call \`wait_for_turn\` for the next.`);
  }
  if (code === "output_invalid")
    throw refuse("output_invalid", `No try is left: turn ${id} has failed, and the workflow goes on without it. Call \`wait_for_turn\`.`);
  throw refuse(
    "turn_over",
    `The answer does not count, for turn ${id} is over: ${message.replace(/\.$/, "")}. Drop the work, and call \`wait_for_turn\`.`,
  );
}

export const fail = createTool({
  name: "fail",
  title: "Give a turn up",
  description:
    "Says that you can't perform a turn, and why. The role's policy decides what follows. Where the output's schema has a status for it, such as one that asks or refuses, `respond` with that instead.",
  input: z.object({
    turn: turnId,
    error: z.string().min(1).describe("What is in the way, for people."),
    retryable: z.boolean().optional().describe("Whether another try may go better; false unless told."),
  }),
  async run({ turn, error, retryable = false }, call) {
    const { worker, signal } = call;
    const { turn: found } = await findTurn(turn, call);
    if (worker.turns.settled(found.turn))
      throw refuse("not_allowed_now", `The answer to turn ${found.turn} is on its way: it can't be given up now.`);
    const settled = await within(mcpLimits.settleMs, worker.turns.fail(found.turn, error, retryable), signal);
    if (settled?.kind === "ended" && settled.ended.how !== "failed")
      throw refuse("turn_over", `Turn ${found.turn} was over before: ${settled.ended.message}. Call \`wait_for_turn\`.`);
    return say(
      settled
        ? `Turn ${found.turn} is given up. Call \`wait_for_turn\` for the next.`
        : "The server does not answer yet: it is told as soon as it does.",
    );
  },
});

export const release = createTool({
  name: "release",
  title: "Give a role back",
  description:
    "Gives back a role that you hold, so that somebody else gets it at once, with what you reported. Name its turn, or thread and role. Roles that are yours by name can't be given back.",
  input: z.object({
    turn: turnId.optional(),
    thread: z.string().optional(),
    role: z.string().optional(),
    reason: z.string().optional().describe("Why, for people."),
  }),
  async run({ turn, thread, role, reason = "" }, call) {
    const { worker, signal } = call;
    const { agent } = worker.use();
    const held = turn === undefined ? await findHeld(worker, thread, role) : readHeld(await findTurn(turn, call));
    const data = { ...held, reason: cutToBytes(reason, mcpLimits.noteBytes) };
    const sent = await within(mcpLimits.settleMs, agent.send({ type: "nerve.role.release", correlationid: held.thread, data }), signal);
    if (!sent) return say("The server does not answer yet: the role is given back as soon as it does.");
    await awaitRevocation(worker, held, call);
    return say(`The role ${held.role} of thread ${held.thread} is free again. Call \`wait_for_turn\` for other work.`);
  },
});

interface HeldRole {
  thread: string;
  role: string;
  lease: number;
}

const readHeld = ({ turn }: TurnInHand): HeldRole => ({ thread: turn.thread, role: turn.role.name, lease: turn.lease.generation });

async function findHeld(worker: Worker, thread: string | undefined, role: string | undefined): Promise<HeldRole> {
  const { rolesHeld } = await worker.use().agent.me();
  const fitting = rolesHeld.filter((held) => (thread ?? held.thread) === held.thread && (role ?? held.role) === held.role);
  const [only, ...others] = fitting;
  if (only && others.length === 0 && (thread ?? role) !== undefined)
    return { thread: only.thread, role: only.role, lease: only.lease.generation };
  const list = rolesHeld.map((held) => `${held.role} of thread ${held.thread}`).join("; ") || "none";
  throw refuse("not_found", `Say which role: give \`turn\`, or \`thread\` and \`role\`. You hold: ${list}.`);
}

/** The server takes the turns of a role back that is given back; one of which it does not say so is dropped here. */
async function awaitRevocation(worker: Worker, { thread, role }: HeldRole, { signal, now }: ToolCall): Promise<void> {
  const { turns } = worker;
  const mine = () => turns.open().filter(({ turn, sending }) => !sending && turn.thread === thread && turn.role.name === role);
  const until = now() + mcpLimits.revokeMs;
  while (mine().length > 0 && now() < until && !signal.aborted) await worker.change(worker.changes(), until - now(), signal);
  // Refused by its lease, which ends it.
  for (const { turn } of mine()) await within(mcpLimits.revokeMs, turns.fail(turn.turn, "the role was given back", false), signal);
}
