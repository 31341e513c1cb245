/** [BYTE4] Texts of three bytes a letter that reflexes and edges publish: what does not fit is refused with a reason, never "send it again". */
import { afterEach, expect, test, vi } from "vitest";
import type { Accepted, Rejected } from "../../src/contract/frames/server-frames.ts";
import { play } from "./liveness-stage.ts";
import { createThreadCluster } from "./thread-cluster.ts";

afterEach(() => void vi.restoreAllMocks());

/** 180 KB: as many letters as a third of that. */
const text = "事".repeat(60_000);

async function open(emits: number) {
  const emit = (kind: string, from: string) =>
    Array.from({ length: emits }, (_, index) => `{ kind: ${kind}.${index}, data: { text: "{{ ${from} }}" } }`).join(",\n        ");
  const cluster = await createThreadCluster({
    workflow: `
name: large
description: Says much.
binding: cloud
reflexes:
  - { kind: workflow, on: [large.start] }
  - kind: emit
    on: [large.said]
    emit:
      [ ${emit("echo", "data.text")} ]
roles:
  author:
    description: Writes.
    type: named
    agent: { from: event.agent }
    procedure: Write.
    output: A text.
    frontmatter: { type: object, properties: { $status: { const: done }, text: { type: string } }, required: [$status, text] }
graph:
  $START:
    new: { role: author, prompt: "Write." }
  author:
    done:
      role: $END
      prompt: "Written."
      emit:
        [ ${emit("told", "text")} ]
`,
    agents: [{ id: "author", capabilities: [], roles: null, kinds: null }],
    fate: () => "arrives",
  });
  const author = play(cluster, "author");
  const count = (kind: string) => [...cluster.log.values()].filter(({ row }) => row.event.type.startsWith(kind)).length;
  return { cluster, author, count };
}

test("[BYTE4] a reflex that publishes more than fits: the event is accepted and told what was left out, and all of it is in the log", async () => {
  const { cluster, author, count } = await open(12);
  const answer = await author.send("large.said", { text });
  expect(answer).toMatchObject({ status: "accepted", notes: [expect.stringContaining("bytes in all")] });
  await cluster.advance(10_000);
  // 1 MB of 180 KB each.
  expect(count("echo.")).toBe(5);
  expect(count("large.said")).toBe(1);
});

async function write(emits: number) {
  const { cluster, author, count } = await open(emits);
  const { threads } = (await author.send("large.start", {})) as Accepted;
  await cluster.advance(100);
  const turn = await author.turn();
  const answer = (await author.send("nerve.turn.respond", {
    turn: turn.turn,
    lease: turn.lease.generation,
    output: { $status: "done", text },
  })) as Accepted | Rejected;
  await cluster.advance(10_000);
  const shown = await cluster.thread(threads[0] as string).recruitment.show(null);
  return {
    answer,
    shown: shown.ok && shown.value,
    told: count("told."),
    deadLetters: cluster.thread(threads[0] as string).host.deadLetters(),
  };
}

test("[BYTE4] an edge that publishes more than fits fails by its code, and the answer is taken; one that fits is published whole", async () => {
  const large = await write(12);
  expect(large.answer).toMatchObject({ status: "accepted" });
  expect(large.shown).toMatchObject({ status: "failed", error: expect.stringMatching(/edge_too_large.*bytes/) });
  expect(large.deadLetters).toEqual([]);
  expect(large.told).toBe(0);
  const small = await write(7);
  expect(small).toMatchObject({ answer: { status: "accepted" }, shown: { status: "completed" }, told: 7 });
});
