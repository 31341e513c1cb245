/** All that an agent's object keeps beside its journal: each collection once, with what it holds and what bounds it. */
import type { Resident } from "../host/store/collections.ts";
import { createPage, type KeyedInPage } from "../host/store/page.ts";
import type { Store } from "../host/store/store.ts";
import type { Ticket } from "./connection/tickets.ts";
import type { Account } from "./identity.ts";
import type { KnownSenders } from "./mailbox/dedup.ts";
import type { MailFacts, StoredMail } from "./mailbox/mail-index.ts";
import type { MailboxDocuments } from "./mailbox/mailbox.ts";
import type { PartDocuments } from "./presence/assignments.ts";
import type { StoredPresence } from "./presence/presence-ports.ts";
import type { SentEvent } from "./sent-events.ts";

export interface AgentDocuments extends MailboxDocuments, PartDocuments {
  accounts: Resident<Account>;
  presences: Resident<StoredPresence>;
  tickets: Resident<Ticket>;
  ignored: Resident<{ offers: number }>;
  sent: KeyedInPage<SentEvent>;
}

/** Opens all of them before any is read, so that waking reads what stays in memory by one query. */
export function openAgentDocuments(store: Store): AgentDocuments {
  // What a thread brings and takes with it is small and soon gone.
  const page = createPage(store);
  return {
    // One: card, report and tokens.
    accounts: store.resident("account"),
    // One.
    presences: page.resident("presence"),
    // One: the numbers that may have been shown.
    numbers: page.resident("number"),
    // One for each role that it holds, until its thread ends.
    assignments: page.resident("assignment"),
    // One for each claim, until its verdict, eight days at most.
    claims: page.resident("claim"),
    // 32 at most, for a minute.
    tickets: page.resident("ticket"),
    // One.
    ignored: page.resident("ignored"),
    // One, with the offers that it was shown, 1 MB at most; they go as they expire.
    offers: store.resident("offer"),
    // One, with numbers of what is in the mailbox.
    marks: page.resident("mail-mark"),
    // 10,000 at most, until acknowledged, answered, over or expired.
    mail: page.indexed<StoredMail, MailFacts>("mail", ({ event: _, ...facts }) => facts),
    // One for each thread, and each sender that is of none; for 30 days.
    senders: page.keyed<KnownSenders>("sender"),
    // One for each event; for 30 days.
    sent: page.keyed("sent"),
    // One for each event with a sender who may ask; for 30 days.
    receipts: page.keyed("receipt"),
  };
}
