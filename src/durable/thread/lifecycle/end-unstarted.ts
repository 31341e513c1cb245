import type { Outcome } from "../../../contract/kinds/thread.ts";
import { createMail } from "../../protocol/agent.ts";
import { carryOn } from "../../routing/chain-depth.ts";
import { makeThreadEvent } from "../log/make-event.ts";
import { describeThread } from "../recruitment/recruitment-logic.ts";
import type { RecruitmentPorts } from "../recruitment/recruitment-ports.ts";
import { dropEpoch, findEpoch, findNextEpoch, nameActor } from "./epochs.ts";
import { changeThread, type ThreadRow } from "./thread-rows.ts";

/**
 * Commits the end.
 * @param mark written with it
 * @param holders who was kept for it, of one that was there before
 */
export type EndUnstarted = (row: ThreadRow, status: "failed" | "cancelled", reason: string, mark: () => void, holders?: string[]) => void;

export function createEndUnstarted({ name, host, lifecycle, clock, log, project }: RecruitmentPorts): EndUnstarted {
  return (row, status, reason, mark, holders = []) => {
    const { outbox } = host.committer;
    const epoch = findNextEpoch(lifecycle)?.number ?? findEpoch(lifecycle);
    const outcome: Outcome = { status, role: null, output: null, prompt: null, error: reason };
    const ended: ThreadRow = {
      ...row,
      status,
      reason,
      outcome,
      changes: epoch > 1 ? row.changes + 1 : 1,
      updated_at: clock.now(),
    };
    const source = row.event.source;
    host.committer.commit(() => {
      mark();
      dropEpoch(lifecycle);
      changeThread(lifecycle, ended);
      project(describeThread(ended, holders, reason));
      const event = makeThreadEvent(name, `${nameActor(name, epoch)}.1.${status}`, `nerve.thread.${status}`, row.event.id, clock.now(), {
        thread: name,
        workflow: row.workflow,
        ...(epoch > 1 && { epoch }),
        reason,
        outcome,
      });
      log(event, name);
      for (const agent of new Set([...(source.startsWith("/agents/") ? [row.initiator] : []), ...holders]))
        outbox.append([`agent/${agent}`], createMail({ channel: "my", event, endsThread: name }));
      outbox.append([`workflow/${row.workflow}`], { type: "thread.ended", thread: name, revision: row.revision, epoch });
      outbox.append(["events"], { type: "route", event: { ...event, ...carryOn(row.event) } });
      if (row.parent !== null) outbox.append(["events"], { type: "child.report" });
    });
  };
}
