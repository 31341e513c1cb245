/**
 * One workflow's admission: which threads run, which wait, which are dropped. Not an actor: documents, an inbox and an outbox.
 * Knows ports, not the platform.
 */

import { type Result, succeed } from "../../contract/problem.ts";
import type { ReflexOutcome } from "../../contract/routing.ts";
import type { AdmissionView, PauseView } from "../../contract/views/admission.ts";
import { createControlKeys } from "../control/control-keys.ts";
import { formerControlKeys } from "../control/former-control-keys.ts";
import { createCommitter } from "../host/committer.ts";
import type { Undeliverable } from "../host/deliver-message.ts";
import { formerOutbox } from "../host/former-tables.ts";
import { createGather, type Settle } from "../host/gather.ts";
import { refuseOver } from "../host/inbox.ts";
import type { World } from "../host/ports.ts";
import { createStore } from "../host/store/store.ts";
import { answerUnknown } from "../host/take-envelope.ts";
import { formerProjection } from "../projector/former-projection.ts";
import { noteHeldBack } from "../projector/held-back-row.ts";
import { createProjectionOutbox } from "../projector/projection-outbox.ts";
import { dispatch, type Handlers, isOf } from "../protocol/dispatch.ts";
import type { Delivery, Envelope } from "../protocol/envelope.ts";
import type { Once } from "../protocol/parts.ts";
import type { ProjectionRow } from "../protocol/projector.ts";
import { queueMessages } from "../protocol/recruitment.ts";
import { trust } from "../protocol/trust.ts";
import type { TypedCommitter } from "../protocol/typed-host.ts";
import { type AdmitAnswer, type WorkflowMessage, workflowMessages } from "../protocol/workflow.ts";
import type { Registry } from "../registry/registry.ts";
import { createAnnounceWaiting } from "./announce-waiting.ts";
import { formerWorkflowTables } from "./former-tables.ts";
import { createGate } from "./gate.ts";
import { createOutcomes } from "./outcomes.ts";
import { createPlaces, type Places } from "./places.ts";
import { createPublishedRules, type Said } from "./published-rules.ts";
import { createQueue } from "./queue.ts";
import { createSchedules } from "./schedules.ts";
import { createSignals, type Signals } from "./signals.ts";
import { createStartDue } from "./start-due.ts";

export interface AdmissionPorts {
  /** The workflow's name. */
  name: string;
  world: World;
  registry: Registry;
  project(rows: ProjectionRow[]): Promise<unknown>;
  settle: Settle;
  later(milliseconds: number, work: () => void): void;
  countCommit(): void;
}

export interface Admission {
  deliver(envelope: Envelope): Promise<Delivery>;
  alarm(): Promise<void>;
  admission(): AdmissionView;
  /** Stops admitting, or goes on; what runs is left alone. */
  pause(pause: PauseView | null, once?: Once): Promise<Result<AdmissionView>>;
  /** What came of reflexes that fired; null: nothing is known of it. */
  outcomes(refs: string[]): (ReflexOutcome | null)[];
  /** A revision was published: what it says of the queue and of schedules holds from now on. */
  published(revision: string): Promise<void>;
  /** Nothing starts by a schedule any more. */
  withdrawn(): void;
}

interface Item {
  envelope: Envelope;
  /** What the published revision says, where it was read anew. */
  published?: Said | undefined;
}

/**
 * What threads say of their place says it of a beginning and of a state, so that hearing it again changes nothing: no number of
 * theirs is kept. A thread that has ended is not there to be heard any more.
 */
const repeatable: Record<WorkflowMessage["type"], boolean> = {
  admit: false,
  signal: false,
  "thread.ended": true,
  "thread.paused": true,
  "thread.resumed": true,
};

const former = { ...formerOutbox, ...formerProjection, ...formerWorkflowTables, control: formerControlKeys };

