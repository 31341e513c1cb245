/**
 * An incoming hook: proves who sent a delivery, makes events of it by its map, and posts them as its own. What an event's own object has
 * accepted is durable; only then is the delivery answered, and known again. Knows ports, not the platform.
 */

import type { Accepted, Rejected } from "../../contract/frames/server-frames.ts";
import { type ProblemCode, type Result, refuse, succeed } from "../../contract/problem.ts";
import type { HookAnswer, HookRefusals, HookStanding, MappedEvent } from "../../contract/views/hook.ts";
import type { Store } from "../host/store/store.ts";
import type { HookDelivery, HookRpc } from "../protocol/hook.ts";
import { type HookDocuments, type HookMarks, openHookDocuments, type RefusalsOfCode, theOne } from "./hook-documents.ts";
import { hookLimits } from "./hook-limits.ts";
import { verifySignature } from "./verify-signature.ts";

/** What reads and maps a payload, loaded with the first delivery: nothing that starts the Worker needs it. */
const loadReaders = async () => ({ ...(await import("./map-payload.ts")), ...(await import("./read-payload.ts")) });

export interface HookPorts {
  store: Store;
  /** Milliseconds since 1970. */
  now(): number;
  /** Posts events in the hook's name; answers in their order. */
  post(events: unknown[]): Promise<Result<(Accepted | Rejected)[]>>;
}

export interface Hook extends Omit<HookRpc, "remove"> {
  /** Forgets everything. */
  forget(): void;
}

/** The same for a hook that is not there, a wrong signature and an old one, so that nobody finds out which hooks there are. */
export const refuseDelivery = () =>
  refuse(
    "unauthenticated",
    "There is no such hook, or its signature is missing, wrong or too old. The operator sees which by `nerveflare hooks show`.",
  );

/** What orders to one that was removed are answered. */
export const goneHook = () => refuse("not_found", "This hook was removed.");

const begun: HookMarks = { accepted: 0, lastAcceptedAt: null, ignored: 0, lastIgnored: null };

export function createHook({ store, now, post }: HookPorts): Hook {
  const documents = openHookDocuments(store);
  const { settings, marks, refusals, deliveries } = documents;
  const noteRefusal = createRefusals(documents, store, now);
  let accepted = 0;

  function noteAccepted(delivery: string, answer: HookAnswer): void {
    if (!settings.get(theOne) || deliveries.read(delivery)) return;
    store.transaction(() => {
      const known = marks.get(theOne) ?? begun;
      marks.put(theOne, { ...known, accepted: known.accepted + 1, lastAcceptedAt: now() });
      deliveries.put(delivery, answer, now());
      if (accepted++ % hookLimits.lookEvery === 0)
        deliveries.deleteBelow(now() - hookLimits.memoryDays * 86_400_000, hookLimits.lookDeletes);
    });
  }

  function ignore(delivery: string, reason: string): Result<HookAnswer> {
    store.transaction(() => {
      if (!settings.get(theOne)) return;
      const known = marks.get(theOne) ?? begun;
      marks.put(theOne, { ...known, ignored: known.ignored + 1, lastIgnored: { at: now(), delivery, reason } });
    });
    return succeed({ status: "ignored", delivery, reason });
  }

  /** Posts what was made of a delivery. An id that is there with another body was accepted before, by an earlier map. */
  async function postAll(delivery: string, events: MappedEvent[]): Promise<Result<HookAnswer>> {
    const posted = await post(events.map(({ kind, ...rest }, index) => ({ id: nameEvent(delivery, index), type: kind, ...rest })));
    if (!posted.ok) return posted;
    for (const answer of posted.value) {
      if (answer.status === "accepted" || answer.error.code === "id_conflict") continue;
      if (answer.error.retryable) return { ok: false, problem: answer.error };
      return refuse(
        "mapping_failed",
        `The event ${answer.id} that the map made was refused: ${answer.error.detail}`.slice(0, hookLimits.detail),
      );
    }
    const made = posted.value.map((answer, index) => ({
      id: nameEvent(delivery, index),
      type: events[index]?.kind ?? "",
      threads: answer.status === "accepted" ? answer.threads : [],
    }));
    // The same delivery may have come meanwhile.
    const answer = deliveries.read(delivery) ?? { status: "accepted", delivery, events: made };
    noteAccepted(delivery, answer);
    return succeed(answer);
  }

  async function take(delivered: HookDelivery): Promise<Result<HookAnswer>> {
    const own = settings.get(theOne);
    const secrets = own ? [own.secret, ...(own.former && own.former.until > now() ? [own.former.secret] : [])] : [nobodysSecret];
    const verified = await verifySignature(own?.from ?? "github", delivered, secrets, now());
    if (!own || !verified.ok) {
      if (own && !verified.ok) noteRefusal("unauthenticated", verified.error, null);
      return refuseDelivery();
    }
    const refused = (problem: { code: ProblemCode; detail: string }, delivery: string | null) =>
      noteRefusal(problem.code, problem.detail, delivery);
    const { mapPayload, readPayload } = await loadReaders();
    const read = readPayload(own.from, delivered);
    if (!read.ok) {
      refused(read.problem, null);
      return read;
    }
    const delivery = String(read.value.delivery);
    const repeated = deliveries.read(delivery);
    if (repeated) return succeed(repeated);
    if (own.from === "github" && read.value.event === "ping") return ignore(delivery, "GitHub's ping: the signature is right");
    const mapped = await mapPayload(own.map, own.kinds, read.value);
    if (mapped.ok && mapped.value.status === "ignored") return ignore(delivery, mapped.value.reason);
    const answer =
      mapped.ok && mapped.value.status === "accepted" ? await postAll(delivery, mapped.value.events) : (mapped as Result<never>);
    if (!answer.ok) refused(answer.problem, delivery);
    return answer;
  }

  return {
    take,
    forget() {
      store.transaction(() => {
        for (const each of [settings, marks, refusals]) each.clear();
      });
    },
    async create(hook) {
      store.transaction(() => settings.put(theOne, { ...hook, former: null }));
    },
    async change(changes) {
      const own = settings.get(theOne);
      if (!own) return goneHook();
      store.transaction(() => settings.put(theOne, { ...own, ...changes }));
      return succeed(null);
    },
    async rotate(secret, overlap) {
      const own = settings.get(theOne);
      if (!own) return goneHook();
      const former = overlap > 0 ? { secret: own.secret, until: now() + overlap } : null;
      store.transaction(() => settings.put(theOne, { ...own, secret, former }));
      return succeed(null);
    },
    async standing() {
      return showStanding(documents, noteRefusal.list(), now());
    },
    async noteRefusal(code, detail) {
      if (settings.get(theOne)) noteRefusal(code, detail, null);
    },
    async tryMap(delivered, map) {
      const own = settings.get(theOne);
      if (!own) return goneHook();
      const { mapPayload, readPayload } = await loadReaders();
      const read = readPayload(own.from, delivered);
      if (!read.ok) return read;
      if (own.from === "github" && read.value.event === "ping") return succeed({ status: "ignored", reason: "GitHub's ping" });
      return mapPayload(map ?? own.map, own.kinds, read.value);
    },
  };
}

