/** Shows an agent what it is told of offers: each under a number of its mailbox, to a connection at once where one has all before it. */
import type { CloudEvent } from "../../../contract/event.ts";
import type { Clock } from "../../host/ports.ts";
import { agentLimits } from "../agent-schema.ts";
import type { MailReaders } from "../mailbox/mail-readers.ts";
import type { SeqNumbers } from "../mailbox/seq-numbers.ts";
import type { ShownOffers } from "./shown-offers.ts";

export interface ShowOffers {
  /** An offer is open. What the agent knows already is not shown twice, unless it is asked `again`. */
  open(offer: { offer: string; event: CloudEvent; expires: number }, again: boolean): void;
  /** An offer is closed, which is said where it was shown. @param event `nerve.offer.closed` */
  close(event: CloudEvent): void;
  /** It is over for the agent, which knows. */
  end(offer: string): void;
  /** Nobody offers it any more, as far as the board can tell. */
  lose(offer: string): void;
}

export interface ShowOffersPorts {
  clock: Clock;
  offers: ShownOffers;
  seqs: SeqNumbers;
  readers: Pick<MailReaders, "findReady" | "giveNewest" | "recheck" | "pumpAll" | "forgetAbout" | "forgetSeqs">;
  firstHeld(): number;
  /** Reserves numbers: none is shown before that is stored. */
  reserve(): void;
  wakePolls(): void;
}

/** Names, the newest of so many. */
function createRecentNames(count: number): Pick<Set<string>, "has"> & { add(name: string): void } {
  const names = new Set<string>();
  return {
    has: (name) => names.has(name),
    add(name) {
      names.add(name);
      if (names.size > count) for (const oldest of names) return void names.delete(oldest);
    },
  };
}

export function createShowOffers({ clock, offers, seqs, readers, firstHeld, reserve, wakePolls }: ShowOffersPorts): ShowOffers {
  /** Of which nothing more is to be said, as far as is remembered. */
  const ended = createRecentNames(agentLimits.offers);

  function take(): number {
    if (!seqs.hasReserved()) reserve();
    return seqs.take();
  }

  function give(seq: number, event: CloudEvent, about: string): void {
    seqs.note(seq);
    const reader = seq > firstHeld() ? undefined : readers.findReady("open");
    if (reader) readers.giveNewest(reader, { seq, channel: "open", event }, about);
    else readers.recheck("open");
    readers.pumpAll();
    wakePolls();
  }

  function end(offer: string): void {
    ended.add(offer);
    readers.forgetSeqs(offers.end(offer));
  }

  return {
    open({ offer, event, expires }, again) {
      const known = offers.find(offer);
      if (known && (known.closed || !again || known.event.id === event.id)) return;
      if (expires <= clock.now()) return;
      if (known) readers.forgetSeqs([known.seq]);
      const seq = take();
      if (offers.open(offer, seq, event, expires)) give(seq, event, offer);
    },
    close(event) {
      const { offer } = event.data as { offer: string };
      const known = offers.find(offer);
      if (known ? known.closed : ended.has(offer) || !offers.mayHaveForgotten(offer, event)) return;
      readers.forgetAbout(offer);
      const seq = take();
      if (offers.close(offer, seq, event)) give(seq, event, offer);
      ended.add(offer);
    },
    end,
    lose(offer) {
      if (!offers.find(offer)?.mailed) end(offer);
    },
  };
}