export function createAdmission({ name, world, registry, project, settle, later, countCommit }: AdmissionPorts): Admission {
  const { storage, clock } = world;
  const store = createStore(storage, world.address, former);
  const projection = createProjectionOutbox(world, store, later, project);
  const hearRefused = createHearRefused(name, () => ({ committer, places, signals }));
  const committer: TypedCommitter = createCommitter(world, {
    store,
    dueTimes: () => [projection.due(), gate.paused() ? undefined : schedules.due()],
    refused: (refused, _sender, forget) => hearRefused(refused, forget),
    heldBack: (queue, begins) => projection.append(noteHeldBack(queue, { sender: world.address, now: clock.now(), begins })),
    // Threads and initiators know nothing of one another's places: none waits for another's object.
    isUnordered: () => true,
    counted: () => {
      countCommit();
      projection.wake();
    },
    log: projection.log,
    onRollback() {
      projection.undo();
      queue.reread();
    },
  });
  const queue = createQueue<WorkflowMessage<"admit">>(store);
  const gate = createGate(store);
  const schedules = createSchedules(store, clock);
  const outcomes = createOutcomes(store, clock);
  const keys = createControlKeys({ store, clock, committer: () => committer });
  const announce = createAnnounceWaiting({ name, clock, outbox: committer.outbox, projection });
  const places = createPlaces({ clock, queue, gate, outcomes, outbox: committer.outbox, announce });
  const signals = createSignals({ queue, outcomes, outbox: committer.outbox, announce });
  const rules = createPublishedRules(name, registry, () => gate.rules().revision);
  const startDue = createStartDue({ name, registry, rules, gate, schedules, places, projection, committer, hold });
  let resumed = false;

  const handlers: Handlers<typeof workflowMessages, void> = {
    admit: places.admit,
    signal: signals.send,
    "thread.ended": places.hearThread,
    "thread.paused": places.hearThread,
    "thread.resumed": places.hearThread,
  };

  function take({ envelope, published }: Item): Delivery {
    const { message } = envelope;
    const isKnown = isOf(workflowMessages, message);
    if (!isKnown && !envelope.park) return answerUnknown(world.address, message.type);
    if (!isKnown || !repeatable[message.type]) {
      if (committer.inbox.isRepeat(envelope)) return { status: "stored" };
      committer.inbox.mark(envelope);
    }
    if (!isKnown) return { status: "refused", code: "unknown_message", detail: `a workflow takes no ${message.type}` };
    if (published) hold(published);
    dispatch(workflowMessages, handlers, envelope);
    if (message.type !== "admit") return { status: "stored" };
    const answer = places.readOutcome(trust(workflowMessages.admit, message).thread) satisfies AdmitAnswer;
    return { status: "stored", answer };
  }

  /** Within the transaction. */
  function hold({ rules: said, scheduled }: Said): void {
    gate.set(said);
    schedules.set(scheduled);
  }

  const gather = createGather<Item, Delivery>(settle, (items) => committer.commit(() => items.map(take)));

  function resume(): void {
    if (resumed) return;
    resumed = true;
    if (committer.outbox.size()) world.scheduler.background(committer.outbox.flush());
    projection.wake();
  }

  const view = (): AdmissionView => ({
    running: queue.running(),
    queued: queue.order(),
    paused: gate.paused(),
    concurrency: gate.rules().places,
    ...(schedules.size() > 0 && { schedules: schedules.show() }),
  });

  return {
    async deliver(envelope) {
      resume();
      return refuseOver(committer.inbox, envelope) ?? gather({ envelope, published: await rules.readFor(envelope.message) });
    },
    alarm: () =>
      committer.alarm(async () => {
        resume();
        await startDue();
        await projection.flush();
        committer.commit(() => {});
      }),
    admission: view,
    outcomes: (refs) => refs.map(places.readOutcome),
    pause(pause, once) {
      resume();
      const order = async (remember: () => void): Promise<Result<AdmissionView>> => {
        committer.commit(() => {
          if (!pause || !gate.paused()) gate.pause(pause);
          places.startWaiting();
          remember();
        });
        return succeed(view());
      };
      return keys.run(once, order, async () => succeed(view()));
    },
    async published(revision) {
      resume();
      const read = await rules.read(revision);
      committer.commit(() => {
        hold(read);
        places.startWaiting();
      });
    },
    withdrawn: () => committer.commit(() => schedules.set([])),
  };
}

/** What becomes of a message that its receiver refused for good: the place of a thread that ended long ago is free. */
function createHearRefused(
  name: string,
  ports: () => { committer: Pick<TypedCommitter, "commit">; places: Places; signals: Signals },
): (refused: Undeliverable, forget: () => void) => void {
  return ({ to, message, code, detail }, forget) => {
    console.warn(JSON.stringify({ at: "workflow", name, to, message: message.type, code, detail }));
    const thread = to.slice("recruitment/".length);
    // Under the id of an event that was sent again.
    const isFree = message.type === "thread.start" && code === "gone";
    if (!isFree && message.type !== "thread.signal") return;
    const { committer, places, signals } = ports();
    committer.commit(() => {
      forget();
      if (isFree) places.hearThread({ type: "thread.ended", thread, epoch: Number.POSITIVE_INFINITY });
      else signals.noteRefused(trust(queueMessages["thread.signal"], message), thread, { code, detail });
    });
  };
}
