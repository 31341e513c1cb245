/** [HOST36] What one commit says to one receiver in one call, and what becomes of it where that fails. */
import { beforeEach, expect, test, vi } from "vitest";
import { type Committer, createCommitter } from "../../../../src/durable/host/committer.ts";
import { hostLimits } from "../../../../src/durable/host/limits.ts";
import { createNodeStorage } from "../../../../src/durable/host/storage/node-storage.ts";
import { takeEach } from "../../../../src/durable/host/take-envelope.ts";
import type { Delivery, Envelope } from "../../../../src/durable/protocol/envelope.ts";

let calls: string[];
let taken: string[];
/** What the object at the other end does with one message. */
let take: (envelope: Envelope) => Promise<Delivery>;

beforeEach(() => {
  calls = [];
  taken = [];
  take = async () => ({ status: "stored" });
  vi.spyOn(console, "warn").mockImplementation(() => {});
});

const name = ({ to, message }: Pick<Envelope, "to" | "message">): string => `${message.type}→${to}`;

/** @param deliver how the receivers take an envelope */
function open(deliver: (envelope: Envelope) => Promise<Delivery>): Committer {
  return createCommitter(
    {
      address: "actor/sender",
      storage: createNodeStorage(),
      clock: { now: () => 1_800_000_000_000 },
      scheduler: { background: (work) => void work.catch(() => {}) },
      transport: {
        deliver(envelope) {
          calls.push([name(envelope), ...(envelope.more ?? []).map(({ message }) => message.type)].join(" "));
          return deliver(envelope);
        },
      },
    },
    { dueTimes: () => [], refused: ({ to, message }) => void taken.push(`refused ${name({ to, message })}`) },
  );
}

const takeOne = async (envelope: Envelope): Promise<Delivery> => {
  const delivery = await take(envelope);
  if (delivery.status === "stored") taken.push(name(envelope));
  return delivery;
};
/** An object of now, and one of a version that takes one message at a time. */
const present = (envelope: Envelope): Promise<Delivery> => takeEach(envelope, takeOne);
const former = (envelope: Envelope): Promise<Delivery> => takeOne(envelope);

async function say(committer: Committer): Promise<void> {
  const { outbox } = committer;
  committer.commit(() => {
    outbox.append(["a"], { type: "1" });
    outbox.append(["b"], { type: "2" });
    outbox.append(["a", "b", "c"], { type: "3" }, { spread: true, next: true });
    outbox.append(["b"], { type: "4" });
  });
  await outbox.flush();
}

test("[HOST36] what one commit says to one receiver goes in one call, in order, and what it says to all goes with it", async () => {
  await say(open(present));
  expect(calls).toEqual(["1→a 3", "2→b 3", "3→c", "4→b"]);
  expect(taken).toEqual(["1→a", "3→a", "2→b", "3→b", "3→c", "4→b"]);
});

test("[HOST36] one for several, between whom no order is promised, goes to one of them with what is said to that one before", async () => {
  const committer = open(present);
  committer.commit(() => {
    committer.outbox.append(["a"], { type: "1" });
    committer.outbox.append(["b", "a"], { type: "2" }, { spread: true });
    committer.outbox.append(["b", "a"], { type: "3" });
  });
  await committer.outbox.flush();
  expect(calls).toEqual(["1→a 2", "2→b", "3→b", "3→a", "3→b", "3→a"]);
});

test("[HOST36] to a receiver of a version before, which takes the first only, the others go by themselves", async () => {
  await say(open(former));
  expect(calls).toEqual(["1→a 3", "3→a", "2→b 3", "3→b", "3→c", "4→b"]);
  expect(taken).toEqual(["1→a", "3→a", "2→b", "3→b", "3→c", "4→b"]);
});

test("[HOST36] one that is refused is refused by itself, and those behind it are taken after it", async () => {
  take = async ({ message }) => (message.type === "1" ? { status: "refused", code: "mailbox_full", detail: "no" } : { status: "stored" });
  await say(open(present));
  expect(taken.slice(0, 2)).toEqual(["refused 1→a", "3→a"]);
});

test("[HOST36] one at which its receiver throws is tried alone from then on, and counted alone; what was before it is not sent again", async () => {
  take = async ({ message }) => {
    if (message.type === "3") throw new Error("no");
    return { status: "stored" };
  };
  const committer = open(present);
  await say(committer);
  expect(calls).toEqual(["1→a 3", "3→a"]);
  await committer.outbox.flush();
  expect(calls.slice(2)).toEqual([]);
  expect(taken).toEqual(["1→a"]);
});

test("[HOST36] so many go in one call, and no more", async () => {
  const committer = open(present);
  const count = hostLimits.together + 1;
  committer.commit(() => {
    for (let index = 0; index < count; index++) committer.outbox.append(["a"], { type: String(index) });
  });
  await committer.outbox.flush();
  expect(calls.map((call) => call.split(" ").length)).toEqual([hostLimits.together, 1]);
  expect(taken).toEqual(Array.from({ length: count }, (_, index) => `${index}→a`));
});
