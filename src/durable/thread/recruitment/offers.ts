/**
 * The thread's offers: who may be asked, who was, and reading the registry again while a role stays open. What the
 * machine says to `offers` lands here; what leaves are mails. Knows rows and the registry, not the machine.
 */
import type { RecruitmentContext } from "../../../../machines/recruitment/context.ts";
import type { RoleIr, WorkflowIr } from "../../../compile/ir.ts";
import { collectsClaims } from "../../../compile/lower/party.ts";
import { formatDuration } from "../../../contract/format-duration.ts";
import type { AgentCard } from "../../../contract/views/agent.ts";
import type { Clock, Storage } from "../../host/ports.ts";
import { createMail } from "../../protocol/agent.ts";
import type { OwnMessage } from "../../protocol/own-places.ts";
import type { TypedOutbox } from "../../protocol/typed-host.ts";
import type { Registry } from "../../registry/registry.ts";
import { findSetApart } from "../eligibility/judge-claim.ts";
import { readThread, type ThreadDocuments, type ThreadRow } from "../lifecycle/thread-rows.ts";
import { describeHeartbeat, makeThreadEvent } from "../log/make-event.ts";
import { threadLimits } from "../thread-schema.ts";
import { findEligible } from "./find-eligible.ts";
import { findExhausted, noteOffered, type OfferRow, readOffer } from "./offer-rows.ts";
import { makeOfferId } from "./recruitment-logic.ts";

export interface Offers {
  /** What the machine said; resolves to what is to be written in the transaction that marks it received. */
  take(fact: OwnMessage<"offer.open" | "offer.close">, ir: WorkflowIr, holders: Holders): Promise<() => void>;
  /** Reads the registry again for offers whose time has come; resolves to what is to be written, or undefined. */
  scan(ir: WorkflowIr, holders: Holders): Promise<(() => void) | undefined>;
  /** Offers of roles that collect claims whose every agent has answered: the machine need not wait longer. */
  listExhausted(ir: WorkflowIr): { role: string; offer: number }[];
  /** When the next scan is due. */
  due(): number | undefined;
}

/** Who holds what: those whom a role's `not` sets apart are not asked. */
type Holders = Pick<RecruitmentContext, "seats" | "last">;

