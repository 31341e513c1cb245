/** Artifacts in the real runtime, with R2 as Miniflare has it: how they come, who reads them, and when they go. */
import { env } from "cloudflare:workers";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { artifactLimits } from "../../src/contract/artifact.ts";
import { sweepArtifacts } from "../../src/durable/artifacts/sweep-artifacts.ts";
import { pruneProjection } from "../../src/durable/projector/prune-projection.ts";
import { ask, hash, makeBytes, put } from "./artifact-calls.ts";
import { expectThread, join, type Loose, type Player, publish, readLog } from "./stage.ts";

const part = artifactLimits.partBytes;
let alice: Player;
let bob: Player;

beforeAll(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
  alice = await join("art-alice", []);
  bob = await join("art-bob", []);
});
afterAll(() => void vi.useRealTimers());

const bucket = env.ARTIFACTS;
const listObjects = async () => (await bucket.list()).objects.map(({ key }) => key);

/** Begins an upload in parts. @returns its path */
async function begin(who: Player, size: number, headers: Record<string, string> = {}): Promise<string> {
  const begun = await ask(who, "POST", "/v1/artifacts", { "upload-complete": "?0", "upload-length": String(size), ...headers });
  expect(begun.status, JSON.stringify(begun.json)).toBe(201);
  return begun.headers.get("location") ?? "";
}

const patch = (who: Player, upload: string, offset: number, bytes: Uint8Array, last = false) =>
  ask(
    who,
    "PATCH",
    upload,
    { "upload-offset": String(offset), "upload-complete": last ? "?1" : "?0", "content-type": "application/partial-upload" },
    bytes,
  );

const offsetOf = async (who: Player, upload: string) => Number((await ask(who, "HEAD", upload)).headers.get("upload-offset"));

test("[ART1] what is uploaded at once is answered with its hash, size, type and name, and read again as it was", async () => {
  const bytes = makeBytes(1000);
  const { id, digest } = await hash(bytes);
  const stored = await put(alice, bytes, { "content-type": "text/html", "content-disposition": "attachment; filename*=UTF-8''a%20b.html" });
  expect(stored).toMatchObject({ status: 201, json: { $artifact: id, size: 1000, type: "text/html", name: "a b.html" } });
  const read = await ask(alice, "GET", `/v1/artifacts/${id}`);
  expect(read.bytes).toEqual(bytes);
  // Whatever it is, a browser saves it, and runs nothing of it.
  expect(Object.fromEntries(read.headers)).toMatchObject({
    "content-type": "text/html",
    "content-length": "1000",
    "content-disposition": "attachment; filename*=UTF-8''a%20b.html",
    "content-security-policy": expect.stringContaining("sandbox"),
    "x-content-type-options": "nosniff",
    "repr-digest": digest,
    etag: `"${id}"`,
  });
  expect((await ask(alice, "GET", `/v1/artifacts/${id}`, { "if-none-match": `"${id}"` })).status).toBe(304);
  const empty = await put(alice, new Uint8Array(), { "upload-length": "0" });
  expect(empty).toMatchObject({ status: 201, json: { size: 0 } });
  expect((await ask(alice, "GET", `/v1/artifacts/${empty.json.$artifact}`)).bytes.length).toBe(0);
});

test("[ART2] ranges are answered as they are asked for, and those that there are not are refused", async () => {
  const bytes = makeBytes(1000, 2);
  const { id } = await hash(bytes);
  await put(alice, bytes);
  const range = (value: string, more = {}) => ask(alice, "GET", `/v1/artifacts/${id}`, { range: value, ...more });
  for (const [asked, from, to] of [
    ["bytes=0-9", 0, 10],
    ["bytes=990-", 990, 1000],
    ["bytes=-5", 995, 1000],
    ["bytes=500-5000", 500, 1000],
  ] as const) {
    const got = await range(asked);
    expect([got.status, got.headers.get("content-range")]).toEqual([206, `bytes ${from}-${to - 1}/1000`]);
    expect(got.bytes).toEqual(bytes.slice(from, to));
  }
  expect((await range("bytes=1000-")).status).toBe(416);
  expect((await range("bytes=0-1,5-6")).status).toBe(200);
  expect((await range("bytes=0-9", { "if-range": '"another"' })).status).toBe(200);
});

