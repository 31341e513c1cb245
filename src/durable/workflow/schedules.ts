/**
 * A workflow's schedules: when each is due, and what starts then. What has been decided of a schedule is one moment, up to which all of
 * its runs are past; it moves in the commit that starts a thread. Knows ports, not the platform.
 */
import { evaluateExpression } from "../../compile/decide/expression.ts";
import type { Payload, ReflexIr, ScheduleIr, WorkflowIr } from "../../compile/ir.ts";
import { readSchedule, type Schedule } from "../../compile/schedules/schedule.ts";
import type { CloudEvent, Json } from "../../contract/event.ts";
import { makeEngineEvent } from "../../contract/kinds/make-engine-event.ts";
import type { MissedPolicy } from "../../contract/language.ts";
import type { Verdict } from "../../contract/routing.ts";
import type { ScheduleView } from "../../contract/views/admission.ts";
import type { Clock } from "../host/ports.ts";
import type { Store } from "../host/store/store.ts";
import type { Admit } from "../protocol/workflow.ts";
import type { PublishedReflexes } from "../registry/registry.ts";
import { deriveId } from "../routing/derive-id.ts";
import { judgeReflexes } from "../routing/judge-reflexes.ts";
import { continueTrace } from "../trace/trace-ids.ts";

export const scheduleLimits = {
  /** Runs that were missed and happen late, where all are to: each is a thread. */
  missed: 100,
  /** Milliseconds after which a run counts as missed: an alarm may be late by itself. */
  late: 300_000,
  /** Milliseconds that what is decided may be ahead of the clock: past that the clock was set back, and is followed. */
  ahead: 25 * 3_600_000,
} as const;

/** A reflex that acts by itself. */
export interface Scheduled {
  /** By which its runs are known over revisions. */
  key: string;
  /** Of the reflex in its workflow. */
  place: number;
  reflex: Extract<ReflexIr, { kind: "workflow" }> & { schedule: ScheduleIr };
}

/** What is kept of a schedule. Times in milliseconds since 1970. */
interface KeptSchedule {
  cron: string;
  timezone: string;
  /** All runs up to it are decided. */
  through: number;
  /** The planned time of the last run that happened. */
  last: number | null;
}

/** A run that is due, with what follows. */
export interface ScheduledRun {
  event: CloudEvent;
  verdict: Verdict;
  /** What asks for the thread's place; absent: the verdict says why none starts. */
  message?: Admit;
}

/** Runs that were due are decided: by a thread that starts, or by none. */
export interface Decision {
  /** Absent: they were missed, and none of them happens. */
  run?: ScheduledRun;
  /** Notes that; within the transaction that starts the thread. @returns false: it was decided meanwhile */
  note(): boolean;
}

/** The schedules of a workflow; of two that are alike each has its own runs. */
export function listSchedules({ reflexes }: Pick<WorkflowIr, "reflexes">): Scheduled[] {
  const seen = new Map<string, number>();
  return reflexes.flatMap((reflex, place): Scheduled[] => {
    if (reflex.kind !== "workflow" || !reflex.schedule) return [];
    const { schedule } = reflex;
    const name = `${schedule.cron}\n${schedule.timezone}`;
    const before = seen.get(name) ?? 0;
    seen.set(name, before + 1);
    return [{ key: `${name}\n${before}`, place, reflex: { ...reflex, schedule } }];
  });
}

/** The revision that is published. */
type Published = Pick<PublishedReflexes, "workflow" | "revision" | "input">;

export interface Schedules {
  /** These hold from now on; within a transaction. One that is new begins now. */
  set(scheduled: readonly Pick<Scheduled, "key" | "reflex">[]): void;
  size(): number;
  /** When the first is due. */
  due(): number | undefined;
  /** Whether any is due now. */
  isDue(): boolean;
  /** What is due now, one after the other; each counts once it is noted. */
  decide(by: Published & { scheduled: readonly Scheduled[] }): AsyncGenerator<Decision>;
  show(): ScheduleView[];
}