export function createOffers(ports: {
  storage: Storage;
  lifecycle: ThreadDocuments;
  clock: Clock;
  registry: Registry;
  outbox: TypedOutbox;
  log(event: ReturnType<typeof makeThreadEvent>, thread: string): void;
}): Offers {
  const { storage, lifecycle, clock, registry, outbox, log } = ports;
  let dueAt = readDue();

  function readDue(): number | undefined {
    return storage.exec<{ at: number | null }>("SELECT min(scan_at) AS at FROM offer WHERE closed IS NULL")[0]?.at ?? undefined;
  }

  function offerTo(agents: AgentCard[], offer: OfferRow, role: RoleIr, thread: ThreadRow): void {
    const fresh = agents.filter(({ id }) => noteOffered(storage, offer.id, id));
    if (!fresh.length) return;
    const event = makeOfferEvent(offer, role, thread, clock.now());
    outbox.append(
      fresh.map(({ id }) => `agent/${id}` as const),
      createMail({ channel: "open", event, offer: offer.id, expires: offer.expires }),
      { spread: true },
    );
    log({ ...event, to: fresh.length <= 20 ? fresh.map(({ id }) => `agents/${id}`).join(",") : `role:${role.name}` }, thread.id);
  }

  function close(id: string, why: string, thread: ThreadRow): void {
    storage.exec("UPDATE offer SET closed = ?, scan_at = NULL WHERE id = ?", why, id);
    dueAt = readDue();
    // The winner was told with its claim's acceptance.
    const held =
      why === "filled"
        ? storage.exec<{ agent: string }>("SELECT agent FROM offered WHERE offer = ? AND reply = 'awarded'", id)[0]?.agent
        : undefined;
    const told = storage
      .exec<{ agent: string }>("SELECT agent FROM offered WHERE offer = ? ORDER BY agent", id)
      .filter(({ agent }) => agent !== held);
    const event = makeThreadEvent(thread.id, `${id}.closed`, "nerve.offer.closed", thread.event.id, clock.now(), {
      offer: id,
      why,
    });
    log(event, thread.id);
    outbox.append(
      told.map(({ agent }) => `agent/${agent}` as const),
      createMail({ channel: "open", event, ends: id }),
      { spread: true },
    );
  }

  return {
    due: () => dueAt,
    async take(fact, ir, holders) {
      const thread = readThread(lifecycle) as ThreadRow;
      const place = ir.roles.findIndex(({ name }) => name === fact.role);
      const role = ir.roles[place] as RoleIr;
      const id = makeOfferId(thread.id, place, fact.offer);
      if (fact.type === "offer.open") {
        // A registry that can't be asked must not block the outbox: open the offer now, and offer it to agents once the registry answers.
        const eligible = await findEligible(registry, role, thread.workflow, findSetApart(ir, role, holders)).catch((error: unknown) => {
          console.warn(JSON.stringify({ at: "offers", thread: thread.id, offer: id, error: String(error) }));
          return undefined;
        });
        return () => {
          const now = clock.now();
          const row: OfferRow = {
            id,
            role: role.name,
            opened: now,
            expires: now + fact.timeout,
            scan_at: now + threadLimits.scanFirst,
            scans: 0,
            closed: null,
          };
          storage.exec("INSERT OR IGNORE INTO offer VALUES (?, ?, ?, ?, ?, 0, NULL)", id, role.name, row.opened, row.expires, row.scan_at);
          if (eligible) offerTo(eligible, row, role, thread);
          dueAt = readDue();
        };
      }
      return () => close(id, fact.why, thread);
    },
    async scan(ir, holders) {
      const now = clock.now();
      const open = storage.exec<OfferRow>("SELECT * FROM offer WHERE closed IS NULL AND scan_at <= ?", now);
      if (!open.length) return undefined;
      const thread = readThread(lifecycle) as ThreadRow;
      const found: { offer: OfferRow; role: RoleIr; eligible: AgentCard[] }[] = [];
      for (const offer of open) {
        const role = ir.roles.find(({ name }) => name === offer.role) as RoleIr;
        found.push({ offer, role, eligible: await findEligible(registry, role, thread.workflow, findSetApart(ir, role, holders)) });
      }
      return () => {
        for (const { offer, role, eligible } of found) {
          if (readOffer(storage, offer.id)?.closed !== null) continue;
          const scans = offer.scans + 1;
          const next = now + Math.min(threadLimits.scanFirst * 2 ** scans, threadLimits.scanLast);
          storage.exec("UPDATE offer SET scans = ?, scan_at = ? WHERE id = ?", scans, next, offer.id);
          offerTo(eligible, { ...offer, scans }, role, thread);
        }
        dueAt = readDue();
      };
    },
    listExhausted: (ir) =>
      storage.exec<OfferRow>("SELECT * FROM offer WHERE closed IS NULL").flatMap(({ id, role }) => {
        const collects = ir.roles.some((each) => each.name === role && collectsClaims(each));
        return collects && findExhausted(storage, id) ? [{ role, offer: Number(id.slice(id.lastIndexOf(":") + 1)) }] : [];
      }),
  };
}

/** What the agents are told of an offer. */
function makeOfferEvent(offer: OfferRow, role: RoleIr, thread: ThreadRow, now: number): ReturnType<typeof makeThreadEvent> {
  return makeThreadEvent(thread.id, `${offer.id}.opened.${offer.scans}`, "nerve.offer.opened", thread.event.id, now, {
    offer: offer.id,
    thread: thread.id,
    workflow: thread.workflow,
    role: role.name,
    goal: typeof role.fields.goal === "string" ? role.fields.goal : "",
    requires: role.eligibility.all,
    bind: role.bind,
    heartbeat: describeHeartbeat(role),
    turn: { timeout: formatDuration(role.turn.timeout) },
    expires: new Date(offer.expires).toISOString(),
  });
}