test("[ART3] an upload goes on behind the last whole part, and at no other place", async () => {
  const bytes = makeBytes(2 * part + 10, 3);
  const { id, digest } = await hash(bytes);
  const upload = await begin(alice, bytes.length, { "repr-digest": digest });
  // A part that breaks off is tried with a real line: test/e2e/artifacts.test.ts.
  expect((await patch(alice, upload, 0, bytes.slice(0, part))).headers.get("upload-offset")).toBe(String(part));
  for (const wrong of [0, part - 1, part + 1, 2 * part])
    expect(await patch(alice, upload, wrong, bytes.slice(wrong, wrong + 10))).toMatchObject({
      status: 409,
      json: { code: "upload_offset", offset: part },
    });
  expect(await patch(alice, upload, part, makeBytes(part + 11))).toMatchObject({ status: 400, json: { code: "malformed" } });
  expect(await ask(bob, "HEAD", upload)).toMatchObject({ status: 404 });
  expect((await patch(bob, upload, part, bytes.slice(part))).status).toBe(404);
  const half = await patch(alice, upload, part, bytes.slice(part, 2 * part), true);
  expect(half).toMatchObject({ status: 409, json: { code: "upload_offset", offset: 2 * part } });
  expect(await offsetOf(alice, upload)).toBe(2 * part);
  expect(await patch(alice, upload, 2 * part, bytes.slice(2 * part), true)).toMatchObject({
    status: 200,
    json: { $artifact: id, size: bytes.length },
  });
  // Byte by byte the comparison of a test would take more memory than the runtime has.
  expect((await hash((await ask(alice, "GET", `/v1/artifacts/${id}`)).bytes)).id).toBe(id);
});

test("[ART21] an upload that is finished says what it has become, to its owner, for a day: the answer to its end may have been lost", async () => {
  const bytes = makeBytes(part + 10, 21);
  const { id } = await hash(bytes);
  const names = { "content-disposition": "attachment; filename*=UTF-8''a.csv" };
  // The second brings what is there already.
  for (const upload of [await begin(alice, bytes.length, names), await begin(alice, bytes.length, names)]) {
    await patch(alice, upload, 0, bytes.slice(0, part));
    const ends = await Promise.all([1, 2].map(() => patch(alice, upload, part, bytes.slice(part), true)));
    for (const late of [
      ...ends,
      await patch(alice, upload, part, bytes.slice(part), true),
      await patch(alice, upload, bytes.length, new Uint8Array(), true),
    ])
      expect(late).toMatchObject({ status: 200, json: { $artifact: id, size: bytes.length, name: "a.csv" } });
    const head = await ask(alice, "HEAD", upload);
    expect(Object.fromEntries(head.headers)).toMatchObject({
      "upload-complete": "?1",
      "upload-offset": String(bytes.length),
      location: `/v1/artifacts/${id}`,
    });
    expect([await ask(bob, "HEAD", upload), await ask(alice, "DELETE", upload)]).toMatchObject([{ status: 404 }, { status: 404 }]);
  }
  expect((await hash((await ask(alice, "GET", `/v1/artifacts/${id}`)).bytes)).id).toBe(id);
});

test("[ART4] of two requests that send the same part at once one is told where the upload goes on", async () => {
  const bytes = makeBytes(2 * part, 4);
  const { id } = await hash(bytes);
  const upload = await begin(alice, bytes.length);
  const both = await Promise.all([patch(alice, upload, 0, bytes.slice(0, part)), patch(alice, upload, 0, bytes.slice(0, part))]);
  expect(both.map(({ status }) => status).sort()).toEqual([204, 409]);
  expect(await offsetOf(alice, upload)).toBe(part);
  expect(await patch(alice, upload, part, bytes.slice(part), true)).toMatchObject({ status: 200, json: { $artifact: id } });
});

test("[ART5] what hashes to something else is refused, and nothing of it is kept", async () => {
  const before = await listObjects();
  const { digest } = await hash(makeBytes(10));
  const wrong = await put(alice, makeBytes(11), { "repr-digest": digest });
  expect(wrong).toMatchObject({ status: 422, json: { code: "hash_mismatch" } });
  const upload = await begin(alice, 11, { "repr-digest": digest });
  expect(await patch(alice, upload, 0, makeBytes(11), true)).toMatchObject({ status: 422, json: { code: "hash_mismatch" } });
  expect((await ask(alice, "HEAD", upload)).status).toBe(404);
  expect(await listObjects()).toEqual(before);
  expect(await put(alice, makeBytes(11), { "repr-digest": "md5=:aa:" })).toMatchObject({ status: 400, json: { code: "malformed" } });
});

