/** What the task's machine hears of children that it waits for, and the prompt that sees them all. */
import type { TaskEvent } from "../../../../machines/messages.ts";
import type { OutcomeStatus } from "../../../contract/statuses.ts";
import { findModerator } from "../task/task-logic.ts";
import type { DecisionRow } from "../task/task-rows.ts";
import { readTaskStart } from "../task/task-start.ts";
import { readTaskView } from "../task/task-view.ts";
import { type ChildRow, changeChild, readChildren } from "./child-rows.ts";
import type { ChildrenPorts } from "./children-ports.ts";

/** Tells the machine of a child that it waits for. The row is written before it: what is decided then sees it. */
export type TellTask = (task: string, child: ChildRow, status: OutcomeStatus, mark: () => void) => Promise<void>;

export function createTellTask({ host, storage, definition }: ChildrenPorts): TellTask {
  async function tellTask(task: string, child: ChildRow, status: OutcomeStatus, mark: () => void): Promise<void> {
    const write = (): void => {
      mark();
      changeChild(storage, { ...child, told: 1 });
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
  async function writeJoined(task: string, child: ChildRow): Promise<{ ok: true; write(): void } | { ok: false; reason: string }> {
    const nothing = { ok: true as const, write: () => {} };
    const children = readChildren(storage, child.round).map((each) => (each.place === child.place ? child : each));
    if (children.some(({ awaited, status }) => awaited && status !== "completed")) return nothing;
    const decision = storage.exec<DecisionRow>("SELECT * FROM decision WHERE round = ?", child.round)[0];
    const actor = await host.peek(task);
    const compiled = typeof actor?.definition === "string" ? await definition(actor.definition) : undefined;
    if (!decision || !compiled) return nothing;
    const view = readTaskView(storage, readTaskStart({ storage }), [], children);
    const rendered = await findModerator(compiled).renderPrompt(decision.node, decision.edge, view);
    if (!rendered.ok) return { ok: false, reason: `${rendered.error.code}: ${rendered.error.message}` };
    if (rendered.prompt === null) return nothing;
    return { ok: true, write: () => void storage.exec("UPDATE decision SET prompt = ? WHERE round = ?", rendered.prompt, child.round) };
  }

  return tellTask;
}
