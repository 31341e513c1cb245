/** What of a thread is kept when its object is emptied: what `GET /v1/threads/:id` and its messages show, within a bound. Pure. */
import type { Json } from "../../../contract/event.ts";
import { countBytes } from "../../../contract/limits.ts";
import type { Result } from "../../../contract/problem.ts";
import type { MessageView, ThreadView } from "../../../contract/views/thread.ts";
import type { ProjectionRow } from "../../protocol/projector.ts";

export const archiveLimits = {
  /** Bytes of an event's data, an output or a text that is kept whole; larger ones say their size. */
  payload: 16 * 1024,
  /** Messages that are kept, the newest, and bytes of all of them: a row of D1 holds 2 MB, and thousands of them are kept. */
  messages: 200,
  messagesBytes: 256 * 1024,
} as const;

type ReadPage = (page: { after?: number; limit: number }) => Promise<Result<{ messages: MessageView[]; next: number | null }>>;

/** The newest messages of a thread, as many as are kept. @throws when its task cannot be asked now */
export async function readNewest(read: ReadPage): Promise<MessageView[]> {
  let newest: MessageView[] = [];
  for (let after: number | null | undefined; after !== null; ) {
    const page = await read({ ...(after !== undefined && { after }), limit: archiveLimits.messages });
    if (!page.ok && page.problem.retryable) throw new Error(page.problem.detail);
    if (!page.ok) return newest;
    newest = [...newest, ...page.value.messages].slice(-archiveLimits.messages);
    after = page.value.next;
  }
  return newest;
}

/** @param now milliseconds since the epoch */
export function makeArchiveRow(view: ThreadView, messages: MessageView[], now: number): Extract<ProjectionRow, { table: "archive" }> {
  const { outcome, event } = view;
  const kept: ThreadView = {
    ...view,
    event: { ...event, ...(event.data !== undefined && { data: shorten(event.data) }) },
    ...(outcome && { outcome: { ...outcome, output: shorten(outcome.output ?? null), prompt: shortenText(outcome.prompt ?? null) } }),
  };
  return { table: "archive", thread: view.id, order: now, view: kept, messages: keepMessages(messages) };
}

/** The newest that fit. */
function keepMessages(messages: MessageView[]): MessageView[] {
  const kept: MessageView[] = [];
  let bytes = 0;
  for (const message of messages.slice(-archiveLimits.messages).reverse()) {
    const { body, decision } = message;
    const short: MessageView = {
      ...message,
      output: shorten(message.output),
      ...(body !== undefined && { body: shortenText(body) ?? "" }),
      ...(decision && { decision: { ...decision, prompt: shortenText(decision.prompt) } }),
    };
    bytes += countBytes(JSON.stringify(short));
    if (bytes > archiveLimits.messagesBytes) break;
    kept.unshift(short);
  }
  return kept;
}

function shorten(value: Json): Json {
  const bytes = countBytes(JSON.stringify(value));
  return bytes > archiveLimits.payload ? { $truncated: true, bytes } : value;
}

function shortenText(text: string | null): string | null {
  if (text === null) return null;
  const bytes = countBytes(text);
  return bytes > archiveLimits.payload ? `(${bytes} bytes, not kept)` : text;
}