export function createSchedules(store: Pick<Store, "resident">, clock: Clock): Schedules {
  const kept = store.resident<KeptSchedule>("schedule");
  /** Reading cron, and looking for its next run, takes a millisecond or so: each commit asks. */
  const read = new Map<string, Schedule | undefined>();
  const found = new Map<string, { after: number; next: number | undefined }>();

  function find({ cron, timezone }: Pick<KeptSchedule, "cron" | "timezone">): Schedule | undefined {
    const name = `${cron}\n${timezone}`;
    if (!read.has(name)) {
      const made = readSchedule(cron, timezone);
      // A zone that this platform does not know any more is due never, and not at some other time.
      if (!made.ok) console.warn(JSON.stringify({ at: "schedule", cron, timezone, error: made.error }));
      read.set(name, made.ok ? made.schedule : undefined);
    }
    return read.get(name);
  }

  /** From where on runs are looked for. Where the clock was set back, from a little before now: what happens again has its id. */
  const baseOf = ({ through }: KeptSchedule): number => {
    const now = clock.now();
    return through > now + scheduleLimits.ahead ? now - scheduleLimits.late : through;
  };

  function nextOf(key: string, each: KeptSchedule): number | undefined {
    const after = baseOf(each);
    const known = found.get(key);
    if (known?.after === after) return known.next;
    const next = find(each)?.next(after);
    found.set(key, { after, next });
    return next;
  }

  function due(): number | undefined {
    const times = kept.entries().flatMap(([key, each]) => nextOf(key, each) ?? []);
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  async function* decideOne({ key, place, reflex }: Scheduled, of: Published): AsyncGenerator<Decision> {
    const each = kept.get(key);
    const schedule = each && find(each);
    if (!each || !schedule) return;
    const [base, now] = [baseOf(each), clock.now()];
    const past = schedule.last(now, scheduleLimits.missed).filter((run) => run > base);
    let { through } = each;
    const note = (to: number, happened: boolean) => {
      const from = through;
      return () => {
        const present = kept.get(key);
        if (present?.through !== from) return false;
        kept.put(key, { ...present, through: to, last: happened ? to : present.last });
        through = to;
        return true;
      };
    };
    for (const planned of choose[reflex.schedule.missed](past, now)) {
      const run = await judgeRun(of, { key, place, reflex }, planned);
      yield { run, note: note(planned, run.message !== undefined) };
    }
    const [newest] = past;
    if (newest !== undefined && through < newest) yield { note: note(newest, false) };
  }

  return {
    size() {
      return kept.size();
    },
    due,
    isDue: () => (due() ?? Number.POSITIVE_INFINITY) <= clock.now(),
    set(scheduled) {
      const wanted = new Map(scheduled.map(({ key, reflex }) => [key, reflex.schedule]));
      for (const [key] of kept.entries()) if (!wanted.has(key)) kept.delete(key);
      for (const [key, { cron, timezone }] of wanted)
        if (!kept.get(key)) kept.put(key, { cron, timezone, through: clock.now(), last: null });
    },
    async *decide({ scheduled, ...of }) {
      for (const each of scheduled) yield* decideOne(each, of);
    },
    show: () =>
      kept.entries().map(([key, each]) => ({
        schedule: each.cron,
        timezone: each.timezone,
        next: formatTime(nextOf(key, each)),
        last: formatTime(each.last ?? undefined),
      })),
  };
}

const formatTime = (at: number | undefined): string | null => (at === undefined ? null : new Date(at).toISOString());

/** Which of the runs that are past happen, oldest first. @param past newest first */
const choose: Readonly<Record<MissedPolicy, (past: readonly number[], now: number) => number[]>> = {
  skip: (past, now) => past.slice(0, 1).filter((run) => now - run <= scheduleLimits.late),
  once: (past) => past.slice(0, 1),
  all: (past) => past.toReversed(),
};

/** The event of a run, under an id that is the same whenever it is made, and what the reflex says to it. */
async function judgeRun(of: Published, { key, place, reflex }: Scheduled, planned: number): Promise<ScheduledRun> {
  const { workflow } = of;
  const { cron, timezone, input } = reflex.schedule;
  const at = new Date(planned).toISOString();
  const due = { planned: at, schedule: cron, timezone };
  const data = await readInput(input, due);
  const attributes = { id: await deriveId("s", [workflow, key, at]), source: `/workflows/${workflow}` };
  const event = continueTrace(makeEngineEvent("nerve.schedule.due", attributes, planned, data.ok ? data.value : due));
  if (!data.ok) return { event, verdict: { workflow, place, kind: "workflow", verdict: "error", detail: data.error } };
  const [judged] = await judgeReflexes(event, `workflows/${workflow}`, [{ ...of, reflexes: [{ ...reflex, on: [event.type] }] }], undefined);
  if (!judged) throw new Error("a reflex that listens to a kind said nothing to it");
  const { verdict, message } = judged;
  return { event, verdict: { ...verdict, place }, ...(message && { message: message.message as Admit }) };
}

async function readInput(
  input: Payload | undefined,
  due: { [name: string]: Json },
): Promise<{ ok: true; value: Json } | { ok: false; error: string }> {
  if (!input) return { ok: true, value: due };
  if (input.kind === "literal") return { ok: true, value: input.value };
  const found = await evaluateExpression(input.source, due);
  return found.ok ? { ok: true, value: found.value ?? null } : { ok: false, error: `its input: ${found.error.message}` };
}
