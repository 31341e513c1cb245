/**
 * The audiences of a task's broadcasts: finds whom a turn goes to, gives it to all of them in the transaction in which the
 * machine hears how many they are, and takes it back when the thread is called off. What the machine says to `audience`
 * lands here. Knows rows and the registry, not the machine's states.
 */
import { lookUp } from "../../../../machines/facts.ts";
import { type TaskContext, taskContext } from "../../../../machines/task/context.ts";
import type { CompiledWorkflow } from "../../../compile/compile-workflow.ts";
import type { RoleIr, WorkflowIr } from "../../../compile/ir.ts";
import { isPool } from "../../../compile/lower/party.ts";
import { hostLimits } from "../../host/limits.ts";
import type { Row, World } from "../../host/ports.ts";
import { markReceived } from "../../host/rows.ts";
import type { Envelope } from "../../protocol/envelope.ts";
import { type OwnMessage, ownMessages } from "../../protocol/own-places.ts";
import type { TaskMessage } from "../../protocol/task.ts";
import { trust } from "../../protocol/trust.ts";
import type { ThreadHost } from "../../protocol/typed-host.ts";
import { findSetApart } from "../eligibility/judge-claim.ts";
import { readLastAgent } from "../task/task-rows.ts";
import { readTaskStart } from "../task/task-start.ts";
import { threadLimits } from "../thread-schema.ts";
import type { ThreadServices } from "../thread-services.ts";
import { readTurnNumber } from "../turn/turn-data.ts";
import { type AudiencePlan, isAsked, readAcked, readBroadcast, readLastAudience, readMember } from "./audience-rows.ts";
import { type AudiencePorts, type ChosenAudience, chooseAudience } from "./choose-audience.ts";
import { giveTurn } from "./mail-audience.ts";

export interface Audience {
  /** The machine asks for one. Stored, and worked on after the commit. */
  ask(message: Ask, envelope: Envelope, sender: string): void;
  /** Works on what was asked for and is due. */
  work(): Promise<void>;
  /** When there is work. */
  due(): number | undefined;
  /** An agent that had a turn was deleted. */
  leave(message: TaskMessage<"audience.left">, envelope: Envelope): Promise<void>;
  isAsked(agent: string): boolean;
}

type Ask = OwnMessage<"audience.ask">;

interface AskingRow extends Row {
  turn: number;
  task: string;
  message: string;
  tries: number;
  next_at: number;
}