test("[ART6] the same content is kept once, whoever brings it, and a hash alone opens nothing", async () => {
  const bytes = makeBytes(part + 5, 6);
  const { id } = await hash(bytes);
  const uploads = await Promise.all([alice, alice].map((who) => begin(who, bytes.length)));
  const before = (await listObjects()).length;
  const both = await Promise.all(uploads.map((upload) => patch(alice, upload, 0, bytes, true)));
  expect(both.map(({ json }) => json.$artifact)).toEqual([id, id]);
  expect((await listObjects()).length).toBe(before + 1);
  const [content, facts] = await Promise.all([ask(bob, "GET", `/v1/artifacts/${id}`), ask(bob, "GET", `/v1/artifacts/${id}/facts`)]);
  const absent = await ask(bob, "GET", `/v1/artifacts/sha256:${"0".repeat(64)}`);
  expect([content.status, facts.status, absent.status]).toEqual([404, 404, 404]);
  expect(content.json.detail.replace(id, "")).toBe(absent.json.detail.replace(`sha256:${"0".repeat(64)}`, ""));
  // Whoever brings the bytes has them anyhow; the name that another gave stays unknown to it.
  expect((await put(bob, bytes, { "content-type": "text/x-bob" })).json).toEqual({ $artifact: id, size: bytes.length, type: "text/x-bob" });
  expect((await listObjects()).length).toBe(before + 1);
  expect((await ask(bob, "GET", `/v1/artifacts/${id}`)).headers.get("content-type")).toBe("text/x-bob");
  expect((await ask({ token: env.NERVEFLARE_ADMIN_TOKEN }, "GET", `/v1/artifacts/${id}`)).status).toBe(200);
});

test("[ART7] what is too large, of no length or of no sensible name is refused before anything is stored", async () => {
  const before = await listObjects();
  const refused = async (headers: Record<string, string>) => (await ask(alice, "POST", "/v1/artifacts", headers)).json?.code;
  expect(await refused({ "upload-complete": "?0" })).toBe("malformed");
  expect(await refused({ "upload-complete": "?0", "upload-length": String(artifactLimits.bytes + 1) })).toBe("too_large");
  expect(await refused({ "upload-complete": "yes", "upload-length": "1" })).toBe("malformed");
  expect(await refused({ "upload-complete": "?0", "upload-length": "1", "content-type": "no type" })).toBe("malformed");
  expect(await refused({ "upload-complete": "?0", "upload-length": "1", "content-disposition": 'attachment; filename="../x"' })).toBe(
    "malformed",
  );
  for (let count = 0; count < artifactLimits.uploads; count += 1) await begin(bob, 1);
  const many = await ask(bob, "POST", "/v1/artifacts", { "upload-complete": "?0", "upload-length": "1" });
  expect(many).toMatchObject({ status: 507, json: { code: "storage_full", limit: artifactLimits.uploads } });
  expect(await listObjects()).toEqual(before);
  await env.DB.prepare("DELETE FROM artifact_upload WHERE owner = 'art-bob'").run();
});

test("[ART8] a day later what nobody refers to is gone, and uploads that nobody finished", async () => {
  const bytes = makeBytes(100, 8);
  const { id } = await hash(bytes);
  await put(alice, bytes);
  const upload = await begin(alice, 2 * part);
  await patch(alice, upload, 0, makeBytes(part));
  vi.setSystemTime(Date.now() + artifactLimits.keptMs + 1000);
  expect((await ask(alice, "HEAD", upload)).status).toBe(404);
  await sweepArtifacts(env.DB, bucket, Date.now());
  expect((await ask(alice, "GET", `/v1/artifacts/${id}`)).status).toBe(404);
  expect(await listObjects()).toEqual([]);
  const rows = await env.DB.prepare(
    "SELECT (SELECT count(*) FROM artifact) + (SELECT count(*) FROM artifact_upload) + (SELECT count(*) FROM artifact_finished) + (SELECT count(*) FROM artifact_waste) AS n",
  ).first();
  expect(rows).toEqual({ n: 0 });
});

const makeWorkflow = (name: string, maker: string, spawn = ""): string => `version: 1
binding: cloud
name: ${name}
description: Makes a report and reads it.
reflexes:
  - { kind: workflow, on: [${name}.go] }
roles:
  maker:
    type: named
    agent: ${maker}
    goal: Make it.
    frontmatter:
      type: object
      required: [$status, report]
      additionalProperties: false
      properties:
        $status: { const: made }
        report: { format: artifact, contentMediaType: text/* }
  reader:
    type: named
    agent: art-carol
    goal: Read it.
    frontmatter: { type: object, required: [$status], properties: { $status: { const: read } } }
graph:
  $START:
    new: { role: maker, prompt: "Source: {{ data.source }}"${spawn} }
  maker:
    made: { role: reader, prompt: "Read {{ report }}, of {{ report.size }} bytes" }
  reader:
    read: { role: $END, prompt: done }
`;

