/** What a rule of the contract is, and what it is given to try it. */
import type { Ear, Party, Reply, WireName } from "./probe-wire.ts";

/** One rule of the contract: a promise that a server keeps on every transport, or on one. */
export interface Rule {
  /** Stable: reports and bug reports name it. */
  id: string;
  /** The promise, as a sentence. */
  promise: string;
  /** Absent: on each. */
  only?: WireName;
  /** It reads the whole mailbox, or leaves things in it: not to be tried on an agent that is at work. */
  alone?: true;
  try(on: Trial): Promise<void>;
}

/** A rule's try: an agent, a peer that writes to it, and a transport. */
export interface Trial {
  wire: WireName;
  agent: Party;
  /** Who writes to the agent; the agent itself where there is none beside it. */
  peer: Party;
  /** A new event's id, of this run alone. */
  id(): string;
  /** A connection of the transport, closed after the try. */
  open(query?: string, wire?: WireName): Promise<Ear>;
  /** Sends an event to the agent and gives its id. */
  give(data?: string): Promise<string>;
}

/** A promise that was not kept. */
export class Broken extends Error {
  readonly expected: string;
  readonly got: string;

  constructor(expected: string, got: string) {
    super(`expected ${expected}, got ${got}`);
    this.name = "Broken";
    this.expected = expected;
    this.got = got;
  }
}

/** @throws Broken unless both are the same, compared as JSON */
export function same(what: string, got: unknown, expected: unknown): void {
  if (JSON.stringify(got) !== JSON.stringify(expected)) throw new Broken(`${what} ${JSON.stringify(expected)}`, JSON.stringify(got));
}

/** @throws Broken unless it was refused with the code */
export function refused(reply: Reply, code: string): void {
  if (reply.accepted) throw new Broken(`a refusal with ${code}`, "accepted");
  if (reply.code !== code) throw new Broken(`a refusal with ${code}`, JSON.stringify(reply.code ?? reply.body));
}

/** @throws Broken unless it was accepted */
export function accepted(reply: Reply): void {
  if (!reply.accepted) throw new Broken("accepted", JSON.stringify(reply.code ?? reply.body));
}

/** The event of the probe: a kind that no workflow reacts to. */
export function makeEvent(id: string, more: object = {}): { [attribute: string]: never } {
  return { specversion: "1.0", id, type: "probe.note", data: { probe: true }, ...more } as never;
}
