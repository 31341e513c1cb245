/** Where people look at, or answer, what an event tells of: pages of the server's own. */
import type { CloudEvent } from "../../contract/event.ts";
import type { EngineKind } from "../../contract/kinds/engine-kinds.ts";

/** Kinds by which a person learns that a turn waits, or may be had. */
const forPeople: ReadonlySet<string> = new Set(["nerve.turn.assigned", "nerve.offer.opened"] satisfies EngineKind[]);

/**
 * @param links the server's address as its people open it
 * @returns undefined where the event is of no thread
 */
export function linkTo({ type, source, correlationid: thread, data }: CloudEvent, links: string): string | undefined {
  if (thread === undefined || source !== `/threads/${thread}`) return undefined;
  const base = links.replace(/\/+$/, "");
  const role = typeof data === "object" && data !== null && !Array.isArray(data) ? data.role : undefined;
  if (forPeople.has(type) && typeof role === "string") return `${base}/ui/turns/${encodeURIComponent(thread)}/${encodeURIComponent(role)}`;
  return `${base}/ui/threads/${encodeURIComponent(thread)}`;
}