test("[ART9] what an event, an output or a child's input names is checked, completed, shown in prompts and readable by whoever takes part, for as long as the thread is kept", async () => {
  const carol = await join("art-carol", []);
  const stranger = await join("art-stranger", []);
  const dave = await join("art-dave", []);
  await publish("art-child", makeWorkflow("art-child", "art-dave"));
  await publish("art-story", makeWorkflow("art-story", "art-bob", `, spawn: [{ workflow: art-child, input: "$event.data" }]`));
  const source = (
    await put(alice, makeBytes(300, 9), { "content-type": "text/x-source", "content-disposition": 'attachment; filename="a.txt"' })
  ).json;
  const name = (id: string, more = {}) => ({ source: { $artifact: id, ...more } });
  const code = async (data: Loose, who = alice) => (await who.post("art-story.go", data)).body.code;
  // Not there, not finished, somebody else's, of another size, or no reference at all.
  expect(await code(name(`sha256:${"1".repeat(64)}`))).toBe("artifact_unknown");
  const unfinished = makeBytes(10, 99);
  await begin(alice, 10, { "repr-digest": (await hash(unfinished)).digest });
  expect(await code(name((await hash(unfinished)).id))).toBe("artifact_unknown");
  expect(await code(name(source.$artifact), stranger)).toBe("artifact_unknown");
  expect(await code(name(source.$artifact, { size: 5 }))).toBe("malformed");
  expect(await code(name("sha256:abc"))).toBe("malformed");
  expect(await code({ source: Array.from({ length: artifactLimits.perEvent + 1 }, () => ({ $artifact: source.$artifact })) })).toBe(
    "malformed",
  );

  const { threads } = await alice.say("art-story.go", name(source.$artifact, { name: "forged.txt" }));
  const thread = threads[0] as string;
  const turn = await bob.turn("maker", thread);
  expect(turn.prompt).toBe(`Source: a.txt (300 bytes, text/x-source): /v1/artifacts/${source.$artifact}`);
  expect((await ask(bob, "GET", `/v1/artifacts/${source.$artifact}`)).headers.get("content-type")).toBe("text/x-source");
  expect((await ask(stranger, "GET", `/v1/artifacts/${source.$artifact}`)).status).toBe(404);

  // What began a thread may be given to its child, whose index row comes a moment later.
  await dave.turn("maker");
  await vi.waitFor(async () => expect((await ask(dave, "GET", `/v1/artifacts/${source.$artifact}`)).status).toBe(200));

  const image = (await put(bob, makeBytes(400, 10), { "content-type": "image/png" })).json;
  const refusals = async (report: Loose) => (await bob.answer(turn, { $status: "made", report })).body;
  expect(await refusals({ $artifact: image.$artifact })).toMatchObject({
    code: "output_invalid",
    errors: [{ path: "/report", message: expect.stringContaining("text/*, not image/png") }],
  });
  expect(await refusals("just text")).toMatchObject({
    code: "output_invalid",
    errors: [{ message: expect.stringContaining("must be an artifact") }],
  });
  const report = (await put(bob, makeBytes(500, 11), { "content-type": "text/plain" })).json;
  expect((await bob.answer(turn, { $status: "made", report: { $artifact: report.$artifact } })).body.status).toBe("accepted");
  const read = await carol.turn("reader", thread);
  expect(read.prompt).toBe(`Read artifact (500 bytes, text/plain): /v1/artifacts/${report.$artifact}, of 500 bytes`);
  for (const { $artifact: id } of [source, report]) expect((await ask(carol, "GET", `/v1/artifacts/${id}`)).status).toBe(200);
  // What a refused answer named is nobody's but its sender's.
  expect((await ask(carol, "GET", `/v1/artifacts/${image.$artifact}`)).status).toBe(404);
  const listed = JSON.parse(new TextDecoder().decode((await ask(carol, "GET", `/v1/artifacts?thread=${thread}`)).bytes));
  expect(listed.artifacts.map(({ $artifact }: Loose) => $artifact).sort()).toEqual([source.$artifact, report.$artifact].sort());
  expect((await ask(stranger, "GET", `/v1/artifacts?thread=${thread}`)).status).toBe(404);

  await carol.answer(read, { $status: "read" });
  await expectThread(thread, { status: "completed" });
  await readLog(thread, "nerve.thread.completed");
  vi.setSystemTime(Date.now() + artifactLimits.keptMs + 1000);
  await sweepArtifacts(env.DB, bucket, Date.now());
  expect((await ask(alice, "GET", `/v1/artifacts/${image.$artifact}`)).status).toBe(404);
  expect((await ask(alice, "GET", `/v1/artifacts/${report.$artifact}`)).status).toBe(200);
  // The thread is forgotten, and with it what only it referred to.
  await pruneProjection(env.DB, { now: Date.now() + 100 * 86_400_000, retention: { default: 86_400_000, rules: [] } });
  await sweepArtifacts(env.DB, bucket, Date.now());
  expect((await ask({ token: env.NERVEFLARE_ADMIN_TOKEN }, "GET", `/v1/artifacts/${report.$artifact}`)).status).toBe(404);
  // The child runs on, and what it was given stays.
  expect(await listObjects()).toHaveLength(1);
  expect((await ask(dave, "GET", `/v1/artifacts/${source.$artifact}`)).status).toBe(200);
});
