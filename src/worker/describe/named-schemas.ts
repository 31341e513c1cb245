/** What has a name in the descriptions, and so in the types that are generated of them: `Thread`, `TurnAssigned`, `TurnAssignedEvent`. */
import { cloudEvent, postedEvent } from "../../contract/event.ts";
import { accepted, inboxItem, inboxPage, rejected, serverNote } from "../../contract/frames/server-frames.ts";
import { answers } from "../../contract/http/answers.ts";
import { agentKinds } from "../../contract/kinds/agent-kinds.ts";
import { engineKinds } from "../../contract/kinds/engine-kinds.ts";
import { lease } from "../../contract/kinds/lease.ts";
import { outcome, threadEnded, threadGoing } from "../../contract/kinds/thread.ts";
import { handover } from "../../contract/kinds/turn.ts";
import { problemView } from "../../contract/problem-meanings.ts";
import { json } from "../../contract/shape.ts";
import { threadExplanation } from "../../contract/views/explanation.ts";
import { messageView, threadView } from "../../contract/views/thread.ts";
import { wait } from "../../contract/views/wait.ts";
import { createSchemaWriter, type NamedSchemas, referTo, type SchemaObject, type SchemaWriter } from "./to-json-schema.ts";

const shared: NamedSchemas = {
  Event: [cloudEvent, "output"],
  PostedEvent: [postedEvent, "input"],
  Accepted: [accepted, "output"],
  Rejected: [rejected, "output"],
  Problem: [problemView, "output"],
  InboxItem: [inboxItem, "output"],
  InboxPage: [inboxPage, "output"],
  Note: [serverNote, "output"],
  Me: [answers.me, "output"],
  Thread: [threadView, "output"],
  Message: [messageView, "output"],
  Wait: [wait, "output"],
  Explanation: [threadExplanation, "output"],
  LogEntry: [answers.logEntry, "output"],
  Lease: [lease, "output"],
  Outcome: [outcome, "output"],
  Handover: [handover, "output"],
  ThreadGoing: [threadGoing, "output"],
  ThreadEnded: [threadEnded, "output"],
};

/** Every kind of the orchestrator's own, with who says it. */
const kinds = [
  ...Object.entries(agentKinds).map(([kind, { data }]) => ({ kind, data, direction: "input", base: "PostedEvent" }) as const),
  ...Object.entries(engineKinds).map(([kind, { data }]) => ({ kind, data, direction: "output", base: "Event" }) as const),
];

const taken = new Set([json, ...Object.values(shared).map(([schema]) => schema)]);
/** The data of a kind is named after it, unless several kinds have the same. */
const ofKinds: NamedSchemas = Object.fromEntries(
  kinds.filter(({ data }) => !taken.has(data)).map(({ kind, data, direction }) => [nameKind(kind), [data, direction]]),
);

/** `nerve.turn.assigned` → `TurnAssigned`. */
function nameKind(kind: string): string {
  const [, ...words] = kind.split(".");
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}

/** The name of an event of this kind, data and all. */
export function nameEvent(kind: string): string {
  return `${nameKind(kind)}Event`;
}

/** Writes what has a name, for a document's `components`: schemas, and an event of each kind. */
export function createNamedWriter(): SchemaWriter {
  const { write, components } = createSchemaWriter({ ...shared, ...ofKinds });
  const describeEvent = ({ kind, data, direction, base }: (typeof kinds)[number]): SchemaObject => ({
    allOf: [
      referTo(base),
      { type: "object", required: ["type", "data"], properties: { type: { const: kind }, data: write(data, direction) } },
    ],
  });
  return {
    write,
    components: () => ({ ...components(), ...Object.fromEntries(kinds.map((each) => [nameEvent(each.kind), describeEvent(each)])) }),
  };
}