/** Of a hook that is not there: what is signed by it was signed by nobody. */
const nobodysSecret = "nobody knows this, for it is not a secret";

/** The ids of a delivery's events: that of the delivery, and of those after the first a number behind it. */
function nameEvent(delivery: string, index: number): string {
  return index === 0 ? delivery : `${delivery}.${index + 1}`;
}

interface Refusals {
  (code: string, detail: string, delivery: string | null): void;
  /** What was refused, by code, also what is not written yet. */
  list(): [code: string, refusals: RefusalsOfCode][];
}

/** Notes refusals. Those of unproven senders are written now and then only: who floods must not make a write each. */
function createRefusals({ refusals, settings }: HookDocuments, store: Store, now: () => number): Refusals {
  const latest = new Map<string, RefusalsOfCode>();
  let writtenAt = Number.NEGATIVE_INFINITY;

  function note(code: string, detail: string, delivery: string | null): void {
    const { count, last } = latest.get(code) ?? refusals.get(code) ?? { count: 0, last: [] };
    const noted = { at: now(), detail: detail.slice(0, hookLimits.detail), delivery };
    if (!settings.get(theOne)) return;
    const all = { count: count + 1, last: [noted, ...last].slice(0, hookLimits.refusals) };
    latest.set(code, all);
    const isProven = delivery !== null;
    if (!isProven && now() - writtenAt < hookLimits.unprovenWrites) return;
    if (!isProven) writtenAt = now();
    store.transaction(() => refusals.put(code, all));
  }

  return Object.assign(note, {
    list: () => [...new Map([...refusals.entries(), ...latest])],
  });
}

const formatTime = (at: number): string => new Date(at).toISOString();

function showStanding({ settings, marks }: HookDocuments, refusals: [string, RefusalsOfCode][], now: number): HookStanding | null {
  const own = settings.get(theOne);
  if (!own) return null;
  const { accepted, lastAcceptedAt, ignored, lastIgnored } = marks.get(theOne) ?? begun;
  const byCode = refusals.map(
    ([code, { count, last }]): HookRefusals => ({ code, count, last: last.map((each) => ({ ...each, at: formatTime(each.at) })) }),
  );
  return {
    ...{ map: own.map, accepted, ignored },
    lastAcceptedAt: lastAcceptedAt === null ? null : formatTime(lastAcceptedAt),
    lastIgnored: lastIgnored && { ...lastIgnored, at: formatTime(lastIgnored.at) },
    refusals: byCode.sort((a, b) => (b.last[0]?.at ?? "").localeCompare(a.last[0]?.at ?? "")),
    formerSecretUntil: own.former && own.former.until > now ? formatTime(own.former.until) : null,
  };
}
