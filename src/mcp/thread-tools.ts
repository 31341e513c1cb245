/** The tools by which a model starts threads and looks at them. */
import * as z from "zod";
import type { Accepted, Step } from "../client/contract-types.ts";
import type { HttpCaller } from "../client/http.ts";
import { type Json, kindPattern, namedId } from "../contract/event.ts";
import type { ThreadView } from "../contract/views/thread.ts";
import { addressSteps } from "./addresses.ts";
import { cut, showJson } from "./cut.ts";
import { mcpLimits } from "./limits.ts";
import { refuse } from "./refusals.ts";
import { showSteps } from "./show.ts";
import { createTool, say, within } from "./tool.ts";

/** Of events that only start the workflow which they name. */
const startKind = "mcp.call";

export const start = createTool({
  name: "start",
  title: "Start a workflow",
  description:
    "Starts a thread: of the `workflow` that you name, if it is exposed to agents, or of those whose reflexes answer to an event of this `type`. `data` is its input. Agents that `to` names, or that are subscribed to the type, get the event too.",
  input: z.object({
    workflow: z.string().max(128).optional().describe("The name of the workflow to start."),
    type: z
      .string()
      .regex(kindPattern, "dotted segments of a-z 0-9 _ -, such as pr.ready_for_review")
      .optional()
      .describe("The type of the event, such as `pr.ready_for_review`. Needed unless a workflow is named."),
    data: z.looseObject({}).optional().describe("What the workflow takes as its input: a JSON object."),
    to: z.string().optional().describe("Whom it is for besides: `agents/NAME`, `cap:CAPABILITY`, `role:ROLE`, with commas between."),
    id: namedId
      .optional()
      .describe("Of your own, so that the same event again starts nothing twice. Give one where you might repeat the call."),
    turn: z.string().optional().describe("The turn in which you do this, if any: the event is noted as caused by it."),
  }),
  async run({ workflow, type = workflow === undefined ? undefined : startKind, data, to: others, id, turn }, { worker, signal }) {
    const { agent } = worker.use();
    if (type === undefined) throw refuse("malformed", "start: give `workflow`, or the `type` of the event that starts one.");
    const to =
      [...(workflow === undefined ? [] : [`workflows/${workflow}`]), ...(others === undefined ? [] : [others])].join(",") || undefined;
    const event = {
      type,
      ...(data !== undefined && { data: data as Json }),
      ...(to !== undefined && { to }),
      ...(id !== undefined && { id }),
    };
    const held = turn === undefined ? undefined : worker.turns.find(turn);
    if (turn !== undefined && !held)
      throw refuse("not_found", `No turn ${turn} is in hand: leave \`turn\` out, or name one that \`get_turn\` lists.`);
    const accepted = await within(mcpLimits.settleMs, held ? held.context.send(event) : agent.send(event), signal);
    if (!accepted)
      return say(
        "The server does not answer yet. The event is sent as soon as it does, as long as this process lives: do not post it again without the same `id`.",
      );
    return say(describeAccepted(type, accepted));
  },
});

function describeAccepted(type: string, { id, threads, notes, reflexes = [], unheard, recipients }: Accepted): string {
  const verdicts = reflexes
    .filter(({ verdict }) => verdict !== "fired")
    .map(({ workflow, verdict, detail }) => `The workflow ${workflow} did not start (${verdict}): ${detail ?? "its reflex is not met"}.`);
  const meant = unheard?.nearest ? ` Is ${unheard.nearest} meant?` : "";
  const said = [
    ...(unheard ? [`No workflow listens to ${type}, and nobody is sent it.${meant}`] : []),
    ...verdicts,
    ...(recipients ? [`It is sent to ${recipients} ${recipients === 1 ? "agent" : "agents"}.`] : []),
    ...notes,
  ].map((line) => `- ${line}`);
  if (threads.length === 0) return [`The event ${id} (${type}) is accepted; it started no thread.`, ...said].join("\n");
  const follow = "Follow it with `thread`; `wait_for_turn` tells when it ends.";
  return [`Started by the event ${id} (${type}):`, ...threads.map((thread) => `- thread ${thread}`), "", follow, ...said].join("\n");
}

export const thread = createTool({
  name: "thread",
  title: "Look at a thread",
  description:
    "Shows a thread that you started or take part in: its state, who holds which role, what it waits for, and its steps, page by page.",
  input: z.object({
    thread: namedId.describe("The id of the thread."),
    after: z.int().min(0).optional().describe("Show the steps after this one, as the page before said."),
  }),
  reads: true,
  async run({ thread: id, after }, { worker }) {
    const { http } = worker.use();
    const [view, page] = await Promise.all([
      http.call("GET", `v1/threads/${encodeURIComponent(id)}`) as Promise<ThreadView>,
      readSteps(http, id, after),
    ]);
    const steps = showSteps(page.messages, mcpLimits.pageBytes);
    const next = steps.shown < page.messages.length ? page.messages[steps.shown - 1]?.round : page.next;
    const more =
      next === null || next === undefined ? "" : `\n\n[more: call \`thread\` with after ${next}, or read ${addressSteps(id, next)}]`;
    return say(`${after === undefined ? `${describeThread(view)}\n\n` : ""}## Steps\n\n${steps.text || "None yet."}${more}`);
  },
});

interface StepsPage {
  messages: Step[];
  next: number | null;
}

/** A page of a thread's steps, from the server. */
export async function readSteps(http: HttpCaller, thread: string, after: number | undefined): Promise<StepsPage> {
  const query = new URLSearchParams({ limit: String(mcpLimits.steps), ...(after !== undefined && { after: String(after) }) });
  return (await http.call("GET", `v1/threads/${encodeURIComponent(thread)}/messages?${query}`)) as StepsPage;
}

function describeThread({ id, workflow, status, roles, waiting, outcome, error, event }: ThreadView): string {
  const held = Object.entries(roles).map(([role, { agent, state }]) => `- ${role}: ${agent ?? "nobody"} (${state})`);
  return [
    `# Thread ${id}`,
    `Workflow ${workflow}, ${status}.${waiting ? ` Waits for ${waiting.for}: ${waiting.text}` : ""}`,
    held.join("\n"),
    `Began with ${event.type}: ${cut(showJson(event.data ?? null), mcpLimits.newsBytes, "see the turn's event").text}`,
    ...(outcome ? [`Outcome: ${cut(showJson(outcome), mcpLimits.lastBytes, "see the last step").text}`] : []),
    ...(error === undefined ? [] : [`Error: ${error}`]),
  ].join("\n\n");
}

/** For what is read as a resource: steps as JSON, as many as fit. */
export function packSteps({ messages, next }: StepsPage, thread: string): string {
  const kept: Step[] = [];
  let bytes = 0;
  for (const message of messages) {
    bytes += Buffer.byteLength(JSON.stringify(message)) + 2;
    if (bytes > mcpLimits.resourceBytes && kept.length > 0) break;
    kept.push(message);
  }
  const after = kept.length < messages.length ? kept.at(-1)?.round : next;
  const more = after === null || after === undefined ? null : addressSteps(thread, after);
  return JSON.stringify({ thread, messages: kept, next: more }, null, 1);
}
