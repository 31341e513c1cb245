/**
 * One thread over node:sqlite: the objects of its root and its task, the real actor host and the real machines of a workflow, and
 * fakes only at their ports: clock, registry, agents' cards, and the other objects that they send to. Opens in a few milliseconds.
 */
import { type CompiledWorkflow, compileWorkflow } from "../../../../src/compile/compile-workflow.ts";
import type { CloudEvent, Json } from "../../../../src/contract/event.ts";
import type { Accepted } from "../../../../src/contract/frames/server-frames.ts";
import { type AgentData, agentKinds, isTurnEvent, type ThreadEvent, type ThreadKind } from "../../../../src/contract/kinds/agent-kinds.ts";
import type { TurnAssigned } from "../../../../src/contract/kinds/turn.ts";
import type { Signal } from "../../../../src/contract/language.ts";
import type { Result } from "../../../../src/contract/problem.ts";
import type { DeliveryRefusal } from "../../../../src/contract/refusals.ts";
import type { AgentCard } from "../../../../src/contract/views/agent.ts";
import type { ThreadView } from "../../../../src/contract/views/thread.ts";
import { createNodeStorage, type NodeStorage } from "../../../../src/durable/host/storage/node-storage.ts";
import { type ClaimCard, type Mail, readMail } from "../../../../src/durable/protocol/agent.ts";
import type { Delivery, Envelope, Message } from "../../../../src/durable/protocol/envelope.ts";
import type { ProjectionRow } from "../../../../src/durable/protocol/projector.ts";
import type { Admit } from "../../../../src/durable/protocol/workflow.ts";
import type { Registry } from "../../../../src/durable/registry/registry.ts";
import { readThreadName } from "../../../../src/durable/thread/lifecycle/epochs.ts";
import { createTaskDoor, type TaskDoor } from "../../../../src/durable/thread/task-door.ts";
import { createThreadRoot, type ThreadRoot } from "../../../../src/durable/thread/thread-root.ts";
import { createThreadTask } from "../../../../src/durable/thread/thread-task.ts";
import { createStageBoard } from "./stage-board.ts";

export const second = 1_000;
export const minute = 60_000;

/** An agent in a list: its id, or more of its card. */
type Someone = string | (Partial<ClaimCard> & { id: string });

export interface Stage {
  thread: string;
  /** What the registry and the agents' own objects say; a test changes it as it goes. */
  agents: Map<string, ClaimCard>;
  /** The registry cannot be asked. */
  registryDown: boolean;
  /** Until this resolves the registry lets everybody wait. */
  registryBusy: Promise<void> | undefined;
  /** The next number that is drawn, from 0 to 1. */
  draw: number;
  /** Where nothing can be stored: an object of an address, and the code that it refuses with. */
  refusals: Map<string, DeliveryRefusal>;
  /** All that left for other objects, in order. */
  sent: { to: string; message: Message }[];
  /** What D1 is told. */
  rows: ProjectionRow[];
  /** An agent that was not there is. */
  join(someone: Someone): void;
  /** An agent is connected no more. */
  leave(agent: string): Promise<void>;
  /** The board of open offers is lost, with all that it was to tell. */
  loseBoard(): void;
  /** The workflow's queue gives the thread a place, or says in another `type` why it has none. */
  start(more?: Partial<Admit> & { type?: string; reason?: string }): Promise<Delivery>;
  /** Another object says something to the thread's root, or `to` its task, under its next number or one that it used before. */
  hear(from: string, message: Message, more?: { id?: number; to?: string }): Promise<Delivery>;
  /** An agent says something of the thread; `card` is what its own object adds. */
  say<K extends ThreadKind>(agent: string, type: K, data: object, more?: { id?: string; card?: Partial<ClaimCard> }): Promise<string>;
  claim(agent: string, more?: { id?: string; offer?: string; bid?: unknown; card?: Partial<ClaimCard> }): Promise<string>;
  /** Answers the newest turn that the agent was given. */
  answer(agent: string, output: object, more?: { id?: string; turn?: TurnAssigned }): Promise<string>;
  /** What an operator orders, and what follows from it at once. */
  order(signal: Signal, body?: { reason?: string; supplement?: Json }): Promise<Result<ThreadView>>;
  root(): ThreadRoot;
  task(): TaskDoor;
  /** What each of the two objects has stored. */
  stores: { root: NodeStorage; task: NodeStorage };
  /** The task's object cannot be reached. */
  taskDown: boolean;
  show(): Promise<ThreadView>;
  /** Events of one kind in an agent's mail, oldest first. */
  mail<Data = Record<string, unknown>>(agent: string, kind: string): Data[];
  /** Messages of one type to an object, oldest first. */
  to<Said = Record<string, unknown>>(address: string, type: string): Said[];
  turn(agent: string): TurnAssigned;
  /** The newest offer of those that were made to the agent. */
  offer(agent: string): string;
  /** Lets time pass, and runs what is due. */
  pass(milliseconds: number): Promise<void>;
  /** Both objects end and are loaded again: their stores are all that stays. */
  reload(): Promise<void>;
}

