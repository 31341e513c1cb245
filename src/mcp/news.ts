/**
 * What happened beside turns and offers, for the model's next result: events that the agent was sent, and short notes. An event is
 * acknowledged once a result has told of it, so that a process that dies before has it given again.
 */
import type { CloudEvent } from "../contract/event.ts";
import { cut, showJson } from "./cut.ts";
import { mcpLimits } from "./limits.ts";

/** Keeps it until it is told. */
export interface News {
  /** For the agent library: settles once the event was told. */
  hear(event: CloudEvent): Promise<void>;
  note(text: string): void;
  /** Whether an event waits: notes alone are no reason to end a wait. */
  hasEvent(): boolean;
  /** Takes what waits, as lines of Markdown, each once. */
  take(): Promise<string[]>;
}

/** What an agent is told of its threads and can do nothing about. */
const uneventful = new Set(["nerve.thread.queued", "nerve.thread.started", "nerve.thread.resumed", "nerve.role.assigned"]);

/** Makes {@link News}; `changed` is called when an event came. */
export function createNews(changed: () => void): News {
  const events: { text: string; told(): void }[] = [];
  let notes: string[] = [];
  return {
    hear(event) {
      if (uneventful.has(event.type)) return Promise.resolve();
      return new Promise((resolve) => {
        events.push({ text: describeEvent(event), told: resolve });
        changed();
      });
    },
    note(text) {
      if (notes.includes(text)) return;
      notes = [...notes, text].slice(-mcpLimits.notices);
    },
    hasEvent: () => events.length > 0,
    async take() {
      const told = notes.splice(0).map((text) => `- ${text}`);
      for (let event = events.shift(); event && told.length < mcpLimits.news; event = events.shift()) {
        told.push(event.text);
        event.told();
        // The library hands the next one on when this one is done.
        await new Promise((resolve) => setImmediate(resolve));
      }
      return told;
    },
  };
}

function describeEvent({ id, type, source, data, correlationid }: CloudEvent): string {
  const thread = typeof correlationid === "string" ? `, thread ${correlationid}` : "";
  const said = cut(showJson(data ?? null), mcpLimits.newsBytes, "the rest is in the event log");
  return `- Event ${type} from ${source} (${id}${thread}): ${said.text}`;
}
