/** What an actor says to its own object: offers to make, events of the thread's own to publish, an audience to ask, children to spawn. */
import type { RecruitmentContext } from "../../../../machines/recruitment/context.ts";
import type { CompiledWorkflow } from "../../../compile/compile-workflow.ts";
import type { ActorHost } from "../../host/actor-host.ts";
import { answerUnknown } from "../../host/newer-version.ts";
import type { Storage } from "../../host/ports.ts";
import { isRepeat, markReceived } from "../../host/rows.ts";
import type { Delivery, Envelope, Message } from "../../protocol/rpc.ts";
import type { Audience } from "../broadcast/audience.ts";
import type { Children } from "../children/children.ts";
import type { OwnEvents } from "../log/own-events.ts";
import type { Offers } from "../recruitment/offers.ts";

/** What an actor's object does for it, beside running it. */
const places: ReadonlySet<string> = new Set(["offers", "events", "audience"]);

/** What it is told there. */
const messages: ReadonlySet<string> = new Set(["offer.open", "offer.close", "route", "publish", "spawn", "child.report"]);

export interface OwnPlacesPorts {
  /** Of the object. */
  address: string;
  /** Of its root's actor. */
  name: string;
  host: ActorHost;
  storage: Storage;
  definitions(hash: string): Promise<CompiledWorkflow | undefined>;
  /** Absent: the object is no root. */
  offers: Offers | undefined;
  /** Absent: the object has no tasks. */
  audience: Audience | undefined;
  children: Children;
  ownEvents: OwnEvents;
}

/** Whether an address is a place of the object's own, which no other object's messages reach. */
export function isOwnPlace(address: string): boolean {
  return places.has(address);
}

export function createOwnPlaces(ports: OwnPlacesPorts): { deliver(envelope: Envelope): Promise<Delivery> } {
  const { address, name, host, storage, definitions, offers, audience, children, ownEvents } = ports;

  function readOwn(message: Message): Promise<(() => void) | undefined> {
    if (message.type === "child.report") return children.report();
    return message.type === "route" ? ownEvents.route(message) : ownEvents.publish(message);
  }

  async function takeOffer({ message }: Envelope): Promise<() => void> {
    const actor = await host.peek(name);
    const compiled = actor?.definition ? await definitions(actor.definition) : undefined;
    if (!actor || !compiled || !offers) throw new Error(`${address} makes no offers`);
    return offers.take(message, compiled.ir, actor.context as unknown as RecruitmentContext);
  }

  return {
    async deliver(envelope) {
      // Own messages share the object's outbox: their ids grow like any sender's, but are kept apart from what comes back to an actor.
      const sender = `${envelope.from}#${envelope.to}`;
      if (isRepeat(storage, sender, envelope.id)) return { status: "stored" };
      if (envelope.to === "audience") {
        if (!audience) throw new Error(`${address} has no audiences`);
        audience.ask(envelope, sender);
        return { status: "stored" };
      }
      const mark = (): void => markReceived(storage, sender, envelope.id);
      // What an object of a newer version has left in its outbox.
      if (!messages.has(envelope.message.type)) {
        if (!envelope.park) return answerUnknown(`${address}#${envelope.to}`, envelope.message.type);
        host.committer.commit(mark);
        return { status: "refused", code: "unknown_message", detail: `${envelope.to} takes no ${envelope.message.type}` };
      }
      if (envelope.message.type === "spawn") {
        await children.spawn(envelope.message, mark);
        return { status: "stored" };
      }
      const write = envelope.to === "offers" ? await takeOffer(envelope) : await readOwn(envelope.message);
      // What leads to nothing may be taken again.
      if (write)
        host.committer.commit(() => {
          mark();
          write();
        });
      return { status: "stored" };
    },
  };
}
