/**
 * One machine on the real actor host, driven event by event: decisions are scripted, time moves to the named timer, what is
 * sent to others is taken and forgotten. Runs in a Durable Object and in plain Node; knows the host and no path.
 */
import { loadMachine } from "../../machines/load-machine.ts";
import { writeTypes } from "../../machines/messages.ts";
import type { CompiledWorkflow } from "../compile/compile-workflow.ts";
import type { Json } from "../contract/event.ts";
import { type ActorHost, createActorHost } from "../durable/host/actor-host.ts";
import { createLogics, type LogicEntry, type Logics } from "../durable/host/logic.ts";
import type { Storage, World } from "../durable/host/ports.ts";

/** An event of a path, as data. */
export interface PathEvent {
  type: string;
  [fact: string]: Json;
}

/** What is done in one go: the machine is begun, or given an event. */
export interface PathOrder {
  machine: "recruitment" | "task";
  /** For the beginning; else an event is given. */
  input?: Json;
  event?: PathEvent;
  /** What the moderator says, in order: `xstate.done.actor.moderate` or `xstate.error.actor.moderate`. */
  decisions: PathEvent[];
}

/** Where the machine is then. */
export interface PathReport {
  value: Json;
  status: string;
  context: Json;
  /** Places that were taken. */
  marks: string[];
  /** Why the event was refused or is a dead letter. */
  refused?: string;
}

/** What the command asks of the Worker: all orders of a path, on an object of that name. */
export interface PathRequest {
  name: string;
  compiled: CompiledWorkflow;
  orders: PathOrder[];
}

/** What became of it. `lives`: how often the object was made; once per order if every eviction was one. */
export interface PathAnswer {
  reports: PathReport[];
  lives: number;
}

/** A machine on a host, as long as it is in memory. */
export interface PathHost {
  run(order: PathOrder): Promise<PathReport>;
}

/** The actor's id; the object's name is the same. */
export const pathActor = "path";

/** Far from now, so that nothing rings by itself. */
const frozen = Date.UTC(2199, 0, 1);

/** Makes the logics of a workflow, its decisions scripted. */
function createPathLogics(decisions: PathEvent[]): Logics {
  const load = (pick: (compiled: CompiledWorkflow) => CompiledWorkflow["task"]) => (definition: unknown) => {
    const loaded = loadMachine(pick(definition as CompiledWorkflow));
    if (!loaded.ok) throw new Error(loaded.faults.map(({ at, message }) => `${at}: ${message}`).join("; "));
    return loaded.machine;
  };
  const ignore = (): void => {};
  const writes = {
    ...Object.fromEntries(writeTypes.map((type) => [type, ignore])),
    "progress.note": ({ params }: { params: { [key: string]: Json } }, { storage }: { storage: Storage }): void => {
      if (typeof params["mark"] === "string") storage.exec("INSERT OR IGNORE INTO mark VALUES (?)", params["mark"]);
    },
  };
  const moderate: LogicEntry = {
    type: "promise",
    mode: "pure",
    run: async () => {
      const said = decisions.shift();
      if (!said) throw new Error("no decision is scripted");
      if (said.type.startsWith("xstate.error")) throw new Error((said["error"] as { message: string }).message);
      return { output: said["output"] };
    },
  };
  return createLogics({
    recruitment: { load: load(({ recruitment }) => recruitment), options: { place: "recruitment", actors: { task: "task" }, writes } },
    task: { load: load(({ task }) => task), options: { place: "task", actors: { moderate: "moderate" }, writes } },
    moderate,
  });
}

/** Notes that an object was made, and says how often it was. */
export function noteLife({ storage }: Pick<World, "storage">): void {
  storage.exec("CREATE TABLE IF NOT EXISTS life (id INTEGER PRIMARY KEY AUTOINCREMENT)");
  storage.exec("INSERT INTO life DEFAULT VALUES");
}

/** How often the object was made. */
export function countLives({ storage }: Pick<World, "storage">): number {
  return storage.exec<{ n: number }>("SELECT count(*) AS n FROM life")[0]?.n ?? 0;
}

/** What of the actor's document is looked at. */
interface StoredActor {
  snapshot: { value: Json; context: Json };
  timers: { id: string; due: number }[];
}

