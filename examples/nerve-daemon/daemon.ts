/**
 * A small stand-in for a nerve daemon's loop: sense → reflex → workflow → respond, over and over. Its state is on disk after each round, so a
 * `kill -9` at any moment repeats at most what the server knows as a repeat.
 *
 *     NERVEFLARE_TOKEN=… node examples/nerve-daemon/daemon.ts [--file nerve.yaml] [--state daemon-state.json]
 */
import { spawn } from "node:child_process";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import jsonata from "jsonata";
import { acceptSchemas } from "../../src/client/accept-schemas.ts";
import type { CloudEvent, Json, OfferOpened, TurnAssigned } from "../../src/client/index.ts";
import { ClientError } from "../../src/client/index.ts";
import {
  answerTurn,
  type Capacity,
  claimOffer,
  createCapacitySense,
  createInboxSense,
  createSender,
  failTurn,
  reportAgent,
} from "../../src/client/sense.ts";
import { readSettings } from "../agents/settings.ts";
import { readNerveFile } from "./read-nerve-file.ts";

/** Seconds that a round waits for something to come: also how often a quiet daemon shows that it is alive. */
const round = 5;
/** Milliseconds before a round is tried again after one that failed. */
const pause = 1_000;

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
const inbox = createInboxSense({
  ...settings,
  channels: senses.inbox.channels,
  wait: round,
  ...(senses.inbox.accepts && { accepts: acceptSchemas(senses.inbox.accepts) }),
});

interface State {
  inbox?: unknown;
  /** Offers that there was no room for yet. */
  waiting: CloudEvent[];
}

let state: State = { waiting: [], ...((await readState(values.state)) as Partial<State>) };
/** Claims of this round: the server's word on them comes with the next. */
let claimed = 0;
// The server holds an agent to what it says it has room for.
await send(reportAgent(crypto.randomUUID(), { slots: senses.capacity.slots, accepts: senses.inbox.accepts ?? {} }));
for (;;) {
  try {
    const reading = await inbox.compute(state.inbox);
    claimed = 0;
    const waiting: CloudEvent[] = [];
    for (const event of [...state.waiting, ...reading.events]) {
      const closed = reading.events.some(({ type, data }) => type === "nerve.offer.closed" && isAbout(data, event));
      if (!(await react(event)) && !closed && isFuture((event.data as unknown as OfferOpened).expires)) waiting.push(event);
    }
    state = { inbox: reading.state, waiting };
    await writeFile(`${values.state}.new`, JSON.stringify(state));
    await rename(`${values.state}.new`, values.state);
  } catch (error) {
    if (!(error instanceof ClientError) || !error.retryable) throw error;
    console.error(`${error.message}; again in ${pause} ms`);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
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
  const { exec, respond } = workflows[name] as (typeof workflows)[string];
  const { thread } = event.data as { thread: string };
  console.log(`${event.type} → ${name} (${thread}, ${room.free} of ${senses.capacity.slots} slots free)`);
  try {
    if (respond === "claim") {
      await send(claimOffer(event.data as unknown as OfferOpened));
      claimed += 1;
    }
    if (respond === "answer") await answer(exec, event.data as unknown as TurnAssigned);
  } catch (error) {
    // Closed, answered or taken back meanwhile: there is nothing left to do for it.
    if (!(error instanceof ClientError) || error.retryable) throw error;
    console.error(`${name}: ${error.message}`);
  }
}

async function answer(exec: string | undefined, turn: TurnAssigned): Promise<void> {
  const program = spawn(exec ?? "cat", { shell: true, stdio: ["pipe", "pipe", "inherit"] });
  program.stdin.end(JSON.stringify(turn));
  try {
    await send(answerTurn(turn, JSON.parse(await text(program.stdout)) as { [field: string]: Json }));
  } catch (error) {
    if (error instanceof ClientError) throw error;
    await send(failTurn(turn, error));
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
