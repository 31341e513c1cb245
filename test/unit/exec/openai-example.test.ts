/** The example agent of an OpenAI-compatible endpoint, against a stub of one that answers as they do: well, late, wrongly, not at all. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { type ModelSettings, modelLimits } from "../../../examples/openai/ask-model.ts";
import { findObject, performTurn } from "../../../examples/openai/perform-turn.ts";
import { readModelSettings } from "../../../examples/openai/read-model-settings.ts";
import type { TurnAssigned, TurnContext } from "../../../src/client/index.ts";
import { makeTurn } from "../client/fixture.ts";

interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body: string;
}
type Asked = {
  authorization: string | undefined;
  path: string | undefined;
  model: string;
  stream?: boolean;
  messages: { role: string; content: string }[];
};

const usage = { prompt_tokens: 1_000, completion_tokens: 20, total_tokens: 1_020, prompt_tokens_details: { cached_tokens: 800 } };
const whole = (message: object, more: object = { usage }): Answer => ({
  body: JSON.stringify({ id: "c", object: "chat.completion", choices: [{ index: 0, message, finish_reason: "stop" }], ...more }),
});
const say = (content: string): Answer => whole({ role: "assistant", content, refusal: null });
const stream = (...chunks: object[]): Answer => ({
  headers: { "content-type": "text/event-stream; charset=utf-8" },
  body: [...chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`), "data: [DONE]\n\n"].join(""),
});
const delta = (part: object): object => ({ choices: [{ index: 0, delta: part, finish_reason: null }], usage: null });

/** Performs a turn against answers that are given one after another. */
async function perform(answers: Answer[], more: Partial<ModelSettings> = {}, context: Partial<TurnContext> = {}) {
  const asked: Asked[] = [];
  const took: unknown[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part) => (body += part));
    request.on("end", () => {
      asked.push({ ...(JSON.parse(body) as Asked), authorization: request.headers.authorization, path: request.url });
      const {
        status = 200,
        headers = { "content-type": "application/json" },
        body: text,
      } = answers.shift() ?? { status: 500, body: "nothing is left" };
      response.writeHead(status, headers).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const turn = makeTurn("t1.1:1", {
    role: { name: "reviewer", goal: "Find faults.", schema: { required: ["$status"] } },
  }) as unknown as TurnAssigned;
  const said = performTurn({ url, model: "m", stream: false, ...more }, turn, {
    ...{ signal: new AbortController().signal, progress: () => {}, usage: (each: unknown) => took.push(each) },
    ...context,
  });
  const [outcome] = await Promise.allSettled([said]);
  return {
    asked,
    took,
    output: outcome.status === "fulfilled" ? outcome.value : undefined,
    error: outcome.status === "rejected" ? outcome.reason : undefined,
  };
}

const counted = { tokens: { input: 1_000, output: 20, cached: 800 } };

test("[PRESET8] the answer and what it took are read, whole or as a stream, with a cost where prices are known", async () => {
  const { output, asked, took } = await perform([say('{"$status": "approved"}')], { key: "k", prices: { input: 1, output: 50 } });
  expect(output).toEqual({ $status: "approved" });
  expect(took).toEqual([{ ...counted, cost: 0.002 }]);
  expect(asked[0]).toMatchObject({ path: "/v1/chat/completions", authorization: "Bearer k", model: "m" });
  expect(asked[0]?.messages.map(({ role }) => role)).toEqual(["system", "user"]);
  expect(asked[0]?.messages[0]?.content).toContain('{"required":["$status"]}');
  const streamed = await perform(
    [
      stream(delta({ role: "assistant", content: "" }), delta({ content: '{"$sta' }), delta({ content: 'tus": "approved"}' }), {
        choices: [],
        usage,
      }),
    ],
    { stream: true },
  );
  expect(streamed).toMatchObject({ output: { $status: "approved" }, took: [counted] });
  expect(streamed.asked[0]).toMatchObject({ stream: true, stream_options: { include_usage: true }, authorization: undefined });
  const silent = await perform([whole({ content: '{"$status": "approved"}' }, {})]);
  expect(silent).toMatchObject({ output: { $status: "approved" }, took: [] });
});

test("[PRESET8] prose is answered with what is wanted; what was refused is told; words, fences and thoughts around the object do no harm", async () => {
  const { output, asked, took } = await perform([say("I would approve it."), say('Sure:\n```json\n{"$status": "approved"}\n```')]);
  expect(output).toEqual({ $status: "approved" });
  expect(took).toEqual([counted, counted]);
  expect(asked[1]?.messages.slice(2)).toEqual([
    { role: "assistant", content: "I would approve it." },
    { role: "user", content: expect.stringContaining("no JSON object") },
  ]);
  const given = await perform([say("no"), say("no"), say("no")]);
  expect(given.error).toMatchObject({
    name: "TurnFailure",
    retryable: false,
    message: expect.stringContaining('in 3 answers; the last began "no"'),
  });
  const invalid = { errors: [{ path: "/summary", message: "is required" }], left: 2, output: { $status: "approved" } };
  const again = await perform([say('{"$status": "approved", "summary": "fine"}')], {}, { invalid });
  expect(again.asked[0]?.messages.at(-1)?.content).toContain("/summary: is required");
  expect(findObject('<think>{"a": 1}</think> so {"b": 2}')).toEqual({ b: 2 });
  for (const none of ["", "[1]", "null", '{"a": ']) expect(findObject(none)).toBe(undefined);
});

test("[PRESET8] a limit is waited for as the endpoint says, a fault is tried again, and what takes too long fails the turn to be given again", async () => {
  const busy: Answer = { status: 429, headers: { "retry-after": "0" }, body: '{"error": {"message": "Rate limit reached"}}' };
  const fault: Answer = { status: 500, headers: { "retry-after": "0" }, body: "oops" };
  const cut: Answer = { headers: { "content-type": "application/json" }, body: '{"choices": [' };
  expect((await perform([busy, fault, say('{"$status": "approved"}')])).output).toEqual({ $status: "approved" });
  const late = await perform([{ ...busy, headers: { "retry-after": String(modelLimits.longestMs / 1_000 + 1) } }]);
  expect(late).toMatchObject({
    error: { name: "TurnFailure", retryable: true, message: expect.stringContaining("429") },
    asked: { length: 1 },
  });
  const gone = await perform([busy, busy, busy, busy, busy]);
  expect(gone).toMatchObject({ error: { retryable: true }, asked: { length: modelLimits.tries } });
  const malformed = await perform([cut, say('{"$status": "approved"}')]);
  expect(malformed).toMatchObject({ output: { $status: "approved" }, asked: { length: 2 } });
});

test("[PRESET8] a refusal, a wrong key and a model that there is not fail the turn for good; one that is revoked asks no more", async () => {
  const refused = await perform([whole({ content: null, refusal: "I can't help with that." })]);
  expect(refused.error).toMatchObject({ name: "TurnFailure", retryable: false, message: "The model refuses: I can't help with that." });
  const streamed = await perform([stream(delta({ refusal: "I can't " }), delta({ refusal: "help." }))], { stream: true });
  expect(streamed.error).toMatchObject({ message: "The model refuses: I can't help." });
  for (const status of [401, 404])
    expect(await perform([{ status, body: "no" }])).toMatchObject({ error: { retryable: false }, asked: { length: 1 } });
  const controller = new AbortController();
  controller.abort(new Error("revoked"));
  expect(await perform([say("{}")], {}, { signal: controller.signal })).toMatchObject({ error: { message: "revoked" }, asked: [] });
});

test("[PRESET8] its settings come of the environment, and what is missing is named", () => {
  expect(readModelSettings({ MODEL_URL: "http://x/v1", MODEL: "m", MODEL_STREAM: "1", MODEL_PRICES: "1.25,10" })).toEqual({
    ...{ url: "http://x/v1", key: undefined, model: "m", stream: true, prices: { input: 1.25, output: 10 } },
  });
  expect(() => readModelSettings({ MODEL: "m" })).toThrow("MODEL_URL");
  expect(() => readModelSettings({ MODEL_URL: "http://x", MODEL: "m", MODEL_PRICES: "cheap" })).toThrow("MODEL_PRICES");
});
