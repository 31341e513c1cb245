/** Tells the other tabs of this browser that a turn was answered in this one. */
import { signal } from "@preact/signals";

/** Turns that were answered in another tab, the last of them. */
export const answeredElsewhere = signal<ReadonlySet<string>>(new Set());

/** Turns that are remembered: more tabs than anybody has open. */
const most = 100;

const tabs = typeof window === "undefined" ? undefined : new BroadcastChannel("nerveflare answered");
tabs?.addEventListener("message", ({ data }) => {
  answeredElsewhere.value = new Set([...answeredElsewhere.value, String(data)].slice(-most));
});

/** @param turn its id */
export function sayAnswered(turn: string): void {
  tabs?.postMessage(turn);
}
