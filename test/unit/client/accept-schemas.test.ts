import { expect, test } from "vitest";
import { acceptSchemas } from "../../../src/client/accept-schemas.ts";
import { createFixture } from "./fixture.ts";

test("[CLIENT19] kinds declared by JSON Schema are published with the report, and what does not fit is dropped naming the field, and counted", async () => {
  const { server, connect } = await createFixture();
  const deploy = { type: "object", required: ["sha"], properties: { sha: { type: "string" } } };
  const seen: unknown[] = [];
  const agent = connect({ accepts: acceptSchemas({ "deploy.finished": deploy }), onEvent: ({ data }) => void seen.push(data) });
  server.give("deploy.finished", { sha: "abc", more: "passes" });
  server.give("deploy.finished", { sha: 7 });
  server.give("deploy.finished", null);
  await server.until(() => server.unacknowledged().length === 0);
  expect(seen).toEqual([{ sha: "abc", more: "passes" }]);
  const drops = agent.notes.filter(({ what }) => what === "event.dropped").map(({ message }) => message);
  expect(drops).toEqual([expect.stringContaining("data.sha: "), expect.stringContaining("data: ")]);
  expect(agent.dropped()).toEqual({ "deploy.finished": 2 });
  expect(server.accepted[0]?.data).toEqual({ slots: 1, accepts: { "deploy.finished": deploy } });
});

test("[CLIENT21] a turn that does not fit is failed, naming the field, and not performed", async () => {
  const { server, connect } = await createFixture();
  const accepts = acceptSchemas({ "nerve.turn.assigned": { properties: { workflow: { const: "code-review" } } } });
  const performed: string[] = [];
  const agent = connect({
    accepts,
    onTurn: ({ turn }) => {
      performed.push(turn);
      return { ok: true };
    },
  });
  const turn = (id: string, workflow: string) => ({ turn: id, workflow, thread: "t", lease: { generation: 1 }, role: { name: "r" } });
  server.give("nerve.turn.assigned", turn("t.1.0:1", "code-review"));
  server.give("nerve.turn.assigned", turn("t.1.0:2", "debate"));
  await server.until(() => server.accepted.some(({ type }) => type === "nerve.turn.fail"));
  expect(server.accepted.find(({ type }) => type === "nerve.turn.fail")?.data).toMatchObject({
    turn: "t.1.0:2",
    error: expect.stringContaining("data.workflow"),
    retryable: false,
  });
  expect(performed).toEqual(["t.1.0:1"]);
  expect(agent.dropped()).toEqual({ "nerve.turn.assigned": 1 });
});

test("[CLIENT21] an invalid schema is refused at once", () => {
  expect(() => acceptSchemas({ "deploy.finished": "string" })).toThrow(/deploy\.finished/);
});
