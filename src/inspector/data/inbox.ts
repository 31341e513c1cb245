/**
 * What waits for whoever is signed in as an agent: their own mailbox, followed while a page of turns is open. For as long as it is, they
 * are there for offers, and their leases live. What the mailbox says is only a reason to look again at `GET /v1/me`.
 */
import { signal } from "@preact/signals";
import { createEventParser } from "../../client/event-parser.ts";
import type { InboxItem } from "../../contract/frames/server-frames.ts";
import type { MeView } from "../../contract/views/me.ts";
import { ApiError, call, change, read, refuse } from "./api.ts";
import { inspectorLimits } from "./limits.ts";
import { notifyOf } from "./notify.ts";

/** Undefined: it was not read yet. */
export const me = signal<MeView | undefined>(undefined);
export const inboxError = signal<ApiError | undefined>(undefined);
export const inboxState = signal<"connecting" | "live" | "reconnecting">("connecting");
/** What became of claims, by offer: why each was refused. */
export const refusedClaims = signal<ReadonlyMap<string, string>>(new Map());

let ending: AbortController | undefined;
let users = 0;
let reading: Promise<void> | undefined;
let again = false;

/** Begins to follow, or goes on. @returns what ends it */
export function openInbox(): () => void {
  users += 1;
  if (!ending) {
    ending = new AbortController();
    me.value = undefined;
    void run(ending.signal);
  }
  return () => {
    users -= 1;
    // Whoever goes from one of these pages to another stays connected.
    setTimeout(() => {
      if (users > 0) return;
      ending?.abort();
      ending = undefined;
    }, 500);
  };
}

/** Reads what waits again: one reading at a time, and one more for whoever asks meanwhile. */
export function reloadMe(): Promise<void> {
  if (reading !== undefined) again = true;
  reading ??= readMe().finally(() => {
    reading = undefined;
    if (again) void reloadMe();
    again = false;
  });
  return reading;
}

async function readMe(): Promise<void> {
  try {
    const before = me.value;
    const now = await read<"me">("/v1/me");
    me.value = now;
    inboxError.value = undefined;
    if (before) notifyOf(before, now);
  } catch (error) {
    inboxError.value = error instanceof ApiError ? error : new ApiError(String(error), 0);
  }
}

async function run(signal: AbortSignal): Promise<void> {
  // What waits is shown also where the line can't be opened.
  void reloadMe();
  for (let attempt = 0; !signal.aborted; attempt++) {
    await follow(signal, () => (attempt = 0)).catch(() => {});
    if (signal.aborted) return;
    inboxState.value = "reconnecting";
    const bound = Math.min(inspectorLimits.retryMost, inspectorLimits.retry * 2 ** Math.min(attempt, 10));
    await new Promise((resolve) => setTimeout(resolve, bound * Math.max(0.2, Math.random())));
  }
}

async function follow(signal: AbortSignal, connected: () => void): Promise<void> {
  const line = new AbortController();
  let silence: ReturnType<typeof setTimeout> | undefined;
  const hear = () => {
    clearTimeout(silence);
    silence = setTimeout(() => line.abort(), inspectorLimits.silence);
  };
  hear();
  try {
    // Good once, for a minute: a session itself opens no connection of an agent's.
    const { ticket } = (await change("POST", "/v1/tickets", {})) as { ticket: string };
    const query = new URLSearchParams({ channel: "my,open", ticket });
    const answer = await fetch(`/v1/inbox/stream?${query}`, { signal: AbortSignal.any([signal, line.signal]) });
    if (!answer.ok || !answer.body) throw refuse(answer, await answer.text());
    connected();
    inboxState.value = "live";
    let found: InboxItem[] = [];
    const parser = createEventParser((name, data) => {
      if (name === "event") found.push(JSON.parse(data) as InboxItem);
    });
    await reloadMe();
    const decoder = new TextDecoder();
    const reader = answer.body.getReader();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      hear();
      if (!parser.take(decoder.decode(piece.value, { stream: true }))) throw new Error("An event is larger than any that a server sends.");
      const items = found;
      found = [];
      if (items.length > 0) await take(items);
    }
  } finally {
    clearTimeout(silence);
    line.abort();
  }
}

/** Acknowledges what was heard: turns and offers stay with the account until they are over. */
async function take(items: readonly InboxItem[]): Promise<void> {
  for (const { event } of items) {
    if (event.type !== "nerve.claim.rejected") continue;
    const { offer, reason } = event.data as { offer: string; reason: string };
    refusedClaims.value = new Map([...refusedClaims.value, [offer, reason] as const].slice(-100));
  }
  const seqs = items.map(({ seq }) => seq);
  await call("POST", "/v1/inbox/ack", { body: JSON.stringify({ seqs }), headers: { "content-type": "application/json" } }).catch(() => {});
  await reloadMe();
}
