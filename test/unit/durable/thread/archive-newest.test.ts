/** [RET14] What is kept of a long thread's messages, and how it is read in pages. */
import { expect, test } from "vitest";
import { refuse, succeed } from "../../../../src/contract/problem.ts";
import type { MessageView, ThreadView } from "../../../../src/contract/views/thread.ts";
import { archiveLimits, readNewest } from "../../../../src/durable/thread/lifecycle/archive-thread.ts";
import { pageMessages } from "../../../../src/worker/thread-archive.ts";

const said = (count: number): MessageView[] =>
  Array.from({ length: count }, (_, index) => ({ round: index + 1, role: "r", agent: "a", output: {}, at: "2026-01-01T00:00:00.000Z" }));
const read =
  (all: MessageView[]) =>
  async ({ after = 0, limit }: { after?: number; limit: number }) => {
    const rest = all.filter(({ round }) => round > after);
    return succeed({ messages: rest.slice(0, limit), next: rest.length > limit ? (rest[limit - 1]?.round ?? null) : null });
  };

test.each([0, 1, 199, 200, 201, 1_003])("[RET14] of %i messages the newest 200 are kept", async (count) => {
  const all = said(count);
  expect(await readNewest(read(all))).toEqual(all.slice(-archiveLimits.messages));
});

test("[RET14] a task that cannot be asked leaves what was read", async () => {
  expect(await readNewest(async () => refuse("not_found", "no"))).toEqual([]);
});

test("[RET14] what is kept is read in pages, each once", () => {
  const archived = { view: {} as ThreadView, messages: said(450).slice(-200), archivedAt: "x", keptUntil: null };
  const rounds: number[] = [];
  for (let after: number | null = 0; after !== null; ) {
    const page = pageMessages(archived, { after, limit: 70 });
    rounds.push(...page.messages.map(({ round }) => round));
    after = page.next;
  }
  expect(rounds).toEqual(archived.messages.map(({ round }) => round));
});
