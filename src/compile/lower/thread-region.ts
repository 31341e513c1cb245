/** Lowers the region `$thread` of recruitment: assembling, running, and how both pause and end. */
import type { StateJson, TransitionJson } from "../../../machines/config.ts";
import type { UnfilledPolicy } from "../../contract/language.ts";
import type { WorkflowIr } from "../ir.ts";
import { collapse, ignored, name } from "./names.ts";
import { listParty, listRecruitedAtStart, listWaived } from "./party.ts";
import { unfilledEnds } from "./policies.ts";

/** Milliseconds that the task has to stop before recruitment ends the thread without its word. */
const stopping = 60_000;

function lowerFilled(ir: WorkflowIr): TransitionJson[] {
  const waived = listWaived(ir);
  const target = "#recruitment.open.$thread.running";
  const lower = (roles: string[], start?: string): TransitionJson => {
    const params = { ...(start ? { start } : {}), roles, waived: waived.filter((role) => roles.includes(role)) };
    return { guard: name("filled", params), description: roles.length > 0 ? `${roles.join(", ")} there` : "nobody to wait for", target };
  };
  const fresh = listParty(ir, "new");
  const again = listParty(ir, "resume");
  if (fresh.join() === again.join()) return [lower(fresh)];
  return [lower(fresh, "new"), lower(again, "resume")];
}

function lowerUnfilled(ir: WorkflowIr): TransitionJson[] {
  const waived = listWaived(ir);
  const early = new Set([...listRecruitedAtStart(ir, "new"), ...listRecruitedAtStart(ir, "resume")]);
  return [...early].flatMap((role): TransitionJson[] => {
    if (waived.includes(role.name)) return [];
    const guard = name("isRole", { role: role.name });
    const because = name("because", { reason: `unfilled:${role.name}` });
    const ends: Record<(typeof unfilledEnds)[UnfilledPolicy], TransitionJson> = {
      failed: { guard, description: `${role.name} unfilled: end`, target: "#recruitment.failed", actions: [because] },
      suspended: { guard, description: `${role.name} unfilled: suspend`, target: "paused", actions: [because, name("raiseSuspended")] },
    };
    return [ends[unfilledEnds[role.recruitment.onUnfilled]]];
  });
}

function lowerPaused(resume: TransitionJson): StateJson {
  return {
    description: "Suspended: a person is waited for.",
    tags: ["suspended", "waits-for-person"],
    entry: [name("setPaused", { to: true }), name("announceSuspended")],
    exit: [name("setPaused", { to: false })],
    on: { "thread.resume": resume },
  };
}

function lowerAssembling(ir: WorkflowIr): StateJson {
  const unfilled = lowerUnfilled(ir);
  return {
    description: "The party is not complete.",
    initial: "going",
    on: {
      "thread.cancel": { target: "#recruitment.cancelled", actions: [name("because")] },
      "thread.fail": { target: "#recruitment.failed", actions: [name("because")] },
    },
    states: {
      going: {
        tags: ["recruiting"],
        always: collapse(lowerFilled(ir)),
        on: {
          ...(unfilled.length > 0 ? { "role.unfilled": unfilled } : {}),
          "thread.suspend": { target: "paused", actions: [name("because"), name("raiseSuspended")] },
        },
      },
      paused: lowerPaused({ target: "going", actions: [name("announceResumed")] }),
    },
  };
}

function lowerRunning(): StateJson {
  const ended = (status: string): TransitionJson => ({
    guard: name("endedAs", { status }),
    description: status,
    target: `#recruitment.${status}`,
    actions: [name("adoptOutcome")],
  });
  const stop = (status: string): TransitionJson => ({ target: ".stopping", actions: [name("because"), name("stopTask", { status })] });
  const lost: TransitionJson = {
    description: "the task broke",
    target: "#recruitment.failed",
    actions: [name("adoptOutcome"), name("because")],
  };
  return {
    description: "The task runs.",
    entry: [name("startTask")],
    initial: "going",
    on: {
      "xstate.done.actor.task": [ended("completed"), ended("failed"), ended("cancelled"), lost],
      "xstate.error.actor.task": lost,
      "thread.cancel": stop("cancelled"),
      "thread.fail": stop("failed"),
    },
    states: {
      going: {
        tags: ["running"],
        on: {
          "thread.suspend": { actions: [name("tellTask", { type: "thread.suspend" })] },
          "thread.suspended": { target: "paused", actions: [name("because")] },
        },
      },
      paused: lowerPaused({ target: "going", actions: [name("tellTask", { type: "thread.resume" }), name("announceResumed")] }),
      stopping: {
        description: "The task was told to stop.",
        tags: ["running"],
        entry: [name("raiseSuspended")],
        after: {
          [stopping]: [
            { guard: name("closingAs", { status: "failed" }), target: "#recruitment.failed" },
            { target: "#recruitment.cancelled" },
          ],
        },
        on: { "thread.cancel": ignored, "thread.fail": ignored },
      },
    },
  };
}

/** Lowers the region that is the thread itself. */
export function lowerThreadRegion(ir: WorkflowIr): StateJson {
  return { description: "The thread.", initial: "assembling", states: { assembling: lowerAssembling(ir), running: lowerRunning() } };
}
