/** Broadcasts in the real runtime: acknowledgements of several kinds, a panel, and who comes late. */
import { beforeAll, describe, expect, test } from "vitest";
import announce from "../../workflows/announce-setup.yaml?raw";
import { disturbances, expectThread, join, type Player, publish, readLog, ring } from "./stage.ts";

let ops: Player;
let fleet: [Player, Player, Player];

const write = (name: string, broadcast: string): string =>
  announce
    .replace("name: announce-setup", `name: ${name}`)
    .replace("fleet.setup.requested]", `${name}.requested]`)
    .replace("concurrency: 1", "concurrency: 50")
    .replace(/ {4}broadcast:\n(?: {6}.*\n)+/, `    broadcast: ${broadcast}\n`);

beforeAll(async () => {
  ops = await join("ops", []);
  fleet = [await join("north", ["setup"]), await join("south", ["setup"]), await join("west", ["setup"])];
  await publish("need-all", write("need-all", '{ ack: { need: all, timeout: 1h, ok: "ok" }, ttl: 1d }'));
  await publish("need-any", write("need-any", "{ ack: { need: any }, ttl: 1d }"));
  await publish("need-none", write("need-none", "{ ack: { need: none }, ttl: 1d }"));
  await publish("need-two", write("need-two", "{ ack: { need: 2 }, ttl: 1d }"));
  await publish("panel", write("panel", "{ ack: { need: all }, of: 2, ttl: 1d }"));
});

async function begin(name: string): Promise<string> {
  const { threads, notes } = await ops.say(`${name}.requested`, { step: `step of ${name}` });
  expect(threads, notes.join()).toHaveLength(1);
  return threads[0] as string;
}

async function answer(player: Player, thread: string, output = { ok: true }) {
  return player.answer(await player.turn("fleet", thread), output);
}

test("[AUD2] one is enough, and the others' answers change nothing", async () => {
  const thread = await begin("need-any");
  await answer(fleet[1], thread);
  const { outcome } = await expectThread(thread, {
    status: "completed",
    outcome: { output: { acked: ["south"], missing: ["north", "west"] } },
  });
  expect((await answer(fleet[0], thread)).body).toMatchObject({ status: "accepted", notes: [expect.stringContaining("changes nothing")] });
  expect((await expectThread(thread, { status: "completed" })).outcome).toEqual(outcome);
  // Who was asked takes part.
  expect(await fleet[2].get(`/v1/threads/${thread}`)).toMatchObject({ id: thread });
});

test("[AUD2] nobody need answer", async () => {
  const thread = await begin("need-none");
  await expectThread(thread, { status: "completed", outcome: { output: { $status: "$ACKED", missing: ["north", "south", "west"] } } });
  expect((await answer(fleet[2], thread)).body).toMatchObject({ notes: [expect.stringContaining("changes nothing")] });
});

test("[AUD2] two of three are enough, and one may fail", async () => {
  const thread = await begin("need-two");
  const turn = await fleet[0].turn("fleet", thread);
  await fleet[0].say("nerve.turn.fail", { turn: turn.turn, lease: turn.lease.generation, error: "no disk", retryable: false });
  await answer(fleet[1], thread);
  await answer(fleet[2], thread);
  await expectThread(thread, { outcome: { output: { $status: "$ACKED", acked: ["south", "west"], failed: ["north"] } } });
});

test("[AUD2] a panel is two of them, and time that is up leaves who has not answered missing", async () => {
  const thread = await begin("panel");
  await answer(fleet[0], thread);
  await expectThread(thread, { roles: { fleet: { asked: 2, acked: 1 } } });
  await ring(thread, 3_700_000);
  await expectThread(thread, {
    status: "completed",
    outcome: {
      prompt: "Done by 1; failed: none; no answer: south.",
      output: { $status: "$PARTIAL", acked: ["north"], missing: ["south"] },
    },
  });
  await readLog(thread, "fleet.setup.incomplete");
});

describe.each(Object.entries(disturbances))("an announcement where %s between two events", (_, disturb) => {
  test("[AUD7] ends when all have acknowledged, also who asks late", async () => {
    const thread = await begin("need-all");
    await disturb();
    for (const [index, player] of fleet.entries()) {
      await expectThread(thread, {
        status: "running",
        waiting: { for: "answered", role: "fleet", then: expect.stringContaining("$PARTIAL") },
        roles: { fleet: { asked: 3, acked: index } },
      });
      expect((await answer(player, thread)).body).toMatchObject({ status: "accepted", notes: [] });
      await disturb();
    }
    await expectThread(thread, {
      status: "completed",
      outcome: { prompt: "Done by all 3: north, south, west.", output: { $status: "$ACKED", missing: [] } },
    });
    const log = await readLog(thread, "nerve.thread.completed", ...Array(3).fill("nerve.turn.respond"));
    expect(log.filter(({ type }) => type === "nerve.turn.assigned")).toHaveLength(1);
    expect(log.filter(({ type }) => type === "nerve.turn.respond")).toHaveLength(3);
  });
});
