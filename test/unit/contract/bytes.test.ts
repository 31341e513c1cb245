/** [BYTE1] [BYTE2] [BYTE3] Limits count bytes in UTF-8, on each side of the wire and in what is stored. */
import { describe, expect, test, vi } from "vitest";
import { createEventParser } from "../../../src/client/event-parser.ts";
import { clientLimits } from "../../../src/client/limits.ts";
import { createOutbox } from "../../../src/client/outbox.ts";
import { acceptedKinds } from "../../../src/contract/accepts.ts";
import { postedEvent } from "../../../src/contract/event.ts";
import { agentKinds } from "../../../src/contract/kinds/agent-kinds.ts";
import { countBytes, cutToBytes, exceedsBytes, limits } from "../../../src/contract/limits.ts";
import { readFrame } from "../../../src/durable/agent/connection/read-frame.ts";
import { createCommitter } from "../../../src/durable/host/committer.ts";
import { hostLimits } from "../../../src/durable/host/limits.ts";
import type { World } from "../../../src/durable/host/ports.ts";
import { createNodeStorage } from "../../../src/durable/host/storage/node-storage.ts";
import { isRowTooLarge, rowBytes } from "../../../src/durable/host/storage/row-bound.ts";
import { createStore } from "../../../src/durable/host/store/store.ts";
import { createProjectionOutbox, projectionLimits } from "../../../src/durable/projector/projection-outbox.ts";
import type { ProjectionRow } from "../../../src/durable/protocol/projector.ts";
import { keepOutput } from "../../../src/durable/thread/children/child-documents.ts";
import { describeFailure } from "../../../src/worker/describe-failure.ts";

/** A letter of three bytes in UTF-8, one unit in UTF-16. */
const letter = "事";
/** As many letters as have so many bytes, or just fewer. */
const letters = (bytes: number): string => letter.repeat(Math.floor(bytes / 3));

test("[BYTE1] a text is measured and cut in bytes, never within a letter", () => {
  for (const text of ["", "abc", "äöü", letters(99), "a😀b".repeat(20), "\ud800"]) {
    for (const most of [0, 1, 2, 3, 4, 10, 97, 98, 99, 100]) {
      expect(exceedsBytes(text, most)).toBe(countBytes(text) > most);
      const cut = cutToBytes(text, most);
      expect(countBytes(cut)).toBeLessThanOrEqual(most);
      expect(text.startsWith(cut)).toBe(true);
      if (countBytes(text) <= most) expect(cut).toBe(text);
      else expect(countBytes(cut)).toBeGreaterThan(most - 4);
    }
  }
});

describe("[BYTE1] what crosses the wire", () => {
  const event = (more: object): boolean => postedEvent.safeParse({ id: "e", type: "t", ...more }).success;
  const kinds = (description: string): boolean => acceptedKinds.safeParse({ "a.b": { description } }).success;
  const room = (json: string): number => countBytes(json) - 1;
  const cases: [what: string, most: number, takes: (text: string) => boolean][] = [
    ["an attribute", limits.attributeLength, (subject) => event({ subject })],
    ["an attribute of the sender's own", limits.attributeLength, (own) => event({ own })],
    ["`to`", limits.toLength, (to) => event({ to })],
    [
      "an error",
      limits.attributeLength,
      (error) => agentKinds["nerve.turn.fail"].data.safeParse({ turn: "t:1", lease: 1, error, retryable: false }).success,
    ],
    ["schemas", limits.acceptsLength - room('{"a.b":{"description":""}}') - 1, kinds],
    [
      "a frame",
      limits.frameBytes - countBytes('{"type":"event","event":{"data":""}}'),
      (data) => readFrame(JSON.stringify({ type: "event", event: { data } })).ok,
    ],
  ];
  test.each(cases)("%s", (_, most, takes) => {
    for (const fill of [(bytes: number) => "x".repeat(bytes), letters]) {
      expect(takes(fill(most))).toBe(true);
      expect(takes(`${fill(most)}${letter}`)).toBe(false);
    }
  });
});

