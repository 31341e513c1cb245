/** Who gets to read an artifact by an operator's order, and by an event in no thread. */
import { env } from "cloudflare:workers";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { artifactLimits } from "../../src/contract/artifact.ts";
import { sweepArtifacts } from "../../src/durable/artifacts/sweep-artifacts.ts";
import { ask, makeBytes, put } from "./artifact-calls.ts";
import { call, join, type Loose, type Player, publish } from "./stage.ts";

let alice: Player;
let bob: Player;

beforeAll(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
  alice = await join("art-alice", []);
  bob = await join("art-bob", []);
});
afterAll(() => void vi.useRealTimers());

const resumable = `version: 1
binding: cloud
name: art-orders
description: Goes on with what an operator adds.
reflexes:
  - { kind: workflow, on: [art-orders.go] }
roles:
  maker:
    type: named
    agent: art-maker
    goal: Make it.
    frontmatter: { type: object, required: [$status], properties: { $status: { const: made }, report: { format: artifact } } }
  reader:
    type: named
    agent: art-reader
    goal: Read it.
    frontmatter: { type: object, required: [$status], properties: { $status: { const: read } } }
graph:
  $START:
    new: { role: maker, prompt: Make it }
    resume: { role: maker, prompt: "More: {{ data.file }}" }
  maker:
    made: { role: reader, prompt: "Read {{ report }}" }
  reader:
    read: { role: $END, prompt: done }
`;

test("[ART15] what an operator's order names is looked up, completed and readable by whoever takes part; of a refused order nothing stays", async () => {
  const admin = { token: env.NERVEFLARE_ADMIN_TOKEN };
  const maker = await join("art-maker", []);
  const reader = await join("art-reader", []);
  await publish("art-orders", resumable);
  const { threads } = await alice.say("art-orders.go", {});
  const thread = threads[0] as string;
  const first = await maker.turn("maker", thread);
  const order = (name: string, body: Loose, of = thread) => call("POST", `/v1/threads/${of}/${name}`, { body });
  const bring = async (seed: number) =>
    (await ask(admin, "POST", "/v1/artifacts", { "content-type": "text/plain" }, makeBytes(100, seed))).json;
  const reads = async (who: Player, { $artifact: id }: Loose) => (await ask(who, "GET", `/v1/artifacts/${id}`)).status;
  const [added, output, copied, refused] = [await bring(61), await bring(62), await bring(63), await bring(64)];

  await order("suspend", {});
  for (const supplement of [{ file: { $artifact: `sha256:${"2".repeat(64)}` } }, [{ deep: { $artifact: `sha256:${"2".repeat(64)}` } }]])
    expect((await order("resume", { supplement })).body.code).toBe("artifact_unknown");
  expect((await order("resume", { supplement: { file: { $artifact: added.$artifact, size: 7 } } })).body.code).toBe("malformed");
  expect((await order("resume", { supplement: { file: { $artifact: "report.pdf" } } })).body.code).toBe("malformed");
  expect(await reads(maker, added)).toBe(404);
  expect((await order("resume", { supplement: { file: { $artifact: added.$artifact } } })).status).toBe(202);
  expect(await reads(maker, added)).toBe(200);
  // It runs: there is nothing to resume.
  expect((await order("resume", { supplement: { file: { $artifact: refused.$artifact } } })).body.code).toBe("not_allowed_now");
  expect(await reads(maker, refused)).toBe(404);

  await maker.answer(first, { $status: "made" });
  await reader.turn("reader", thread);
  const restarted = await order("restart", { at: 1, output: { $status: "made", report: { $artifact: output.$artifact } } });
  expect(restarted.status, JSON.stringify(restarted.body)).toBe(202);
  const again = await reader.turn("reader", thread);
  expect(again.prompt).toBe(`Read artifact (100 bytes, text/plain): /v1/artifacts/${output.$artifact}`);
  expect(await reads(reader, output)).toBe(200);
  const { messages } = await reader.get(`/v1/threads/${thread}/messages`);
  const forked = await order("fork", { at: messages.at(-1).round, output: { $status: "made", report: { $artifact: copied.$artifact } } });
  expect(forked.status, JSON.stringify(forked.body)).toBe(202);
  expect((await reader.turn("reader", forked.body.id)).prompt).toContain(copied.$artifact);
  expect(await reads(reader, copied)).toBe(200);
  await vi.waitFor(async () => {
    const { bytes } = await ask(admin, "GET", `/v1/artifacts?thread=${forked.body.id}`);
    expect(new TextDecoder().decode(bytes)).toContain(copied.$artifact);
  });
});

test("[ART16] what an event in no thread names may be read and named by whom it was sent to, for a day", async () => {
  const eve = await join("art-eve", []);
  const sent = (await put(alice, makeBytes(100, 71), { "content-type": "text/plain" })).json;
  const data = { file: { $artifact: sent.$artifact } };
  expect((await bob.post("art.note", data)).body.code).toBe("artifact_unknown");
  await alice.say("art.note", data, { to: "agents/art-bob" });
  const got = await bob.expect("art.note");
  expect(got.data.file).toEqual(sent);
  expect((await ask(bob, "GET", `/v1/artifacts/${sent.$artifact}`)).status).toBe(200);
  expect((await ask(eve, "GET", `/v1/artifacts/${sent.$artifact}`)).status).toBe(404);
  const facts = async (who: { token: string }) =>
    JSON.parse(new TextDecoder().decode((await ask(who, "GET", `/v1/artifacts/${sent.$artifact}/facts`)).bytes));
  expect((await facts(bob)).threads).toEqual([]);
  expect((await facts({ token: env.NERVEFLARE_ADMIN_TOKEN })).threads).toEqual([]);
  // An hour before it goes it is sent on, which gives the next a day of its own.
  vi.setSystemTime(Date.now() + artifactLimits.keptMs - 3_600_000);
  await bob.say("art.note", data, { to: "agents/art-eve" });
  vi.setSystemTime(Date.now() + 3_601_000);
  await sweepArtifacts(env.DB, env.ARTIFACTS, Date.now());
  expect((await ask(bob, "GET", `/v1/artifacts/${sent.$artifact}`)).status).toBe(404);
  expect((await ask(eve, "GET", `/v1/artifacts/${sent.$artifact}`)).status).toBe(200);
  vi.setSystemTime(Date.now() + artifactLimits.keptMs);
  await sweepArtifacts(env.DB, env.ARTIFACTS, Date.now());
  expect((await ask(eve, "GET", `/v1/artifacts/${sent.$artifact}`)).status).toBe(404);
});
