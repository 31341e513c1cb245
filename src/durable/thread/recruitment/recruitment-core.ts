import type { RoleKind, ThreadEventOf } from "../../../contract/kinds/agent-kinds.ts";
import { type Result, refuse, succeed } from "../../../contract/problem.ts";
import type { MessageView } from "../../../contract/views/thread.ts";
import { createSerial } from "../../host/serial.ts";
import { dispatch, type Handlers, isOf } from "../../protocol/dispatch.ts";
import type { Delivery, Envelope } from "../../protocol/envelope.ts";
import { queueMessages, type RecruitmentRpc, type ThreadHistory } from "../../protocol/recruitment.ts";
import { createThreadExplanation } from "../explain/explain-thread.ts";
import { createCandidates } from "../explain/list-candidates.ts";
import { createBeginAgain } from "../lifecycle/begin-again.ts";
import { createThreadControl } from "../lifecycle/control-thread.ts";
import { createThreadView } from "../lifecycle/show-thread.ts";
import { createThreadStart } from "../lifecycle/start-thread.ts";
import { listUnreachable, refuseUnreachable, tryTask } from "../task/task-port.ts";
import type { Take } from "../turn/take-in-turn.ts";
import { createRoleAssignment } from "./assign-role.ts";
import { findTask, type RecruitmentPorts } from "./recruitment-ports.ts";
import { createClaimTaking } from "./take-claim.ts";

/** What the root answers to; `deliver` takes what the workflow's queue says. */
export type RecruitmentCore = Omit<RecruitmentRpc, "deliver" | "settleDeadLetter" | "take" | "retire" | "offers" | "oldTask"> & {
  take: Take<ThreadEventOf<RoleKind>>;
  /** Undefined: it is nothing that the queue says. */
  deliver(envelope: Envelope): Promise<Delivery> | undefined;
};

export function createRecruitmentCore(ports: RecruitmentPorts): RecruitmentCore {
  const { name, host, keys } = ports;
  const beginning = createThreadStart(ports);
  const show = createThreadView(ports);
  const again = createBeginAgain(ports, show);
  const { signal, control } = createThreadControl(ports, beginning, again, show);
  const assign = createRoleAssignment(ports, show);
  const shown = () => show(null);
  const candidates = createCandidates(ports);
  /** What begins, ends or copies the thread: each is judged on what the one before left, though it asks the registry in between. */
  const inTurn = createSerial();

  const handlers: Handlers<typeof queueMessages, Promise<Delivery>> = {
    "thread.start": beginning.start,
    "thread.queued": async (message, envelope) => beginning.noteQueue(message, envelope, "queued"),
    "thread.dropped": async (message, envelope) => beginning.noteQueue(message, envelope, "dropped"),
    "thread.signal": signal,
  };

  return {
    deliver(envelope) {
      if (!isOf(queueMessages, envelope.message)) return undefined;
      return inTurn(async () => {
        const isKnown = host.committer.inbox.isRepeat(envelope);
        const { answer, silent } = await tryTask<Delivery>(() => (isKnown ? undefined : dispatch(queueMessages, handlers, envelope)));
        // Nobody's fault here: it is asked again for as long as that takes.
        if (silent) return { status: "later", detail: `${silent.receiver} cannot be reached: ${silent.message}` };
        return answer ?? { status: "stored" };
      });
    },
    take: createClaimTaking(ports),
    show,
    async messages(viewer, page): Promise<Result<{ messages: MessageView[]; next: number | null }>> {
      const seen = await show(viewer);
      if (!seen.ok) return seen;
      const actor = await host.read(name);
      const { answer, silent } = await tryTask(() => actor && findTask(ports, actor)?.messages(page));
      return silent ? refuseUnreachable(silent) : succeed(answer ?? { messages: [], next: null });
    },
    control: (order, operator, body, once) => keys.run(once, (remember) => inTurn(() => control(order, operator, body, remember)), shown),
    async holders(viewer) {
      const seen = await show(viewer);
      return seen.ok
        ? succeed(Object.fromEntries(Object.entries(seen.value.roles).map(([role, { agent }]) => [role, agent ?? null])))
        : seen;
    },
    explain: createThreadExplanation(ports),
    async candidates(viewer, role) {
      const seen = await show(viewer);
      return seen.ok ? candidates(role, seen.value.roles[role]?.agent ?? null) : seen;
    },
    restart: (operator, body, once) =>
      keys.run(once, (remember) => inTurn(() => orRefuse(() => again.restart(operator, body, remember))), shown),
    async fork(operator, body, once) {
      const made = await keys.run(once, (remember) => inTurn(() => orRefuse(() => again.fork(operator, body, remember))), shown);
      // So that the new thread is there when its id is known; out of turn, for what else is sent may come back to this thread.
      await host.committer.outbox.flush();
      return made;
    },
    assign: (operator, role, body, once) => keys.run(once, (remember) => inTurn(() => assign(operator, role, body, remember)), shown),
    async history({ taskAfter, ...page }): Promise<Result<ThreadHistory>> {
      const actor = await host.read(name);
      if (!actor) return refuse("not_found", `There is no thread ${name}.`);
      const { answer: task, silent } = await tryTask(() =>
        findTask(ports, actor)?.history({ ...page, ...(taskAfter !== undefined && { after: taskAfter }) }),
      );
      const unreachable = silent && listUnreachable(silent, host.committer.outbox.heldBack(), ports.clock.now());
      return succeed({ recruitment: host.history(name, page), task: task ?? null, ...(unreachable && { unreachable }) });
    },
  };
}

/** An order that needs the task's word, and changes nothing without it. */
async function orRefuse<T>(order: () => Promise<Result<T>>): Promise<Result<T>> {
  const { answer, silent } = await tryTask(order);
  return silent ? refuseUnreachable(silent) : (answer as Result<T>);
}
