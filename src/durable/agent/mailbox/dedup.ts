/**
 * The last number of each sender, by which a repeat is known; those of busy threads are in memory. All of a thread's actors are in
 * one document. Knows addresses, and no mail.
 */
import { isLifeOver } from "../../host/inbox.ts";
import type { Clock } from "../../host/ports.ts";
import type { KeyedInPage } from "../../host/store/page.ts";
import type { Envelope } from "../../protocol/envelope.ts";
import { agentLimits } from "../agent-schema.ts";

/** The last number that was taken of a sender. */
export interface KnownSender {
  last: number;
  /** When the sender began whose number it is, as it says. */
  life?: number;
}

/** By address: the actors of one thread, or one other sender. The one that was heard last is the last. */
export type KnownSenders = { [address: string]: KnownSender };

export interface SentMessage extends Pick<Envelope, "from" | "id"> {
  /** When the sender began, and which beginning it was, in microseconds: numbers of another life tell nothing of this one's. */
  life?: number;
}

export interface Dedup {
  /** Whether a message need not be taken: it was, or its sender has begun anew since. */
  isKnown(sent: SentMessage): boolean;
  /** The later life of its sender that is known; undefined: its own is not over. */
  findLater(sent: SentMessage): number | undefined;
  /** Whether it is the last that was taken of its sender. */
  isLast(sent: SentMessage): boolean;
  /** Notes in memory what the caller's transaction is about to write. */
  remember(sent: SentMessage): void;
  write(sent: SentMessage): void;
  /** A transaction was rolled back, or all senders are forgotten: memory is void. */
  forget(): void;
}

export function createDedup(senders: KeyedInPage<KnownSenders>, clock: Clock): Dedup {
  const known = new Map<string, KnownSenders>();

  function read(key: string): KnownSenders {
    return known.get(key) ?? keep(key, senders.read(key) ?? {});
  }

  function keep(key: string, document: KnownSenders): KnownSenders {
    known.delete(key);
    known.set(key, document);
    if (known.size > agentLimits.sendersInMemory) known.delete(known.keys().next().value as string);
    return document;
  }

  /** How a message's number compares with the last: what is less than it, or as great, was taken. */
  function compare({ from, id, life }: SentMessage): number {
    const known = read(findKey(from))[from];
    if (!known) return 1;
    if (life === undefined || known.life === undefined || life === known.life) return id - known.last;
    return isLifeOver(life, known.life) ? -1 : 1;
  }

  function remember({ from, id, life }: SentMessage): KnownSenders {
    const key = findKey(from);
    const present = read(key);
    const before = present[from];
    // Between the judgement of a message and its transaction it is remembered already.
    if (before?.last === id && (life === undefined || before.life === life)) return present;
    const others = Object.keys(present).filter((address) => address !== from);
    const document: KnownSenders = {};
    for (const address of others.slice(Math.max(0, others.length + 1 - agentLimits.sendersOfThread)))
      document[address] = present[address] as KnownSender;
    const since = life ?? before?.life;
    document[from] = since === undefined ? { last: id } : { last: id, life: since };
    return keep(key, document);
  }

  return {
    isKnown: (sent) => compare(sent) <= 0,
    findLater({ from, life }) {
      const known = read(findKey(from))[from]?.life;
      return life !== undefined && known !== undefined && isLifeOver(life, known) ? known : undefined;
    },
    isLast: (sent) => compare(sent) === 0,
    remember,
    write: (sent) => senders.put(findKey(sent.from), remember(sent), clock.now()),
    forget: () => known.clear(),
  };
}

/** A thread's id has 26 characters, and the names of its actors begin with it. */
function findKey(address: string): string {
  for (const prefix of threadPrefixes) if (address.startsWith(prefix)) return address.slice(prefix.length, prefix.length + 26) || address;
  return address;
}

const threadPrefixes = ["task/", "recruitment/"];
