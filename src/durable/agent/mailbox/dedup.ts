/**
 * The last number of each sender, by which a repeat is known; those of busy threads are in memory. All of a thread's actors are in
 * one document. Knows addresses, and no mail.
 */
import type { Clock } from "../../host/ports.ts";
import type { KeyedInPage } from "../../host/store/page.ts";
import type { Envelope } from "../../protocol/envelope.ts";
import { agentLimits } from "../agent-schema.ts";

/** The last number that was taken of a sender. */
export interface KnownSender {
  last: number;
}

/** By address: the actors of one thread, or one other sender. The one that was heard last is the last. */
export type KnownSenders = { [address: string]: KnownSender };

export type SentMessage = Pick<Envelope, "from" | "id">;

export interface Dedup {
  /** The last number of a sender; 0: none is known. */
  last(sent: SentMessage): number;
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

  function remember({ from, id }: SentMessage): KnownSenders {
    const key = findKey(from);
    const { [from]: _, ...others } = read(key);
    const document = { ...others, [from]: { last: id } };
    const [oldest = from] = Object.keys(document);
    if (Object.keys(document).length > agentLimits.sendersOfThread) delete document[oldest];
    return keep(key, document);
  }

  return {
    last: ({ from }) => read(findKey(from))[from]?.last ?? 0,
    remember,
    write: (sent) => senders.put(findKey(sent.from), remember(sent), clock.now()),
    forget: () => known.clear(),
  };
}

/** A thread's id has 26 characters, and the names of its actors begin with it. */
function findKey(address: string): string {
  const [, thread] = /^(?:recruitment|task)\/(.{1,26})/.exec(address) ?? [];
  return thread ?? address;
}
