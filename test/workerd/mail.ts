/** Hands on one agent's mailbox: what a thread's actor would deliver, and what its agent reads. */
import { expect } from "vitest";
import type { CloudEvent, Json } from "../../src/contract/event.ts";
import type { Mail } from "../../src/durable/protocol/agent.ts";
import type { Delivery, Envelope } from "../../src/durable/protocol/envelope.ts";
import { deliverTo } from "./actors.ts";
import { call, type Loose, type Player } from "./stage.ts";

const sent = new Map<string, number>();

/** Mail as an actor sends it; its number is the sender's next unless told. */
export function makeEnvelope(to: Player, mail: Partial<Mail> & { name: string; data?: Json }, from = "task/sender", id?: number): Envelope {
  const { name, data = { name }, ...rest } = mail;
  const key = `${from} ${to.id}`;
  const number = id ?? (sent.get(key) ?? 0) + 1;
  sent.set(key, Math.max(number, sent.get(key) ?? 0));
  const event: CloudEvent = { specversion: "1.0", id: name, source: "/threads/t", type: "test.mail", time: "2026-11-20T12:00:00Z", data };
  return {
    from,
    id: number,
    to: `agent/${to.id}`,
    message: { type: "mail", channel: "my", event, ...rest } as unknown as Envelope["message"],
  };
}

export function deliver(to: Player, envelope: Envelope): Promise<Delivery> {
  return deliverTo("agent", to.id, envelope) as Promise<Delivery>;
}

/** Delivers an event per name, one after another. */
export async function mail(to: Player, ...names: string[]): Promise<void> {
  for (const name of names) expect(await deliver(to, makeEnvelope(to, { name }))).toEqual({ status: "stored" });
}

/** Reads what holds such mail, which is no real event. */
export async function readPlanted(player: Player, path: string): Promise<Loose> {
  const { status, body } = await call("GET", path, { token: player.token, planted: true });
  expect(status, JSON.stringify(body)).toBe(200);
  return body;
}

/** What a poll shows. */
export async function poll(player: Player, query = ""): Promise<{ names: string[]; seqs: number[]; next: number }> {
  const { events, next } = await readPlanted(player, `/v1/inbox?limit=200${query}`);
  return { names: events.map((item: { event: CloudEvent }) => item.event.id), seqs: events.map((item: { seq: number }) => item.seq), next };
}
