/** Makes a remote A2A agent the handler of turns: each turn a message, its task followed to its end, what it says read as an output. */
import { type Message, type Part, TaskState } from "@a2a-js/sdk";
import { ClientError } from "../client/client-error.ts";
import { type InvalidAnswer, type TurnContext, TurnFailure, type TurnHandler, type TurnOutput } from "../client/handlers.ts";
import type { TakeNote } from "../client/note.ts";
import type { JsonSchema } from "../contract/json-schema/check-schema.ts";
import type { TurnAssigned } from "../contract/kinds/turn.ts";
import { limits } from "../contract/limits.ts";
import { type FollowRemotePorts, followRemote, RemoteLost, type Reply, sendRemote } from "./follow-remote.ts";
import { bridgeLimits } from "./limits.ts";
import { makeMessage, tellInvalid, tellSupplement, tellTurn } from "./make-message.ts";
import type { Remote } from "./open-remote.ts";
import { readReply, writeMessage, writeStatus, writeTask } from "./read-reply.ts";
import type { RemoteTask, RemoteTasks } from "./remote-tasks.ts";

/** What a bridge is made of. */
export interface BridgeOptions {
  remote: Remote;
  tasks: RemoteTasks;
  /** At its end the agent keeps its roles for the run that follows, which goes on with their tasks. */
  keeps?: boolean | undefined;
  timeoutMs?: number | undefined;
  note?: TakeNote;
}

/** One turn at the remote agent. */
interface Errand {
  turn: TurnAssigned;
  context: TurnContext;
  signal: AbortSignal;
  task: RemoteTask;
  key: string;
}

export function createRemoteHandler(options: BridgeOptions): TurnHandler {
  const { remote, tasks, keeps, timeoutMs, note } = options;

  return async (turn, context) => {
    const key = `${turn.thread}/${turn.role.name}`;
    const late = readDeadline(turn, timeoutMs);
    const signal = AbortSignal.any([context.signal, late]);
    const known = tasks.get(key);
    const errand: Errand = {
      turn,
      context,
      signal,
      key,
      task: known ?? { turn: turn.turn, taskId: "", contextId: "", sent: 0, waits: false },
    };
    try {
      return await perform(errand, known, context.invalid);
    } catch (error) {
      if (late.aborted && !context.signal.aborted) {
        await cancel(errand);
        throw new TurnFailure(`The remote agent ${remote.name} did not end its task in time, and was told to give it up.`);
      }
      if (context.signal.aborted && !(keeps === true && isClosing(context.signal))) await cancel(errand);
      if (error instanceof TurnFailure || context.signal.aborted) throw error;
      throw new TurnFailure(`The remote agent ${remote.name}: ${(error as Error).message}`, {
        retryable: error instanceof RemoteLost,
        cause: error,
      });
    }
  };

  /** Answers that can't be read go back to the remote agent as refused ones do; both count. */
  async function perform(errand: Errand, known: RemoteTask | undefined, refused: InvalidAnswer | undefined): Promise<TurnOutput> {
    const { turn, signal } = errand;
    let reply = await begin(errand, known, refused);
    for (let left: number = refused?.left ?? limits.invalidAnswers; ; ) {
      const waits = readWait(reply);
      if (waits) {
        save(errand, { waits: true });
        return waits;
      }
      const said = readSaid(reply);
      const read = readReply(said, turn.role.schema as JsonSchema);
      if (read.ok) return read.output;
      left -= 1;
      if (left <= 0 || signal.aborted) throw new TurnFailure(`${read.mend} It said: ${said.slice(-bridgeLimits.quoteLength)}`);
      note?.({ level: "warn", what: "turn.unreadable", message: `${read.mend} (${left} left)`, turn: turn.turn, thread: turn.thread });
      reply = await send(errand, tellInvalid({ errors: [{ path: "", message: read.mend }], left }), { anew: true });
    }
  }

  function begin(errand: Errand, known: RemoteTask | undefined, refused: InvalidAnswer | undefined): Promise<Reply> {
    const { turn } = errand;
    if (refused) return send(errand, tellInvalid(refused), { anew: true });
    // Before a restart this turn was sent, and its task is at work or has ended.
    if (known?.turn === turn.turn && known.taskId !== "" && !turn.resumed) return followRemote(known.taskId, portsOf(errand));
    if (known?.waits && known.taskId !== "" && turn.resumed) {
      save(errand, { waits: false, turn: turn.turn });
      const { supplement } = turn.resumed;
      // Who authorizes does so elsewhere, and may have nothing to add.
      return supplement === null ? followOn(errand) : send(errand, tellSupplement(supplement), { anew: false });
    }
    // A message that may have come through is sent again under its id.
    const isRepeat = known?.turn === turn.turn && known.taskId === "" && known.sent > 0;
    save(errand, { turn: turn.turn, taskId: "", sent: isRepeat ? known.sent - 1 : 0, waits: false });
    return send(errand, tellTurn(turn), { anew: true });
  }

  /** A task that asked for authorization goes on by itself once it has that; until then it still asks. */
  function followOn(errand: Errand): Promise<Reply> {
    return followRemote(errand.task.taskId, portsOf(errand));
  }

  /** @param anew a task of its own in the same context: one that is over takes no message */
  function send(errand: Errand, parts: Part[], { anew }: { anew: boolean }): Promise<Reply> {
    const former = errand.task.taskId;
    const message: Message = makeMessage(parts, { ...errand.task, taskId: anew ? "" : former }, anew && former !== "" ? [former] : []);
    // First that it was sent: what is known of it may be lost with the process.
    save(errand, { sent: errand.task.sent + 1, ...(anew && { taskId: "" }) });
    return sendRemote(message, portsOf(errand));
  }

  function save(errand: Errand, change: Partial<RemoteTask>): void {
    errand.task = { ...errand.task, ...change };
    tasks.set(errand.key, errand.task);
  }

  function portsOf(errand: Errand): FollowRemotePorts {
    const { context, signal } = errand;
    return {
      remote,
      signal,
      note({ id, contextId }) {
        if (errand.task.taskId !== id || errand.task.contextId !== contextId) save(errand, { taskId: id, contextId });
      },
      progress: (text) => context.progress(text),
      pause: (milliseconds) => pause(milliseconds, signal),
    };
  }

  /** The turn is somebody else's, or over: the remote agent need not go on. It may have ended, or not hear. */
  async function cancel({ task: { taskId }, turn }: Errand): Promise<void> {
    if (taskId === "") return;
    try {
      await remote.client.cancelTask(
        { tenant: "", id: taskId, metadata: undefined },
        { signal: AbortSignal.timeout(bridgeLimits.cancelMs) },
      );
    } catch (error) {
      note?.({
        level: "info",
        what: "task.kept",
        message: `not cancelled: ${(error as Error).message}`,
        turn: turn.turn,
        thread: turn.thread,
      });
    }
  }
}

