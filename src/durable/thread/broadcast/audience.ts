/**
 * The audiences of a task's broadcasts: finds whom a turn goes to, gives it to all of them in the transaction in which the
 * machine hears how many they are, and takes it back when the thread is called off. What the machine says to `audience`
 * lands here. Knows documents and the registry, not the machine's states.
 */
import { lookUp } from "../../../../machines/facts.ts";
import { type TaskContext, taskContext } from "../../../../machines/task/context.ts";
import type { CompiledWorkflow } from "../../../compile/compile-workflow.ts";
import type { RoleIr, WorkflowIr } from "../../../compile/ir.ts";
import { isPool } from "../../../compile/lower/party.ts";
import { hostLimits } from "../../host/limits.ts";
import type { World } from "../../host/ports.ts";
import { numberKey } from "../../host/store/collections.ts";
import type { Envelope } from "../../protocol/envelope.ts";
import { type OwnMessage, ownMessages } from "../../protocol/own-places.ts";
import type { TaskMessage } from "../../protocol/task.ts";
import { trust } from "../../protocol/trust.ts";
import type { ThreadHost } from "../../protocol/typed-host.ts";
import { findSetApart } from "../eligibility/judge-claim.ts";
import { readTaskStart } from "../task/counted-steps.ts";
import type { AskingDocument, TaskDocuments } from "../task/task-documents.ts";
import { readTally } from "../task/turn-documents.ts";
import { threadLimits } from "../thread-schema.ts";
import type { ThreadServices } from "../thread-services.ts";
import { readTurnNumber } from "../turn/turn-data.ts";
import { type AudiencePlan, isWaitedFor, readAcked, readBroadcast, readLastAudience } from "./audience-documents.ts";
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
}

type Ask = OwnMessage<"audience.ask">;

interface Asking extends AskingDocument {
  turn: number;
}

export function createAudience(
  ports: Omit<AudiencePorts, "now"> & {
    world: World;
    host: ThreadHost;
    documents: TaskDocuments;
    services: ThreadServices;
    definitions(revision: string): Promise<CompiledWorkflow | undefined>;
  },
): Audience {
  const { world, host, documents, services, definitions } = ports;
  const { clock } = world;
  let busy = false;
  let working: Promise<void> = Promise.resolve();

  function list(): Asking[] {
    return documents.asking.entries().map(([key, asking]) => ({ turn: Number(key), ...asking }));
  }

  function start(): Promise<void> {
    if (!busy) working = run();
    return working;
  }

  async function run(): Promise<void> {
    busy = true;
    try {
      for (;;) {
        const asking = list().find(({ tries, next }) => tries === 0 || next <= clock.now());
        if (!asking) return;
        await give(asking).catch((error: unknown) => putOff(asking, error));
      }
    } finally {
      // Synchronously with the last look: later requests must start a new run.
      busy = false;
    }
  }

  /** A registry that can't be asked now holds up nobody else. */
  function putOff({ turn, ...asking }: Asking, error: unknown): void {
    const { tries } = asking;
    console.warn(JSON.stringify({ at: "audience", address: world.address, turn, tries, error: String(error) }));
    const pause = Math.min(threadLimits.askFirst * 2 ** tries, threadLimits.askLast);
    host.committer.commit(() => {
      if (isPending(documents, { turn, ...asking }))
        documents.asking.put(numberKey(turn), { ...asking, tries: tries + 1, next: clock.now() + pause });
    });
  }

  async function give(asking: Asking): Promise<void> {
    const ask = trust(ownMessages["audience.ask"], asking.message);
    // Only this request: a turn that was suspended and resumed meanwhile is requested again under its number.
    const done = (): void => {
      if (isPending(documents, asking)) documents.asking.delete(numberKey(asking.turn));
    };
    const actor = await host.peek(asking.task);
    const compiled = actor?.definition ? await definitions(actor.definition) : undefined;
    const role = compiled?.ir.roles.find(({ name }) => name === ask.role);
    const { open, round, seats } = actor ? trust(taskContext, actor.context) : { open: null, round: 0, seats: {} };
    // The task's state predates the request: keep the request.
    if (actor?.status === "active" && round < ask.turn) throw new Error(`the task is in round ${round}, before the turn ${ask.turn}`);
    if (!compiled || !role || actor?.status !== "active" || open?.turn !== ask.turn || readBroadcast(documents, ask.turn)) {
      host.committer.commit(done);
      return;
    }
    const chosen = await choose({ ...ports, now: () => clock.now() }, compiled, role, ask, seats);
    const plan: AudiencePlan = { ...chosen, give: () => giveTurn({ services, now: clock.now() }, role, asking.task, ask, chosen) };
    const answer = await host.send(
      asking.task,
      { type: "audience.asked", turn: ask.turn, asked: chosen.agents.length },
      { metadata: plan, before: done, fits: () => isPending(documents, asking) },
    );
    // The task has ended meanwhile.
    if (!answer.ok) host.committer.commit(done);
  }

  return {
    ask(ask, envelope, sender) {
      host.committer.commit(() => {
        host.committer.inbox.mark({ ...envelope, from: sender });
        documents.asking.put(numberKey(ask.turn), {
          task: envelope.from.slice("task/".length),
          message: ask,
          tries: 0,
          // The work begins at once; this time is for a crash in it.
          next: clock.now() + hostLimits.safetyNet,
        });
      });
      world.scheduler.background(start());
    },
    work: start,
    due() {
      let first: number | undefined;
      for (const { next } of documents.asking.values()) if (first === undefined || next < first) first = next;
      return first;
    },
    async leave({ agent, turn: full }, envelope) {
      const turn = readTurnNumber(full);
      const mark = (): void => host.committer.inbox.mark(envelope);
      const answer = await host.send(
        envelope.to.slice("task/".length),
        { type: "turn.failed", turn, agent, generation: turn, retryable: false, reason: `${agent} was removed` },
        { before: mark, fits: () => isWaitedFor(documents, turn, agent) },
      );
      if (!answer.ok) host.committer.commit(mark);
    },
  };
}

/** Who held each pool last: the role is free between turns, and `not` means them. */
function readLastHolders(documents: TaskDocuments, ir: WorkflowIr, seats: TaskContext["seats"]): Record<string, string> {
  const last: Record<string, string> = {};
  for (const { name } of ir.roles.filter(isPool)) {
    const agent = lookUp(seats, name)?.was ?? readTally(documents, name).agent;
    if (agent) last[name] = agent;
  }
  return last;
}

/** Whether what was asked for is still wanted: it may have been asked again under its turn. */
function isPending({ asking }: TaskDocuments, { turn, message }: Asking): boolean {
  return JSON.stringify(asking.get(numberKey(turn))?.message) === JSON.stringify(message);
}

/** Finds whom the turn goes to: nobody that a role's `not` sets apart, and nobody that has acknowledged already. */
function choose(
  ports: AudiencePorts & { documents: TaskDocuments },
  { ir }: CompiledWorkflow,
  role: RoleIr,
  ask: Ask,
  seats: TaskContext["seats"],
): Promise<ChosenAudience> {
  const { documents } = ports;
  const { workflow, event, initiator } = readTaskStart(documents);
  const holders = findSetApart(ir, role, { seats, last: readLastHolders(documents, ir, seats) }).keys();
  return chooseAudience(ports, {
    role,
    workflow,
    of: ask.of,
    without: new Set([...holders, ...readAcked(documents, role.name)]),
    last: readLastAudience(documents, role.name),
    event: { ...event, agent: initiator },
  });
}
