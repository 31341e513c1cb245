/** Who may send which frame: every frame × every kind of caller, as one table, on the real objects. The routes' is test/unit/worker/access-matrix.test.ts. */
import { exports } from "cloudflare:workers";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { agentFrames } from "../../src/contract/frames/agent-frames.ts";
import { call, connect, join, type Player, play, type Socket } from "./stage.ts";

let own: Player;
let other: Player;
let revoked: Player;
let operators: { [access: string]: string };

beforeAll(async () => {
  [own, other, revoked] = await Promise.all([join("frames-own", []), join("frames-other", []), join("frames-revoked", [])]);
  await call("POST", "/v1/agents/frames-revoked/revoke");
  operators = { admin: (await call("POST", "/v1/operators", { body: { name: "frames-admin", access: "admin" } })).body.token };
  operators["read"] = (await call("POST", "/v1/operators", { body: { name: "frames-read", access: "read" } })).body.token;
});

/** What a frame gets on an open socket: an answer, silence with or without an effect. */
interface Row {
  /** As the agent itself, whose event `told` waits unacknowledged. */
  own(socket: Socket, told: number): Promise<void>;
  /** The same words on another agent's socket. */
  other(socket: Socket, told: number): Promise<void>;
}

const isWaiting = async (seq: number): Promise<boolean> =>
  (await own.get("/v1/inbox?after=0&limit=200")).events.some((item: { seq: number }) => item.seq === seq);

let ids = 0;
const event = (more: object = {}): { id: string; type: string } => {
  ids += 1;
  return { id: `frame.${ids}`, type: "frames.said", ...more };
};

/** One row a frame, by its `type`; `ping` is the platform's. */
const matrix: { [frame: string]: Row } = {
  event: {
    async own(socket) {
      const said = event({ source: "/agents/frames-own" });
      socket.send({ type: "event", event: said });
      await socket.expect((frame) => frame.type === "accepted" && frame.id === said.id);
    },
    async other(socket) {
      const said = event({ source: "/agents/frames-own" });
      socket.send({ type: "event", event: said });
      await socket.expect((frame) => frame.type === "rejected" && frame.id === said.id && frame.error.code === "source_mismatch");
    },
  },
  ack: {
    async own(socket, told) {
      socket.send({ type: "ack", seqs: [told] });
      await vi.waitFor(async () => expect(await isWaiting(told)).toBe(false));
    },
    async other(socket, told) {
      socket.send({ type: "ack", seqs: [told] });
      // What is sent after it has been answered: so it was taken before.
      await matrix["event"]?.other(socket, told);
      expect(await isWaiting(told)).toBe(true);
    },
  },
  ping: {
    async own(socket) {
      socket.send("ping");
      await socket.expect((frame) => frame === "pong");
    },
    async other(socket) {
      await matrix["ping"]?.own(socket, 0);
    },
  },
};

test("[ACC17] every frame that agents may send has a row", () => {
  const types = Object.keys(agentFrames);
  expect(
    types.filter((type) => !Object.hasOwn(matrix, type)),
    "These frames have no row in `matrix` of test/workerd/access-frames.test.ts. Add one each: what the agent itself and what another agent gets.",
  ).toEqual([]);
});

/** An event that waits for the agent. */
async function tellOwn(): Promise<number> {
  const { id } = event();
  await call("POST", "/v1/events", { body: { id, type: "frames.told", to: "agents/frames-own" } });
  return vi.waitFor(async () => {
    const { events } = await own.get("/v1/inbox?after=0&limit=200");
    return events.find((item: { event: { id: string } }) => item.event.id === id).seq;
  });
}

describe.each(Object.keys(matrix))("a frame %s", (frame) => {
  test.each(["own", "other"] as const)("[ACC17] of %s", async (caller) => {
    const socket = await connect(caller === "own" ? own : other);
    await matrix[frame]?.[caller](socket, await tellOwn());
    expect(socket.closed).toBeUndefined();
    socket.socket.close();
  });
});

describe("no socket, so no frame, is for", () => {
  const upgrade = (token: string | null): Promise<Response> =>
    exports.default.fetch("http://nerveflare.test/v1/connect", {
      headers: { upgrade: "websocket", "sec-websocket-protocol": "nerveflare.v1", ...(token && { authorization: `Bearer ${token}` }) },
    });

  test.each([
    ["nobody", () => null, 401],
    ["garbage", () => "garbage", 401],
    ["a read-only operator", () => operators["read"] as string, 403],
    ["an admin", () => operators["admin"] as string, 403],
  ])("[ACC18] %s", async (_, token, status) => {
    const response = await upgrade(token());
    expect([response.status, response.webSocket ?? null]).toEqual([status, null]);
  });

  test.each([
    ["a revoked token", () => revoked],
    ["a wrong secret", () => play("frames-own", `frames-own.${"A".repeat(43)}`)],
    // As with a wrong secret: which agents there are is not told.
    ["an agent that there is not", () => play("frames-nobody", `frames-nobody.${"A".repeat(43)}`)],
    ["another agent's secret", () => play("frames-own", other.token.replace("frames-other", "frames-own"))],
  ])("[ACC18] %s: it closes as it opens", async (_, player) => {
    const socket = await connect(player());
    await vi.waitFor(() => expect(socket.closed).toMatchObject({ code: 4401 }));
    expect(socket.frames).toEqual([]);
  });
});
