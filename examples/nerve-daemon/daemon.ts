/**
 * A small stand-in for a nerve daemon's loop: sense → reflex → workflow → respond, over and over. Programs run beside the rounds, so that
 * the daemon shows that it is alive however long a turn takes. Its state is on disk after each round, so a `kill -9` at any moment repeats
 * at most what the server knows as a repeat.
 *
 *     NERVEFLARE_TOKEN=… npx node examples/nerve-daemon/daemon.ts [--file nerve.yaml] [--state daemon-state.json]
 */
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import jsonata from "jsonata";
import { acceptSchemas } from "../../src/client/accept-schemas.ts";
import { readDuration } from "../../src/client/heartbeat.ts";
import type { CloudEvent, Json, OfferOpened } from "../../src/client/index.ts";
import { ClientError } from "../../src/client/index.ts";
import { type Capacity, claimOffer, createCapacitySense, createInboxSense, createSender, reportAgent } from "../../src/client/sense.ts";
import { createProgramHandler } from "../../src/exec/create-program-handler.ts";
import { readSettings } from "../agents/settings.ts";
import { readNerveFile } from "./read-nerve-file.ts";
import { createTurnWork, type OpenTurns } from "./turn-work.ts";

/** Milliseconds before a round is tried again after one that failed. */
const pause = 1_000;
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
/** Milliseconds that a round waits for something to come, which is how often the daemon shows that it is alive: at most half of a heartbeat. */
let beat = 5_000;

const { values } = parseArgs({
  options: {
    file: { type: "string", default: join(import.meta.dirname, "nerve.yaml") },
    state: { type: "string", default: "daemon-state.json" },
  },
});
const { senses, reflexes, workflows } = await readNerveFile(values.file);
const settings = readSettings();
const { send } = createSender(settings);
const capacity = createCapacitySense({ ...settings, slots: senses.capacity.slots });
const sensed = {
  ...settings,
  channels: senses.inbox.channels,
  ...(senses.inbox.accepts && { accepts: acceptSchemas(senses.inbox.accepts) }),
};

interface State {
  inbox?: unknown;
  /** Offers that there was no room for yet. */
  waiting: CloudEvent[];
  open: OpenTurns;
}

let state: State = { waiting: [], open: { turns: {}, answers: {} }, ...((await readState(values.state)) as Partial<State>) };
let saving: Promise<unknown> = Promise.resolve();
const work = createTurnWork({
  open: state.open,
  save,
  send,
  program: (name) => createProgramHandler({ command: workflows[name]?.exec ?? "cat", env: process.env }),
  pause: () => sleep(pause),
});
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => process.exit(0));
/** Claims of this round: the server's word on them comes with the next. */
let claimed = 0;
// The server holds an agent to what it says it has room for.
const report = reportAgent(crypto.randomUUID(), { slots: senses.capacity.slots, accepts: senses.inbox.accepts ?? {} });
for (let reported = false; ; ) {
  try {
    if (!reported) await send(report);
    reported = true;
    const reading = await createInboxSense({ ...sensed, wait: Math.floor(beat / 1_000) }).compute(state.inbox);
    claimed = 0;
    const waiting: CloudEvent[] = [];
    for (const event of [...state.waiting, ...reading.events]) {
      keepPace(event);
      const closed = reading.events.some(({ type, data }) => type === "nerve.offer.closed" && isAbout(data, event));
      if (!(await react(event)) && !closed && isFuture((event.data as unknown as OfferOpened).expires)) waiting.push(event);
    }
    state = { ...state, inbox: reading.state, waiting };
    await save();
    // Also turns that an earlier run of this program left open.
    work.goOn((await capacity.compute()).turns);
    if (beat < 1_000 && reading.events.length === 0) await sleep(beat);
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    if (!error.retryable) {
      console.error(error.message);
      process.exit(1);
    }
    console.error(`${error.message}; again in ${pause} ms`);
    await sleep(pause);
  }
}

/** Writes the state, one write at a time. */
function save(): Promise<void> {
  const saved = saving.then(async () => {
    await writeFile(`${values.state}.new`, JSON.stringify(state));
    await rename(`${values.state}.new`, values.state);
  });
  saving = saved.catch(() => {});
  return saved;
}

/** Roles say how often they want a sign of life. */
function keepPace({ data }: CloudEvent): void {
  const { heartbeat } = (data ?? {}) as { heartbeat?: { every: string } };
  beat = Math.min(beat, (readDuration(heartbeat?.every ?? "") ?? beat * 2) / 2);
}

/** Runs the workflows of the reflexes that the event fires; false: it is an offer that none took, worth another look. */
async function react(event: CloudEvent): Promise<boolean> {
  const listening = reflexes.filter(({ on }) => on === event.type);
  if (listening.length === 0) return true;
  const seen = await capacity.compute();
  const room = { ...seen, free: seen.free - claimed };
  let fired = false;
  for (const { when, run } of listening) {
    if (when !== undefined && !(await jsonata(when).evaluate({ event, senses: { capacity: room } }))) continue;
    fired = true;
    await perform(run, event, room);
  }
  return fired || event.type !== "nerve.offer.opened";
}

async function perform(name: string, event: CloudEvent, room: Capacity): Promise<void> {
  const { respond } = workflows[name] as (typeof workflows)[string];
  const { thread } = event.data as { thread: string };
  console.log(`${event.type} → ${name} (${thread}, ${room.free} of ${senses.capacity.slots} slots free)`);
  if (respond === "answer") return work.take(event, name);
  try {
    await send(claimOffer(event.data as unknown as OfferOpened));
    claimed += 1;
  } catch (error) {
    // Closed or taken meanwhile: there is nothing left to do for it.
    if (!(error instanceof ClientError) || error.retryable) throw error;
    console.error(`${name}: ${error.message}`);
  }
}

function isAbout(closed: Json | undefined, event: CloudEvent): boolean {
  return (closed as { offer?: string }).offer === (event.data as { offer?: string } | undefined)?.offer;
}

function isFuture(time: string | undefined): boolean {
  return time !== undefined && Date.parse(time) > Date.now();
}

async function readState(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch {
    return {};
  }
}
