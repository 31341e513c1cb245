/** [VER3] Objects whose neighbours are of a newer version: what these add to a message, at whatever level, is passed on and disturbs nobody. */
import { expect, test } from "vitest";
import * as z from "zod";
import { agentMessages } from "../../src/durable/protocol/agent.ts";
import type { Envelope, Message, Parcelled } from "../../src/durable/protocol/envelope.ts";
import { hostMessages } from "../../src/durable/protocol/envelope.ts";
import { presenceMessages, queueMessages } from "../../src/durable/protocol/recruitment.ts";
import { taskMessages } from "../../src/durable/protocol/task.ts";
import { workflowMessages } from "../../src/durable/protocol/workflow.ts";
import { beginning } from "../../src/durable/thread/recruitment/recruitment-logic.ts";
import { taskStart } from "../../src/durable/thread/task/task-start.ts";
import { begin, type Loose } from "./liveness-stage.ts";

/** What a version after this one says. */
const later = { of: ["tomorrow", { deep: true }] };

const declared: Record<string, z.ZodType> = {
  ...{ ...workflowMessages, ...queueMessages, ...presenceMessages, ...taskMessages, ...agentMessages, ...hostMessages },
  "host.start": hostMessages["host.start"].extend({ along: z.union([taskStart, beginning]) }),
};

/** The value with an unknown member in each object whose members the schema declares, and in each event. */
function addUnknown(schema: z.ZodType, value: Loose): Loose {
  if (value === null || value === undefined) return value;
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) return addUnknown(schema.unwrap() as z.ZodType, value);
  if (schema instanceof z.ZodArray) return value.map((each: unknown) => addUnknown(schema.element as z.ZodType, each));
  if (schema instanceof z.ZodUnion)
    return addUnknown(schema.options.find((option) => (option as z.ZodType).safeParse(value).success) as z.ZodType, value);
  if (!(schema instanceof z.ZodObject)) return isEvent(value) ? { ...value, later: "tomorrow", data: addToData(value.data) } : value;
  const members = Object.entries(value).map(([name, member]) => [
    name,
    schema.shape[name] ? addUnknown(schema.shape[name], member) : member,
  ]);
  return { ...Object.fromEntries(members), later };
}

function isEvent(value: Loose): boolean {
  return typeof value === "object" && typeof value.specversion === "string";
}

function addToData(data: Loose): Loose {
  return typeof data === "object" && data !== null && !Array.isArray(data) ? { ...data, later } : data;
}

/** Plays a review to its end on objects that say more than they know. @returns what was sent, by type, before anything was added */
async function play() {
  const sent = new Map<string, Message>();
  const carry = (envelope: Envelope): Envelope => {
    const { more } = envelope;
    return {
      ...envelope,
      message: carryOne(envelope.to, envelope.message),
      ...(more && { more: more.map((each) => carryMore(envelope.to, each)) }),
    };
  };
  const carryMore = (to: string, { id, message }: Parcelled): Parcelled => ({ id, message: carryOne(to, message) });
  function carryOne(to: string, message: Message): Message {
    sent.set(`${to.split("/")[0]} ${message.type}`, JSON.parse(JSON.stringify(message)));
    const schema = declared[message.type];
    return schema ? addUnknown(schema, message) : message;
  }
  const { cluster, first, author, thread, show } = await begin({}, carry);
  await first.claim();
  await first.answer(await first.turn(), "changes_requested");
  await author.answer(await author.turn(), "updated");
  const turn = await first.turn();
  await first.answer(turn, "approved");
  await cluster.advance(1_000);
  expect(await show()).toMatchObject({ id: thread, status: "completed" });
  return { sent, turn: turn as Loose, first };
}

test("[VER3] a review in objects of their own ends as ever, and what a neighbour added is there at the far end", async () => {
  const { sent, turn, first } = await play();
  const event = { later: "tomorrow", data: { later } };
  // From the agent's object by way of the queue to the root, whole.
  expect(sent.get("recruitment thread.start")).toMatchObject({ later, event });
  // From the root to the task, beside the machine's input.
  expect(sent.get("task host.start")).toMatchObject({ along: { event } });
  // From the task to the next agent's mailbox, and out of it.
  expect(sent.get("agent mail")).toMatchObject({ event: { data: { outcome: { status: "completed" } } } });
  expect(turn).toMatchObject({ later, event });
  // What is on the open channel is no message between objects: it came whole, as it was made.
  expect(first.seen.filter(({ channel, event: given }) => channel === "my" && given["later"] !== "tomorrow")).toEqual([]);
}, 60_000);
