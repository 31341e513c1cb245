import { expect, test, vi } from "vitest";
import * as z from "zod";
import { parsePostedEvent, postedEvent } from "../../../src/contract/event.ts";
import { agentFrames } from "../../../src/contract/frames/agent-frames.ts";
import { agentKinds } from "../../../src/contract/kinds/agent-kinds.ts";
import { limits } from "../../../src/contract/limits.ts";
import { createQuickParser } from "../../../src/contract/quick-parser.ts";
import { open } from "../../../src/contract/shape.ts";
import { readFrame } from "../../../src/durable/agent/connection/read-frame.ts";
import { createRandom } from "../../fuzz/mutate-text.ts";

interface Case {
  schema: z.ZodType;
  /** Absent: made of the schema. */
  parse?: (value: unknown) => z.ZodSafeParseResult<unknown>;
  /** Right, each. */
  examples: unknown[];
}

const turn = { turn: "t2345678901234567890123456:7", lease: 1 };
const usages = [{ tokens: 12 }, { tokens: { input: 3, output: 4, cached: 1 }, cost: 0.5 }, {}];
const id = "01JABCDEFGHJKMNPQRSTVWXYZ0";

const plain = {
  ...{ specversion: "1.0", id, source: "/agents/alice", type: "pr.ready_for_review", time: "2026-04-25T02:29:34.5Z", correlationid: id },
  ...{ causationid: "a.b:c-d_e", traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", to: "agents/a,cap:b" },
  data: { repo: "nerve", nested: [{ deep: [null, 1.5, "x"] }] },
};
const event = {
  ...{ ...plain, subject: "a é", datacontenttype: "application/json", dataschema: "https://example.com/s", tracestate: "a=b" },
  ...{ mine: "a text", count: 7, flag: true },
};

const cases: { [name: string]: Case } = {
  event: { schema: postedEvent, parse: parsePostedEvent, examples: [plain, { id, type: "a" }, { type: "a.b_c-1", id: "x", data: null }] },
  "event of all attributes": { schema: postedEvent, examples: [event] },
  "nerve.offer.claim": {
    schema: agentKinds["nerve.offer.claim"].data,
    examples: [{ offer: id, bid: { price: 1 }, card: null }, { offer: id }],
  },
  "nerve.offer.decline": { schema: agentKinds["nerve.offer.decline"].data, examples: [{ offer: id, reason: "busy" }, { offer: id }] },
  "nerve.turn.respond": {
    schema: agentKinds["nerve.turn.respond"].data,
    examples: [
      { ...turn, output: { $status: "done", items: [1] }, body: "text", more: 1 },
      ...usages.map((usage) => ({ ...turn, output: {}, usage })),
    ],
  },
  "nerve.turn.progress": { schema: agentKinds["nerve.turn.progress"].data, examples: [{ ...turn, note: "half", details: [1] }, turn] },
  "nerve.turn.fail": {
    schema: agentKinds["nerve.turn.fail"].data,
    examples: [{ ...turn, error: "no", retryable: true, usage: usages[1] }, turn],
  },
  "nerve.role.release": { schema: agentKinds["nerve.role.release"].data, examples: [{ thread: id, role: "dev", lease: 0, reason: "ill" }] },
  "nerve.agent.report": {
    schema: agentKinds["nerve.agent.report"].data,
    examples: [{ capabilities: ["a", "b"], labels: { os: "linux" }, slots: 3, load: 0.5, accepts: { "a.b": { type: "object" } } }, {}],
  },
  "frame event": {
    schema: agentFrames.event,
    examples: [
      { type: "event", event },
      { type: "event", event: {}, more: 1 },
    ],
  },
  "frame ack": {
    schema: agentFrames.ack,
    examples: [
      { type: "ack", seqs: [1, 2], connection: "c1" },
      { type: "ack", seq: 7, channel: "my", replaces: "c1" },
    ],
  },
  others: {
    schema: open({
      list: z
        .array(z.enum(["a", "b"]).nullable())
        .min(1)
        .max(3),
      one: z.literal("x"),
      either: z.union([z.string(), z.number()]),
      trimmed: z.string().trim().max(5),
      stripped: z.object({ a: z.number().min(1).max(9).optional(), b: z.int32().default(4) }),
      strict: z.strictObject({ a: z.string().length(2) }).optional(),
      when: z.iso.datetime().optional(),
      named: z.record(z.string().max(3), z.boolean()).optional(),
    }).refine(({ list }) => list.length !== 2),
    examples: [
      {
        list: ["a", null, "b"],
        one: "x",
        either: 5,
        trimmed: " a ",
        stripped: { a: 2, c: 1 },
        strict: { a: "xy" },
        when: "2026-01-01T00:00:00Z",
      },
      { list: ["a"], one: "x", either: "t", trimmed: "abc", stripped: {}, named: { abc: true }, unknown: { a: [1] } },
    ],
  },
};

const junk: unknown[] = [
  ...[
    null,
    undefined,
    true,
    false,
    0,
    -0,
    1,
    -1,
    2.5,
    Number.POSITIVE_INFINITY,
    Number.NaN,
    2 ** 31,
    2 ** 53,
    1e9,
    1e9 + 1,
    1_000_001,
    "",
    "a",
    "x",
    "1.0",
    ".",
    "..",
    " ",
  ],
  ...[
    "é".repeat(600),
    "😀".repeat(70),
    "😀".repeat(128),
    "x".repeat(128),
    "x".repeat(129),
    "x".repeat(1024),
    "y".repeat(1025),
    "\u0000",
    "a.b",
    "A",
  ],
  ...[
    "2026-02-30T00:00:00Z",
    "2026-02-28T24:00:00Z",
    "2026-02-28T12:00:00+01:00",
    "nerve.*",
    "event",
    "ack",
    "my",
    "open",
    [],
    {},
    [[]],
    [1, "a"],
  ],
  ...[
    { a: undefined },
    { id: 7 },
    { id: "x" },
    [undefined],
    { seqs: [1] },
    Array.from({ length: 1001 }, () => 1),
    new Map(),
    new Date(0),
    () => 1,
  ],
  ...[
    JSON.parse('{"__proto__": {"id": "x"}}'),
    Object.create({ id: "x" }),
    Object.assign(Object.create(null), { id: "x" }),
    Symbol("s"),
    7n,
  ],
];
const names = [
  "id",
  "type",
  "source",
  "time",
  "data",
  "to",
  "subject",
  "lease",
  "turn",
  "output",
  "usage",
  "tokens",
  "seq",
  "seqs",
  "channel",
  "a",
  "B",
];
names.push("data_base64", "toString", "constructor", "nrvdepth", "extra1", "with space", "list", "one", "either", "stripped");

/** The same value with one thing in it changed, somewhere. */
function mutate(value: unknown, random: ReturnType<typeof createRandom>): unknown {
  if (typeof value !== "object" || value === null || random() < 0.1) return junk[Math.floor(random() * junk.length)];
  const copy: { [name: string]: unknown } = Array.isArray(value) ? (Object.assign([], value) as never) : { ...value };
  const own = Object.keys(copy);
  const name = own[Math.floor(random() * own.length)];
  const pick = random();
  if (name === undefined || pick < 0.2)
    copy[names[Math.floor(random() * names.length)] as string] = junk[Math.floor(random() * junk.length)];
  else if (pick < 0.4) delete copy[name];
  else copy[name] = mutate(copy[name], random);
  return copy;
}

/** With the order of members, which JSON has, and with what it has not. */
function show(value: unknown): string {
  return (
    JSON.stringify(value, (_, each) =>
      each === undefined || ["number", "bigint", "symbol", "function"].includes(typeof each)
        ? `${typeof each} ${String(Object.is(each, -0) ? "-0" : (each as string))}`
        : each,
    ) ?? ""
  );
}

test.each(Object.entries(cases))(
  "[EVENT13] the quick parser of %s answers as its schema does, whatever it is given",
  (_, { schema, examples }) => {
    const random = createRandom(13);
    const parse = createQuickParser(schema);
    let right = 0;
    for (const example of examples) {
      for (let round = 0; round < 400; round++) {
        let value = example;
        for (let changes = Math.floor(random() * 3); changes > 0; changes--) value = mutate(value, random);
        const [quick, slow] = [parse(value), schema.safeParse(value)];
        expect(quick.success, show(value)).toBe(slow.success);
        if (slow.success) right += 1;
        expect(show(quick.success ? quick.data : quick.error.issues)).toBe(show(slow.success ? slow.data : slow.error.issues));
      }
    }
    expect(right).toBeGreaterThan(examples.length * 100);
  },
);

test("[EVENT13] what agents usually send is judged by the quick parser alone", () => {
  expect(Object.keys(cases)).toEqual(expect.arrayContaining(Object.keys(agentKinds)));
  for (const [name, { schema, parse = createQuickParser(schema), examples }] of Object.entries(cases)) {
    if (name === "frame ack" || name === "others") continue;
    const asked = vi.spyOn(schema, "safeParse");
    for (const example of examples) expect(parse(example).success).toBe(true);
    expect(asked.mock.calls, name).toEqual([]);
  }
});

test("[EVENT13] a frame with an event fits where its schema says so, and the event in it is as it was sent", () => {
  const random = createRandom(14);
  for (let round = 0; round < 1_000; round++) {
    const text = JSON.stringify(mutate({ type: "event", event: { id, type: "a", more: { a: 1 } } }, random), (_, each) =>
      typeof each === "bigint" ? 7 : each,
    );
    const raw = text === undefined ? null : JSON.parse(text);
    if (raw?.type !== "event") continue;
    const frame = readFrame(text);
    expect(frame.ok, text).toBe(agentFrames.event.safeParse(raw).success);
    if (frame.ok) expect(frame.value).toEqual({ type: "event", event: raw.event });
  }
});

test("[EVENT13] a value that is too long by bytes alone is refused by it", () => {
  const parse = createQuickParser(postedEvent);
  const subject = "é".repeat(limits.attributeLength - 1);
  expect(parse({ id, type: "a", subject }).success).toBe(false);
  expect(parse({ id, type: "a", subject: subject.slice(0, limits.attributeLength / 2) }).success).toBe(true);
});