export function createAudience(
  ports: Omit<AudiencePorts, "now"> & {
    world: World;
    host: ThreadHost;
    services: ThreadServices;
    definitions(revision: string): Promise<CompiledWorkflow | undefined>;
  },
): Audience {
  const { world, host, services, definitions } = ports;
  const { storage, clock } = world;
  let dueAt = readDue();
  let busy = false;
  let working: Promise<void> = Promise.resolve();

  function readDue(): number | undefined {
    return storage.exec<{ at: number | null }>("SELECT min(next_at) AS at FROM asking")[0]?.at ?? undefined;
  }

  function start(): Promise<void> {
    if (!busy) working = run();
    return working;
  }

  async function run(): Promise<void> {
    busy = true;
    try {
      for (;;) {
        const asking = storage.exec<AskingRow>(
          "SELECT * FROM asking WHERE tries = 0 OR next_at <= ? ORDER BY turn LIMIT 1",
          clock.now(),
        )[0];
        if (!asking) return;
        await give(asking).catch((error: unknown) => putOff(asking, error));
      }
    } finally {
      // Synchronously with the last look: later requests must start a new run.
      busy = false;
    }
  }

  /** A registry that can't be asked now holds up nobody else. */
  function putOff({ turn, tries }: AskingRow, error: unknown): void {
    console.warn(JSON.stringify({ at: "audience", address: world.address, turn, tries, error: String(error) }));
    const pause = Math.min(threadLimits.askFirst * 2 ** tries, threadLimits.askLast);
    host.committer.commit(() => {
      storage.exec("UPDATE asking SET tries = tries + 1, next_at = ? WHERE turn = ?", clock.now() + pause, turn);
      dueAt = readDue();
    });
  }

  async function give(asking: AskingRow): Promise<void> {
    const ask = trust(ownMessages["audience.ask"], JSON.parse(asking.message));
    // Only this request: a turn that was suspended and resumed meanwhile is requested again under its number.
    const done = (): void => {
      storage.exec("DELETE FROM asking WHERE turn = ? AND message = ?", asking.turn, asking.message);
      dueAt = readDue();
    };
    const actor = await host.peek(asking.task);
    const compiled = actor?.definition ? await definitions(actor.definition) : undefined;
    const role = compiled?.ir.roles.find(({ name }) => name === ask.role);
    const { open, round, seats } = actor ? trust(taskContext, actor.context) : { open: null, round: 0, seats: {} };
    // The task's state predates the request: keep the request.
    if (actor?.status === "active" && round < ask.turn) throw new Error(`the task is in round ${round}, before the turn ${ask.turn}`);
    if (!compiled || !role || actor?.status !== "active" || open?.turn !== ask.turn || readBroadcast(storage, ask.turn)) {
      host.committer.commit(done);
      return;
    }
    const chosen = await choose({ ...ports, storage, now: () => clock.now() }, compiled, role, ask, seats);
    const plan: AudiencePlan = { ...chosen, give: () => giveTurn({ storage, services, now: clock.now() }, role, asking.task, ask, chosen) };
    const answer = await host.send(
      asking.task,
      { type: "audience.asked", turn: ask.turn, asked: chosen.agents.length },
      { metadata: plan, before: done, fits: () => isPending(storage, asking) },
    );
    // The task has ended meanwhile.
    if (!answer.ok) host.committer.commit(done);
  }

  return {
    ask(ask, { from, id }, sender) {
      host.committer.commit(() => {
        markReceived(storage, sender, id);
        storage.exec(
          "INSERT OR REPLACE INTO asking VALUES (?, ?, ?, 0, ?)",
          ask.turn,
          from.slice("task/".length),
          JSON.stringify(ask),
          // The work begins at once; this time is for a crash in it.
          clock.now() + hostLimits.safetyNet,
        );
        dueAt = readDue();
      });
      world.scheduler.background(start());
    },
    work: start,
    due: () => dueAt,
    isAsked: (agent) => isAsked(storage, agent),
    async leave({ agent, turn: full }, { from, id, to }) {
      const turn = readTurnNumber(full);
      const mark = (): void => markReceived(storage, from, id);
      const answer = await host.send(
        to.slice("task/".length),
        { type: "turn.failed", turn, agent, generation: turn, retryable: false, reason: `${agent} was removed` },
        { before: mark, fits: () => isWaitedFor(storage, turn, agent) },
      );
      if (!answer.ok) host.committer.commit(mark);
    },
  };
}

/** Who held each pool last: the role is free between turns, and `not` means them. */
function readLastHolders(storage: World["storage"], ir: WorkflowIr, seats: TaskContext["seats"]): Record<string, string> {
  const last: Record<string, string> = {};
  for (const { name } of ir.roles.filter(isPool)) {
    const agent = lookUp(seats, name)?.was ?? readLastAgent(storage, name);
    if (agent) last[name] = agent;
  }
  return last;
}

/** Whether the agent's answer to the turn would count. */
export function isWaitedFor(storage: World["storage"], turn: number, agent: string): boolean {
  return readMember(storage, turn, agent)?.status === "asked" && readBroadcast(storage, turn)?.closed === null;
}

/** Whether what was asked for is still wanted. */
function isPending(storage: World["storage"], { turn, message }: AskingRow): boolean {
  return storage.exec("SELECT 1 FROM asking WHERE turn = ? AND message = ?", turn, message).length > 0;
}

/** Finds whom the turn goes to: nobody that a role's `not` sets apart, and nobody that has acknowledged already. */
function choose(
  ports: AudiencePorts & { storage: World["storage"] },
  { ir }: CompiledWorkflow,
  role: RoleIr,
  ask: Ask,
  seats: TaskContext["seats"],
): Promise<ChosenAudience> {
  const { storage } = ports;
  const { workflow, event, initiator } = readTaskStart({ storage });
  const holders = findSetApart(ir, role, { seats, last: readLastHolders(storage, ir, seats) }).keys();
  return chooseAudience(ports, {
    role,
    workflow,
    of: ask.of,
    without: new Set([...holders, ...readAcked(storage, role.name)]),
    last: readLastAudience(storage, role.name),
    event: { ...event, agent: initiator },
  });
}