function isClosing({ reason }: AbortSignal): boolean {
  return reason instanceof ClientError && reason.code === "closed";
}

/** Aborts at the turn's deadline, or when it takes longer than was allowed. Timers take a month at most. */
function readDeadline({ deadline }: TurnAssigned, timeoutMs: number | undefined): AbortSignal {
  const rest = Math.max(0, Date.parse(deadline) - Date.now());
  return AbortSignal.timeout(Math.min(rest, timeoutMs ?? Infinity, 2_147_483_647));
}

/** A task that waits for somebody suspends the thread, for people to add what it asks for. */
function readWait(reply: Reply): TurnOutput | undefined {
  if (reply.kind === "message") return undefined;
  const { task } = reply;
  const said = writeStatus(task);
  switch (task.status?.state) {
    case TaskState.TASK_STATE_INPUT_REQUIRED:
      return { $status: "$SUSPEND", reason: said === "" ? "The remote agent asks for something, and does not say what." : said };
    case TaskState.TASK_STATE_AUTH_REQUIRED:
      return { $status: "$SUSPEND", auth: true, reason: `The remote agent asks for authorization${said === "" ? "." : `: ${said}`}` };
    default:
      return undefined;
  }
}

/** @throws TurnFailure for a task that ended otherwise than well */
function readSaid(reply: Reply): string {
  if (reply.kind === "message") return writeMessage(reply.message);
  const { task } = reply;
  const why = writeStatus(task) || "it did not say why";
  switch (task.status?.state) {
    case TaskState.TASK_STATE_FAILED:
      throw new TurnFailure(`The remote agent's task failed: ${why}`, { retryable: true });
    case TaskState.TASK_STATE_REJECTED:
      throw new TurnFailure(`The remote agent rejected the task: ${why}`);
    case TaskState.TASK_STATE_CANCELED:
      throw new TurnFailure(`The remote agent cancelled the task: ${why}`);
    default:
      return writeTask(task);
  }
}

/** @throws the signal's reason when it aborts */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    if (signal.aborted) return reject(signal.reason);
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", end);
      resolve();
    }, milliseconds);
    signal.addEventListener("abort", end, { once: true });
  });
}
