/** What a mailbox tells of the offers that its agent knows of. Changes nothing, but for an offer that the agent declines. */
import type { CloudEvent } from "../../../contract/event.ts";
import type { InboxItem } from "../../../contract/frames/server-frames.ts";
import type { MailReaders } from "../mailbox/mail-readers.ts";
import type { ShowOffers } from "./show-offers.ts";
import type { ShownOffers } from "./shown-offers.ts";

export interface OfferLooks {
  /** What the agent is shown of offers. */
  offers: ShowOffers & Pick<ShownOffers, "listOpen" | "changes" | "keep">;
  /** How many offers were seen before a time and are open still, but for those of the ids. */
  countSeenOffers: ShownOffers["countSeen"];
  /** The event of an offer that is open. */
  findOffer(offer: string): CloudEvent | undefined;
  /** Where an offer is. */
  locateOffer(offer: string): "absent" | "waiting" | "given" | "acknowledged";
  /** The agent declined the offer: it is none of its open ones. */
  declineOffer(offer: string): void;
}

export function createOfferLooks(shown: ShownOffers, offers: ShowOffers, readers: Pick<MailReaders, "forgetSeqs" | "isHeld">): OfferLooks {
  return {
    offers: {
      ...offers,
      listOpen: shown.listOpen,
      keep: shown.keep,
      changes() {
        return shown.changes();
      },
    },
    countSeenOffers: shown.countSeen,
    findOffer(offer) {
      const found = shown.find(offer);
      return found && !found.closed ? found.event : undefined;
    },
    locateOffer(offer) {
      const located = shown.find(offer);
      if (!located || located.closed) return "absent";
      if (located.acked) return "acknowledged";
      return readers.isHeld(located.seq) ? "given" : "waiting";
    },
    declineOffer: (offer) => readers.forgetSeqs(shown.decline(offer)),
  };
}

/** Those that the agent may answer, in order. */
export function listOpenOffers(shown: Pick<ShownOffers, "list">): InboxItem[] {
  return shown.list().flatMap(({ seq, event, isOpen }) => (isOpen ? [{ seq, channel: "open", event }] : []));
}