const known = new Map<string, CompiledWorkflow>();

/** Compiled once, however many tests use it. */
export function compile(text: string): CompiledWorkflow {
  const found = known.get(text);
  if (found) return found;
  const { compiled, diagnostics } = compileWorkflow(text);
  if (!compiled) throw new Error(JSON.stringify(diagnostics));
  known.set(text, compiled);
  return compiled;
}

function makeCard(someone: Someone): ClaimCard {
  const wish = typeof someone === "string" ? { id: someone } : someone;
  return { capabilities: [], roles: null, kinds: null, labels: {}, load: 0, ...wish };
}

function createStageRegistry(published: CompiledWorkflow[], stage: Pick<Stage, "agents" | "registryBusy" | "registryDown">): Registry {
  const list = async (): Promise<AgentCard[]> => {
    await stage.registryBusy;
    if (stage.registryDown) throw new Error("the registry cannot be asked");
    return [...stage.agents.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  };
  return {
    async reflexes() {
      await stage.registryBusy;
      return published.map(({ ir, revision }) => ({ workflow: ir.name, revision, input: ir.input ?? null, reflexes: ir.reflexes }));
    },
    revision: async (hash) => published.find(({ revision }) => revision === hash),
    agents: async ({ capabilities, after = "", limit }) =>
      (await list()).filter(({ id, capabilities: has }) => id > after && capabilities.every((each) => has.includes(each))).slice(0, limit),
    cards: async (ids) => (await list()).filter(({ id }) => ids.includes(id)),
    pastTurns: async () => ({ role: [], overall: [] }),
  };
}

/** One of a thread's two objects. */
interface ThreadObject {
  storage: NodeStorage;
  deliver(envelope: Envelope): Promise<Delivery>;
  alarm(): Promise<void>;
}

/** The ports of a thread's two objects, and a clock that is moved by hand. */
function createPorts(
  thread: string,
  registry: Registry,
  stage: Pick<Stage, "agents" | "draw" | "refusals" | "registryDown" | "sent" | "rows" | "taskDown">,
) {
  const running = new Set<Promise<unknown>>();
  let now = 1_800_000_000_000;
  let timers: { at: number; work: () => void }[] = [];
  /** How often both objects were loaded. */
  let loads = 0;
  const seen = new Set<string>();
  const stores = { root: createNodeStorage(), task: createNodeStorage() };
  async function receive(envelope: Envelope, find: () => { root: ThreadRoot; task: TaskDoor }): Promise<Delivery> {
    const { from, id, to, message } = envelope;
    const code = stage.refusals.get(to);
    if (code !== undefined) return { status: "refused", code, detail: `${to} takes nothing` };
    const name = `${from} ${id} ${to}`;
    if (!seen.has(name)) stage.sent.push({ to, message: structuredClone(message) });
    seen.add(name);
    const kind = to.slice(0, to.indexOf("/"));
    if (readThreadName(to.slice(kind.length + 1)) !== thread) return { status: "stored" };
    if (kind === "task") {
      if (stage.taskDown) throw new Error("the task's object cannot be reached");
      return find().task.deliver(structuredClone(envelope));
    }
    return kind === "recruitment" ? find().root.deliver(structuredClone(envelope)) : { status: "stored" };
  }
  const later = (milliseconds: number, work: () => void): void => void timers.push({ at: now + milliseconds, work });
  const { board, hint, attend, leave, lose } = createStageBoard(stage, () => now, later);
  function background(work: Promise<unknown>): void {
    const held: Promise<unknown> = work.finally(() => running.delete(held));
    running.add(held);
  }
  /** Timers of an object end with it. */
  function createLater(): typeof later {
    const load = loads;
    return (milliseconds, work) => later(milliseconds, () => load === loads && work());
  }
  const makePorts = (kind: "root" | "task", find: () => { root: ThreadRoot; task: TaskDoor }) => ({
    world: {
      address: `${kind === "root" ? "recruitment" : "task"}/${thread}`,
      storage: stores[kind],
      clock: { now: () => now },
      transport: { deliver: (envelope: Envelope) => receive(envelope, find) },
      scheduler: { background },
    },
    registry,
    random: () => stage.draw,
    card: async (agent: string) => stage.agents.get(agent) ?? null,
    project: async (rows: ProjectionRow[]) => void stage.rows.push(...rows),
    later: createLater(),
    counted: () => {},
    board,
    hint,
  });
  async function settle(): Promise<void> {
    while (running.size) await Promise.all(running);
  }
  /** Runs what is due until then. */
  async function pass(milliseconds: number, objects: () => Omit<ThreadObject, "deliver">[]): Promise<void> {
    const until = now + milliseconds;
    for (;;) {
      await settle();
      const alarms = objects().map(({ storage }) => storage.alarm ?? Number.POSITIVE_INFINITY);
      const due = Math.min(...alarms, ...timers.map(({ at }) => at));
      if (due > until) break;
      now = Math.max(now, due);
      const work = timers.filter(({ at }) => at <= now);
      timers = timers.filter(({ at }) => at > now);
      for (const timer of work) timer.work();
      for (const { storage, alarm } of objects()) {
        if (storage.alarm === undefined || storage.alarm > now) continue;
        storage.alarm = undefined;
        await alarm();
      }
    }
    now = until;
  }
  const end = (): void => {
    loads += 1;
  };
  return { makePorts, settle, pass, stores, leave, lose, end, attend: (card: AgentCard) => background(attend(card)) };
}

/** Makes both objects anew, of what they have stored. */
function openObjects(
  thread: string,
  { makePorts, stores }: Pick<ReturnType<typeof createPorts>, "makePorts" | "stores">,
  isDown: () => boolean,
) {
  const find = () => made;
  const root = createThreadRoot({
    ...makePorts("root", find),
    standing: async () => null,
    admission: () => Promise.reject(new Error("nobody asks the queue here")),
    remoteTask: () => (isDown() ? downTask : made.task),
  });
  const task = createTaskDoor({
    name: () => thread,
    storage: stores.task,
    make: () => createThreadTask(makePorts("task", find)),
    empty: () => Promise.reject(new Error("no thread is archived here")),
    isBuried: () => false,
    oldTask: async (place) => made.root.oldTask(place),
  });
  const made: { root: ThreadRoot; task: TaskDoor } = { root, task };
  return made;
}

/** The task's object, as it is when nobody reaches it. */
const downTask = new Proxy({} as TaskDoor, {
  get: () => () => Promise.reject(new Error("the task's object cannot be reached")),
});

/** Opens a thread's object, which knows nothing yet: {@link Stage.start} begins it. */
export function openStage(workflow: string, agents: Someone[], { thread = "t1", others = [] as string[] } = {}): Stage {
  const published = [workflow, ...others].map(compile);
  const { ir, revision } = published[0] as CompiledWorkflow;
  const told = {
    agents: new Map(agents.map((each) => makeCard(each)).map((card) => [card.id, card])),
    registryDown: false,
    registryBusy: undefined as Stage["registryBusy"],
    draw: 0.5,
    refusals: new Map<string, DeliveryRefusal>(),
    sent: [] as Stage["sent"],
    rows: [] as Stage["rows"],
    taskDown: false,
  };
  const made = createPorts(thread, createStageRegistry(published, told), told);
  const { settle, pass, stores, attend, leave, lose, end } = made;
  const open = () => openObjects(thread, made, () => told.taskDown);
  let objects = open();
  const numbers = new Map<string, number>();
  let posted = 0;
  const event: CloudEvent = {
    specversion: "1.0",
    id: "e0",
    source: "/agents/lead",
    type: "wanted",
    time: "2027-01-15T08:00:00Z",
    data: {},
  };

  const stage: Stage = Object.assign(told, {
    thread,
    leave,
    loseBoard: lose,
    join(someone) {
      const card = makeCard(someone);
      told.agents.set(card.id, card);
      attend(card);
    },
    root: () => objects.root,
    task: () => objects.task,
    stores,
    start: (more = {}) =>
      stage.hear(`workflow/${ir.name}`, {
        ...{ type: "thread.start", thread, workflow: ir.name, revision, event, initiator: "lead", key: null },
        ...more,
      }),
    async hear(from, message, { id = (numbers.get(from) ?? 0) + 1, to = `recruitment/${thread}` } = {}) {
      numbers.set(from, Math.max(id, numbers.get(from) ?? 0));
      const receiver = to.startsWith("task/") ? objects.task : objects.root;
      const delivery = await receiver.deliver(structuredClone({ from, id, to, message }));
      await settle();
      return delivery;
    },
    async say(agent, type, data, { id = `said-${++posted}`, card = {} } = {}) {
      const said = { ...event, id, source: `/agents/${agent}`, type, data: agentKinds[type].data.parse(data) } as ThreadEvent;
      const taker = isTurnEvent(said) ? objects.task : objects.root;
      const taken: Result<Accepted> = await taker.take(
        { ...(told.agents.get(agent) ?? makeCard(agent)), ...card },
        said,
        JSON.stringify([type, data]),
      );
      await settle();
      return taken.ok ? ["accepted", ...taken.value.notes].join(": ") : `${taken.problem.code}: ${taken.problem.detail}`;
    },
    claim: (agent, { id, offer = stage.offer(agent), bid, card } = {}) =>
      stage.say(agent, "nerve.offer.claim", { offer, ...(bid !== undefined && { bid }) }, { ...(id && { id }), ...(card && { card }) }),
    answer(agent, output, { id, turn = stage.turn(agent) } = {}) {
      const data: AgentData<"nerve.turn.respond"> = { turn: turn.turn, lease: turn.lease.generation, output: output as never };
      return stage.say(agent, "nerve.turn.respond", data, id === undefined ? {} : { id });
    },
    async order(signal, body = {}) {
      const answer = await objects.root.recruitment.control(signal, "admin", body);
      await settle();
      return answer;
    },
    async show() {
      const shown = await objects.root.recruitment.show(null);
      if (!shown.ok) throw new Error(shown.problem.detail);
      return shown.value;
    },
    mail: (agent, kind) => readMails(told.sent, agent).flatMap(({ event: { type, data } }) => (type === kind ? [data as never] : [])),
    to: (address, type) => told.sent.flatMap(({ to, message }) => (to === address && message.type === type ? [message as never] : [])),
    turn: (agent) => last(stage.mail<TurnAssigned>(agent, "nerve.turn.assigned"), `${agent} was given no turn`),
    offer: (agent) => last(stage.mail<{ offer: string }>(agent, "nerve.offer.opened"), `${agent} was made no offer`).offer,
    pass: (milliseconds) =>
      pass(milliseconds, () => [
        { storage: stores.root, alarm: () => objects.root.alarm() },
        { storage: stores.task, alarm: () => objects.task.alarm() },
      ]),
    async reload() {
      await settle();
      end();
      objects = open();
    },
  } satisfies Omit<Stage, keyof typeof told>);
  return stage;
}

function readMails(sent: Stage["sent"], agent: string): Mail[] {
  return sent.flatMap(({ to, message }) => (to === `agent/${agent}` ? [readMail(message) ?? []].flat() : []));
}

function last<T>(items: T[], why: string): T {
  const item = items.at(-1);
  if (item === undefined) throw new Error(why);
  return item;
}
