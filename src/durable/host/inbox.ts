/**
 * The last message of each sender, by which a repeat is known. Of the few that spoke last every entry of the journal carries the
 * number, so that what a message leads to notes it without a row; the others have a document each.
 */
import type { Json } from "../../contract/event.ts";
import type { Delivery, Envelope } from "../protocol/envelope.ts";
import { hostLimits } from "./limits.ts";
import type { Clock } from "./ports.ts";
import { remember } from "./remembered.ts";
import type { Store } from "./store/store.ts";

/** What of an envelope tells one message from the next. */
export type Received = Pick<Envelope, "from" | "id" | "life">;

/** Whether a message is to be taken: `over`: its sender has begun anew since, and this life of it is no more. */
export type Freshness = "new" | "repeat" | "over";

export interface Inbox {
  judge(message: Received): Freshness;
  /** Whether it need not be taken: it was, or its sender's life is over. */
  isRepeat(message: Received): boolean;
  /** The later life of its sender that is known; undefined: its own is not over. */
  findLater(message: Received): number | undefined;
  /** Notes that it was received; within a transaction. */
  mark(message: Received): void;
  /** The transaction was rolled back. */
  reread(): void;
}

/** A sender's last message. */
interface Last {
  last: number;
  life?: number;
}

export const inboxCollection = "inbox";
/** Of the journal, what every entry carries. */
const factName = "inbox";

/** In the order in which they last spoke. */
type Carried = [sender: string, last: number, life?: number][];

export function createInbox({ journal, keyed }: Pick<Store, "journal" | "keyed">, clock: Clock): Inbox {
  const others = keyed<Last>(inboxCollection);
  const hasOthers = remember(() => others.list({ limit: 1 }).length > 0);
  let written = 0;
  const readCarried = (): Carried => (journal.carried(factName) as Carried | undefined) ?? [];

  function find(sender: string): Last | undefined {
    const carried = readCarried().find(([each]) => each === sender);
    if (carried) return { last: carried[1], ...(carried[2] !== undefined && { life: carried[2] }) };
    return hasOthers.get() ? others.read(sender) : undefined;
  }

  function judge({ from, id, life }: Received): Freshness {
    const known = find(from);
    if (!known) return "new";
    if (life !== undefined && known.life !== undefined && life !== known.life) return isLifeOver(life, known.life) ? "over" : "new";
    return id <= known.last ? "repeat" : "new";
  }

  /** The oldest get documents of their own while there are too many. */
  function carry(all: Carried): void {
    const kept = [...all];
    let characters = kept.reduce((sum, [sender]) => sum + sender.length, 0);
    while (kept.length > hostLimits.inboxCarried || (characters > hostLimits.inboxCharacters && kept.length)) {
      const [sender, last, life] = kept.shift() as Carried[number];
      characters -= sender.length;
      const now = clock.now();
      others.put(sender, { last, ...(life !== undefined && { life }) }, now);
      hasOthers.set(true);
      // No message is tried again for so long.
      if (written++ % hostLimits.inboxLook === 0) others.deleteBelow(now - hostLimits.inboxAge, hostLimits.inboxTrim);
    }
    journal.carry(factName, kept as Json);
  }

  return {
    judge,
    isRepeat: (message) => judge(message) !== "new",
    findLater: (message) => (judge(message) === "over" ? find(message.from)?.life : undefined),
    mark({ from, id, life }) {
      const kept = life ?? find(from)?.life;
      const rest = readCarried().filter(([sender]) => sender !== from);
      carry([...rest, kept === undefined ? [from, id] : [from, id, kept]]);
    },
    reread: hasOthers.forget,
  };
}

/** Numbers of one millisecond that tell lives apart. */
const livesPerMillisecond = 1_000;

/** A number for a sender whose journal begins: later ones are greater, and two of one moment differ. */
export function drawLife(now: number): number {
  return now * livesPerMillisecond + Math.floor(Math.random() * livesPerMillisecond);
}

/**
 * Whether a life began earlier than another of the same sender, and so is no more. Where a clock went back it is the other way round:
 * then the sender is told, see {@link refuseOver}.
 */
export function isLifeOver(life: number, known: number): boolean {
  return life < known;
}

/** Refuses a message of a life that is over, and says which later one is known: a sender that lives goes on under one later than that. */
export function refuseOver({ findLater }: Pick<Inbox, "findLater">, envelope: Envelope): Delivery | undefined {
  // What was held is released in any case.
  const life = envelope.phase === "release" ? undefined : findLater(envelope);
  if (life === undefined) return undefined;
  return { status: "refused", code: "gone", detail: `${envelope.from} has begun anew since it sent this`, life };
}