test("[BYTE2] a client's outbox and streams count bytes; an error that it sends is one that the server takes", async () => {
  const outbox = createOutbox({ clock: { now: () => 0 } as never, random: () => 0.5 });
  const event = (id: number) => ({ specversion: "1.0" as const, id: String(id), type: "t", data: letters(limits.eventBytes - 200) });
  let refused: unknown;
  let taken = 0;
  for (; !refused && taken < clientLimits.outboxEvents; taken++) {
    outbox.send(event(taken)).catch((error: unknown) => {
      refused = error;
    });
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(refused).toMatchObject({ code: "outbox_full" });
  expect(taken - 1).toBe(Math.floor(clientLimits.outboxBytes / countBytes(JSON.stringify(event(10)))));

  const parse = createEventParser(() => {});
  expect(parse.take(`data: ${letters(clientLimits.streamEventBytes - 10)}`)).toBe(true);
  expect(parse.take(letters(30))).toBe(false);

  const error = cutToBytes(letters(9_000), clientLimits.errorBytes);
  expect(agentKinds["nerve.turn.fail"].data.safeParse({ turn: "t:1", lease: 1, error, retryable: false }).success).toBe(true);
});

describe("[BYTE3] the storage port", () => {
  test("refuses a row that the platform refuses, by bytes, and takes several rows of one statement that each fit", () => {
    const storage = createNodeStorage();
    storage.exec("CREATE TABLE t (a TEXT, b TEXT)");
    const half = rowBytes / 2 - 100;
    storage.exec("INSERT INTO t VALUES (?, ?)", "x".repeat(half), letters(half));
    storage.exec("INSERT INTO t VALUES (?, ?), (?, ?)", "x".repeat(half), letters(half), "x".repeat(half), letters(half));
    const refusal = (sql: string, ...values: string[]): unknown => {
      try {
        storage.exec(sql, ...values);
      } catch (error) {
        return error;
      }
      return undefined;
    };
    for (const error of [
      refusal("INSERT INTO t VALUES (?, ?)", "x".repeat(half), letters(half + 300)),
      refusal("INSERT INTO t VALUES (?, ?), (?, ?)", "", "", "", letters(rowBytes + 3)),
      refusal("UPDATE t SET a = ?", letters(rowBytes + 3)),
    ])
      expect(isRowTooLarge(error)).toBe(true);
    expect(storage.exec("SELECT count(*) AS n FROM t")).toEqual([{ n: 3 }]);
    storage.close();
  });

  test("what it refuses is no fault that passes: the answer is not to send it again", () => {
    const error = new Error("string or blob too big: SQLITE_TOOBIG");
    expect(describeFailure(error, "c")).toMatchObject({ code: "too_large", retryable: false });
  });
});

test("[BYTE3] what one commit tells the log is split into rows that fit, and sent in calls that are bounded", async () => {
  const storage = createNodeStorage();
  const calls: number[] = [];
  const seen: string[] = [];
  const later = vi.fn();
  const world: World = {
    address: "a",
    storage,
    clock: { now: () => 0 },
    scheduler: { background: () => {} },
    transport: { deliver: async () => ({ status: "stored" }) },
  };
  const store = createStore(storage, "a");
  const outbox = createProjectionOutbox(world, store, later, async (rows) => {
    calls.push(countBytes(JSON.stringify(rows)));
    for (const row of rows) if (row.table === "event") seen.push(row.event.id);
  });
  const ids = Array.from({ length: 60 }, (_, index) => `e${index}`);
  const committer = createCommitter(world, { store, dueTimes: () => [outbox.due()], refused: () => {}, log: outbox.log });
  committer.commit(() => {
    for (const id of ids)
      outbox.append({
        table: "event",
        thread: null,
        event: { specversion: "1.0", id, source: "/a", type: "t", time: "2026-01-01T00:00:00Z", data: letters(240_000) },
      } satisfies ProjectionRow);
  });
  const rows = storage.exec<{ bytes: number }>("SELECT length(CAST(body AS BLOB)) AS bytes FROM journal");
  expect(rows.length).toBeGreaterThan(5);
  for (const { bytes } of rows) expect(bytes).toBeLessThanOrEqual(hostLimits.entryBytes);
  await outbox.flush();
  expect(seen).toEqual(ids);
  expect(Math.max(...calls)).toBeLessThan(projectionLimits.callBytes + rowBytes);
  storage.close();
});

test("[BYTE3] what is kept of a child's output is bounded in bytes", () => {
  expect(keepOutput(letters(30_000))).toBe(letters(30_000));
  expect(keepOutput(letters(90_000))).toEqual({ $truncated: true, bytes: 90_002 });
  expect(hostLimits.historyBytes).toBeLessThan(rowBytes);
});
