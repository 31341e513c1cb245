/** How the example agents say what they do: lines for people, or JSON with NERVEFLARE_TELL=json for a program that listens. */
import type { Note } from "./client.ts";

/** Says one thing. */
export type Tell = (what: string, text: string, more?: { thread?: string }) => void;

/** What one line is under NERVEFLARE_TELL=json. */
export interface Told {
  /** Milliseconds since 1970. */
  at: number;
  what: string;
  text: string;
  thread?: string;
}

/** Says `what` and a text on stdout. */
export const tell: Tell = (what, text, more = {}) => {
  const told: Told = { at: Date.now(), what, text, ...more };
  console.log(process.env.NERVEFLARE_TELL === "json" ? JSON.stringify(told) : `${what.padEnd(10)} ${text}`);
};

/** The client's notes that belong to the story; warnings and errors all do. */
export function tellNote({ level, what, message, thread }: Note): void {
  const names: Record<string, string> = { connected: "connected", "offer.claim": "claims", "claim.accepted": "awarded" };
  const name = names[what];
  if (what === "claim.rejected" || what === "offer.lost") tell("refused", message, { ...(thread && { thread }) });
  else if (name) tell(name, message, { ...(thread && { thread }) });
  else if (level !== "info") tell(level, `${what}: ${message}`, { ...(thread && { thread }) });
}

/** Says what an event that is neither offer nor turn tells: a thread's milestones by name, others by their kind. */
export function tellEvent({ type, data }: { type: string; data?: unknown }): void {
  const { thread, role, outcome } = (data ?? {}) as {
    thread?: string;
    role?: string;
    outcome?: { prompt?: string | null; error?: string };
  };
  const [, milestone] = /^nerve\.thread\.(.+)$/.exec(type) ?? [];
  const text = outcome?.prompt ?? outcome?.error ?? (milestone ? `thread ${thread}` : role ? `${type}: ${role}` : type);
  tell(milestone ?? "hears", text, { ...(thread && { thread }) });
}