/** The actor's document; undefined: there is none. */
function readStored(storage: Storage): StoredActor | undefined {
  if (!storage.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'document'").length) return undefined;
  const row = storage.exec<{ body: string }>("SELECT body FROM document WHERE collection = 'actor' AND key = ?", pathActor)[0];
  return row && (JSON.parse(row.body) as StoredActor);
}

/** The state as it is stored. */
function readState(storage: Storage): string | undefined {
  const stored = readStored(storage);
  return stored && JSON.stringify([stored.snapshot.value, stored.snapshot.context]);
}

/** Makes the host of one path, or loads it again from its store. */
export function createPathHost({ storage }: Pick<World, "storage">, machine: PathOrder["machine"], compiled: CompiledWorkflow): PathHost {
  const decisions: PathEvent[] = [];
  const background = new Set<Promise<unknown>>();
  const address = `${machine}/${pathActor}`;
  /** A message that left while whoever gets it still found the state before its commit. */
  let early: string | undefined;
  storage.exec("CREATE TABLE IF NOT EXISTS mark (id TEXT PRIMARY KEY)");
  storage.exec("CREATE TABLE IF NOT EXISTS child_message (id INTEGER PRIMARY KEY AUTOINCREMENT)");
  const world: World = {
    address,
    // Time moves by hand: no alarm is ever set.
    storage: {
      exec: (sql, ...values) => storage.exec(sql, ...values),
      transaction: (body) => storage.transaction(body),
      setAlarm: () => {},
    },
    clock: { now: () => frozen },
    transport: { deliver: () => Promise.resolve({ status: "stored" }) },
    scheduler: {
      background(work) {
        const held = work.catch(() => {}).finally(() => background.delete(held));
        background.add(held);
      },
    },
  };
  /** Whoever gets a message finds, in this object too, the state that sent it. */
  function createHost(said: PathEvent[]): ActorHost {
    const deliver: World["transport"]["deliver"] = async ({ message }) => {
      const before = readState(storage);
      const seen = await made.peek(pathActor);
      const found = seen && JSON.stringify([seen.value, seen.context]);
      // A later state will do: time may have moved on while the definition was read.
      if (found !== undefined && found !== before && found !== readState(storage)) early = message.type;
      return { status: "stored" };
    };
    const made: ActorHost = createActorHost({ ...world, transport: { deliver } }, createPathLogics(said), {
      definitions: () => Promise.resolve(compiled),
    });
    return made;
  }
  const host = createHost(decisions);
  host.resume();

  async function settle(): Promise<void> {
    while (background.size > 0) await Promise.all(background);
  }

  /** The child is not there; what its object would send of its end comes from its address. */
  async function endChild(event: PathEvent): Promise<string | undefined> {
    const child = (await host.read(pathActor))?.children.find(({ id }) => id === "task");
    if (!child) return "there is no child";
    const id = storage.exec<{ id: number }>("INSERT INTO child_message DEFAULT VALUES RETURNING id")[0]?.id ?? 1;
    const done = event.type.startsWith("xstate.done");
    const message = done
      ? { type: "host.done", child: "task", output: event["output"] ?? null }
      : { type: "host.error", child: "task", error: event["error"] ?? null };
    const delivery = await host.deliver({ from: child.address, id, to: address, message });
    return delivery.status === "stored" ? undefined : JSON.stringify(delivery);
  }

  async function fire(type: string): Promise<string | undefined> {
    if (!readStored(storage)?.timers.some(({ id }) => id === type)) return `the timer ${type} is not set`;
    // What this life still had to send has left: the timer finds an object of its own.
    await settle();
    // For this one timer it is time; the clock stands still for all others.
    const stored = readStored(storage);
    const timers = stored?.timers.map((timer) => (timer.id === type ? { ...timer, due: frozen } : timer));
    storage.exec("UPDATE document SET body = ? WHERE collection = 'actor' AND key = ?", JSON.stringify({ ...stored, timers }), pathActor);
    await createHost(decisions).alarm();
    return undefined;
  }

  async function give(event: PathEvent): Promise<string | undefined> {
    if (event.type.startsWith("xstate.after.")) return fire(event.type);
    if (event.type.startsWith("xstate.")) return endChild(event);
    const answer = await host.send(pathActor, event);
    return answer.ok ? undefined : `${answer.code}: ${answer.detail}`;
  }

  return {
    async run({ input, event, decisions: said }) {
      decisions.splice(0, decisions.length, ...said);
      early = undefined;
      let refused: string | undefined;
      if (event) refused = await give(event);
      else {
        const begun = await host.start({
          actor: pathActor,
          logic: machine,
          definition: compiled.revision,
          ...(input === undefined ? {} : { input }),
        });
        if (!begun.ok) refused = `${begun.code}: ${begun.detail}`;
      }
      await settle();
      // Read by a host that knows nothing but the store.
      const fresh = createHost([]);
      const view = await fresh.read(pathActor);
      const letter = fresh.deadLetters().at(-1);
      const marks = storage.exec<{ id: string }>("SELECT id FROM mark").map(({ id }) => id);
      if (!view) return { value: null, status: "absent", context: null, marks, refused: refused ?? "the actor is not there" };
      const left = early === undefined ? undefined : `${early} left before the state that sent it was there to see`;
      const why = refused ?? left ?? (letter ? `a dead letter (${letter.code}): ${letter.error}` : undefined);
      return { value: view.value, status: view.status, context: view.context, marks, ...(why === undefined ? {} : { refused: why }) };
    },
  };
}
