/** What the task's machine hears of children that it waits for, and the prompt that sees them all. */
import type { TaskEvent } from "../../../../machines/messages.ts";
import type { OutcomeStatus } from "../../../contract/statuses.ts";
import { readTaskStart } from "../task/counted-steps.ts";
import type { ChildDocument } from "../task/task-documents.ts";
import { findModerator } from "../task/task-logic.ts";
import { readTaskView } from "../task/task-view.ts";
import { changeTurn, readTurn } from "../task/turn-documents.ts";
import { changeChild, readChildren } from "./child-documents.ts";
import type { ChildrenPorts } from "./children-ports.ts";

/** Tells the machine of a child that it waits for. It is kept before it: what is decided then sees it. */
export type TellTask = (task: string, child: ChildDocument, status: OutcomeStatus, mark: () => void) => Promise<void>;

export function createTellTask({ host, documents, definition }: ChildrenPorts): TellTask {
  async function tellTask(task: string, child: ChildDocument, status: OutcomeStatus, mark: () => void): Promise<void> {
    const write = (): void => {
      mark();
      changeChild(documents, { ...child, told: true });
    };
    if (!child.awaited) return void host.committer.commit(write);
    const joined = await writeJoined(task, child);
    const event: TaskEvent = joined.ok
      ? { type: "child.ended", round: child.round, status }
      : { type: "thread.fail", reason: joined.reason.slice(0, 500) };
    const answer = await host.send(task, event, {
      before: () => {
        write();
        if (joined.ok) joined.write();
      },
    });
    if (!answer.ok) host.committer.commit(write);
  }

  /** The waiting turn's prompt was written before its children ended: write it again with the last of them. */
  async function writeJoined(task: string, child: ChildDocument): Promise<{ ok: true; write(): void } | { ok: false; reason: string }> {
    const nothing = { ok: true as const, write: () => {} };
    const children = readChildren(documents, child.round).map((each) => (each.place === child.place ? child : each));
    if (children.some(({ awaited, status }) => awaited && status !== "completed")) return nothing;
    const decision = readTurn(documents, child.round)?.decision;
    const actor = await host.peek(task);
    const compiled = typeof actor?.definition === "string" ? await definition(actor.definition) : undefined;
    if (!decision || !compiled) return nothing;
    const view = readTaskView(documents, readTaskStart(documents), [], children);
    const rendered = await findModerator(compiled).renderPrompt(decision.node, decision.edge, view);
    if (!rendered.ok) return { ok: false, reason: `${rendered.error.code}: ${rendered.error.message}` };
    const { prompt } = rendered;
    if (prompt === null) return nothing;
    return { ok: true, write: () => changeTurn(documents, child.round, { decision: { ...decision, prompt } }) };
  }

  return tellTask;
}
