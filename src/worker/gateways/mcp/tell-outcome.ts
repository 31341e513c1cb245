/** What a client is told of a thread that began, goes on or has ended, as the result of a tool. Pure. */
import type { CallToolResult } from "@modelcontextprotocol/server";
import type { Json } from "../../../contract/event.ts";
import type { MessageView, ThreadView } from "../../../contract/views/thread.ts";
import { describeProgress, describeSuspension, type Explained, linkTo } from "./describe-thread.ts";

/** In a result's `_meta`: the thread that it is of. */
const threadMeta = "dev.nerveflare/thread";

/** The end of a thread as the result of the tool that began it: its last output. One that came to nothing is a tool's error. */
export function tellOutcome(view: ThreadView, links: string): CallToolResult {
  const { status, outcome } = view;
  const meta = { _meta: { [threadMeta]: view.id } };
  if (status !== "completed") {
    const text = `The workflow ${view.workflow} came to nothing. ${describeProgress(view)}\nThread: ${linkTo(view, links)}`;
    return { content: [{ type: "text", text }], isError: true, ...meta };
  }
  const output = outcome?.output ?? null;
  const content: CallToolResult["content"] = [{ type: "text", text: typeof output === "string" ? output : JSON.stringify(output) }];
  // What the last edge says: for people, often a sentence of what came of it all.
  if (outcome?.prompt) content.push({ type: "text", text: outcome.prompt });
  return { content, ...(isObject(output) && { structuredContent: output }), ...meta };
}

/** Where a thread stands, for a model that follows it by tools. */
export function tellThread(view: ThreadView, explained: Explained, links: string, steps?: Steps): CallToolResult {
  const text = view.status === "suspended" ? describeSuspension(view, explained, links) : describeProgress(view);
  const { id: thread, workflow, status, round, waiting, outcome } = view;
  const told = {
    ...{ thread, workflow, status, round, link: linkTo(view, links) },
    ...(waiting && { waiting: { for: waiting.for, text: waiting.text, then: waiting.then } }),
    ...(outcome && { outcome: { status: outcome.status, role: outcome.role, output: outcome.output, prompt: outcome.prompt } }),
    ...(steps && { steps: steps.messages.map(tellStep), ...(steps.next !== null && { next: steps.next }) }),
  };
  const shown = [`Thread ${thread} of ${workflow}: ${text}`, ...(outcome ? [`Its last output: ${JSON.stringify(outcome.output)}`] : [])];
  if (steps) shown.push(JSON.stringify(told.steps));
  return {
    content: [{ type: "text", text: shown.join("\n") }],
    structuredContent: told as { [key: string]: Json },
    _meta: { [threadMeta]: thread },
  };
}

/** Steps of a thread, and the round after which more of them are. */
export interface Steps {
  messages: readonly MessageView[];
  next: number | null;
}

function tellStep({ round, role, agent, output, body, decision }: MessageView): { [key: string]: Json } {
  return { round, role, agent, output, ...(body !== undefined && { body }), ...(decision && { to: decision.to }) };
}

/** The answer to a call by a client without Tasks: how to go on. */
export function tellBegun(view: ThreadView, links: string): CallToolResult {
  const told = tellThread(view, { waits: [] }, links);
  const how = `The workflow was started, and agents work on it. Ask thread_status with {"thread":"${view.id}","wait_seconds":20} until its status is completed, failed, cancelled or dropped.`;
  return { ...told, content: [...told.content, { type: "text", text: how }] };
}

function isObject(value: Json): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
