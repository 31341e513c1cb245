import { expect, test } from "vitest";
import * as z from "zod";
import { json, open } from "../../../src/contract/shape.ts";
import { routeDocs } from "../../../src/worker/describe/route-docs.ts";
import { findAnswerFaults, findFaults, findKindFaults } from "../../declared-answers.ts";

test("[API23] what is sent and not declared is found at every level, and what may hold anything declares all that is in it", () => {
  const inner = open({ a: z.string().optional() });
  const schema = open({
    list: z.array(inner).optional(),
    record: z.record(z.string(), inner).optional(),
    either: z.union([open({ kind: z.literal("x"), x: z.int() }), open({ kind: z.literal("y"), y: inner })]).optional(),
    nullable: inner.nullable().optional(),
    defaulted: inner.default({}),
    anything: json.optional(),
    more: open({ known: z.int() }).catchall(json).optional(),
  });
  expect(
    findFaults(schema, {
      list: [{}, { a: "", b: 1 }],
      record: { any: { c: 1 } },
      either: { kind: "y", y: { d: 1 } },
      nullable: { e: 1 },
      defaulted: { f: 1 },
      anything: { g: { h: 1 } },
      more: { known: 1, unknown: 2 },
      i: 1,
    }),
  ).toEqual(
    ["/list/1/b", "/record/any/c", "/either/y/d", "/nullable/e", "/defaulted/f", "/i"].map((path) => `${path}: sent, and not declared`),
  );
  expect(findFaults(schema, { list: [{ a: 1 }] })).toEqual([expect.stringMatching(/^\/list\/0\/a: /)]);
});

test("[API23] an event of the orchestrator's is held to its kind, wherever it stands in an answer", () => {
  const event = { specversion: "1.0", id: "e", source: "/threads/t", time: "2026-11-20T12:00:00Z" };
  const revoked = { ...event, type: "nerve.turn.revoked", data: { turn: "t", reason: "r" } };
  expect(findKindFaults({ events: [{ event: revoked }] })).toEqual([]);
  expect(findKindFaults({ events: [{ event: { ...revoked, data: { turn: "t", reason: "r", why: "?" } } }] })).toEqual([
    "data of nerve.turn.revoked: /why: sent, and not declared",
  ]);
  expect(findKindFaults({ deep: [{ ...event, type: "nerve.turn.forgotten" }] })).toEqual(["nerve.turn.forgotten: an undeclared kind"]);
});

test("[API23] an answer with a member too many, of another status or of no route is told from one that is declared", () => {
  expect(findAnswerFaults("GET", "/healthz", 200, { status: "ok" })).toEqual([]);
  expect(findAnswerFaults("GET", "/healthz", 200, { status: "ok", since: 1 })).toEqual([
    "GET /healthz 200: /since: sent, and not declared",
  ]);
  expect(findAnswerFaults("GET", "/healthz", 201, { status: "ok" })).toEqual(["GET /healthz: 201 is not described"]);
  expect(findAnswerFaults("GET", "/v1/nothing", 200, {})).toEqual(["GET /v1/nothing: no such route is described"]);
  expect(findAnswerFaults("POST", "/v1/tickets", 403, { error: "no" })).not.toEqual([]);
});

test("[API23] every answer in JSON has a schema with members of its own", () => {
  for (const { route, answers } of routeDocs)
    for (const [status, { schema }] of Object.entries(answers)) {
      const shape = schema instanceof z.ZodObject ? Object.keys(schema.shape) : ["of another kind"];
      expect(shape, `${route} ${status}`).not.toEqual([]);
    }
});
