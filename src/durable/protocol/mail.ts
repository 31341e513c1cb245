/** What lands in a mailbox: whole events, with what the mailbox must know of them. Made where the event is made. */

import type { Channel } from "../../contract/channels.ts";
import type { CloudEvent, Json } from "../../contract/event.ts";
import type { Message } from "./rpc.ts";

/** A message to `agent/<id>` that carries an event for the agent. */
export interface Mail {
  channel: Channel;
  event: CloudEvent;
  /** Of `nerve.turn.assigned`: kept until it is answered or revoked, acknowledged or not. */
  turn?: string;
  /** Of a turn: it was given before, to whomever, so that an earlier row of it may be there. */
  again?: true;
  /** Of `nerve.offer.opened`: kept until closed or expired. */
  offer?: string;
  /** Milliseconds since the epoch at which it is worth nothing any more. */
  expires?: number;
  /** Ids of turns and offers that this ends. */
  ends?: string;
  /** An offer whose claim came to nothing: it may stay open. */
  claim?: string;
  /** A thread that has ended: its roles are held no more, and its turns are over. */
  endsThread?: string;
  /** Who sent it may ask what became of it: its way to the agent is kept. */
  receipt?: true;
  /** A role that the agent holds from now on, or no more. */
  seat?: {
    thread: string;
    workflow: string;
    role: string;
    type: "named" | "open";
    generation: number;
    held: boolean;
    /** Milliseconds between two signs of life. */
    every: number;
    /** Milliseconds of silence that make the holder away. */
    silence: number;
    /** Milliseconds away that make the holder lost; null: however long. */
    grace: number | null;
    /** Of one that ended: the holder was lost. */
    lost?: boolean;
  };
}

/** Wraps mail for the outbox. */
export function createMail(mail: Mail): Message {
  return { type: "mail", ...(mail as unknown as { [key: string]: Json }) };
}

/** The mail in a message, if it is one. */
export function readMail(message: Message): Mail | undefined {
  return message.type === "mail" ? (message as unknown as Mail) : undefined;
}
