/** A cell's actors move to objects of their own: over stores in memory, with a crash at each call, a move that was given up, and what is refused. */
import { expect, test } from "vitest";
import { layOutCell } from "../../../../src/durable/cell/cell-database.ts";
import { cellLimits } from "../../../../src/durable/cell/cell-limits.ts";
import { type CellMoveOut, createCellMove } from "../../../../src/durable/cell/cell-move.ts";
import { type MoveRpc, settleMoved, takeMoved } from "../../../../src/durable/cell/moved-rows.ts";
import { createNodeStorage, type NodeStorage } from "../../../../src/durable/host/storage/node-storage.ts";
import type { ObjectContext } from "../../../../src/durable/host/storage/object-context.ts";
import { isStored } from "../../../../src/durable/host/store/tables.ts";

interface OwnObject {
  storage: NodeStorage;
  facts: Map<string, unknown>;
}

interface Stage {
  cell: NodeStorage;
  objects: Map<string, OwnObject>;
  placement: string;
  /** As the cell is loaded: what was in memory is gone. */
  load(paused?: boolean, callsAtOnce?: number): CellMoveOut;
  /** Calls to objects until one is lost; then as many again. */
  callsLeft: number;
  moves: string[];
}

function makeContext(name: string, { storage, facts }: OwnObject): ObjectContext {
  const unused = (): never => {
    throw new Error("a move does not ask for it");
  };
  return {
    name,
    storage,
    tellName: () => {},
    keepName: () => void facts.set("name", name),
    isStored: () => isStored(storage),
    facts: {
      get: <T>(key: string) => facts.get(key) as T | undefined,
      put: (key, value) => void facts.set(key, value),
      delete: (key) => void facts.delete(key),
    },
    clear() {
      for (const table of ["journal", "document", "cursor"]) storage.exec(`DROP TABLE IF EXISTS ${table}`);
      facts.clear();
    },
    sync: async () => {},
    ...{ setAlarm: unused, getAlarm: unused, deleteAll: unused, settle: unused, background: unused, later: unused, leave: unused },
    sockets: { accept: unused, list: unused, readPing: unused, answerPings: unused },
  };
}

/** Two actors with rows, one of them large; a buried one; one that has an alarm and nothing else. */
function open(): Stage {
  const cell = createNodeStorage();
  layOutCell(cell);
  // The agent's rows are an earlier version's, which have its address.
  cell.exec(`INSERT INTO cursor VALUES ('facts task/t1.1', 'rows', 0, '"#0000001"')`);
  for (let seq = 1; seq <= cellLimits.moveRows + 3; seq++) cell.exec("INSERT INTO journal VALUES ('#0000001', ?, 5, '{}', '{}')", seq);
  for (const key of ["a", "b", "c"])
    cell.exec("INSERT INTO document VALUES ('#0000001', 'large', ?, NULL, ?)", key, "x".repeat(cellLimits.moveCharacters * 0.6));
  cell.exec("INSERT INTO document VALUES ('agent/bob', 'account', '', '{\"a\":1}', '{}')");
  cell.exec("INSERT INTO cursor VALUES ('agent/bob', '', 7, '{}')");
  cell.exec("INSERT INTO cursor VALUES ('facts recruitment/gone', 'tombstone', 0, '99')");
  for (const [owner, at] of [
    ["agent/bob", 1_000],
    ["recruitment/gone", 99],
    ["workflow/w", 3_000],
  ] as const)
    cell.exec("INSERT INTO cursor VALUES ('', ?, ?, '')", owner, at);
  const stage: Stage = {
    cell,
    objects: new Map(),
    placement: "cell",
    callsLeft: Number.POSITIVE_INFINITY,
    moves: [],
    load: (paused = true, callsAtOnce) =>
      createCellMove({
        ...(callsAtOnce !== undefined && { callsAtOnce }),
        storage: cell,
        paused,
        object: (kind, name) => findOwn(stage, `${kind}/${name}`),
        endAll: () => {},
        async switchPlacement() {
          stage.placement = "own";
        },
        sync: async () => {},
        newId() {
          stage.moves.push(`move ${stage.moves.length}`);
          return stage.moves.at(-1) as string;
        },
      }),
  };
  return stage;
}

function findOwn(stage: Stage, address: string): MoveRpc {
  const object = stage.objects.get(address) ?? { storage: createNodeStorage(), facts: new Map() };
  stage.objects.set(address, object);
  const ctx = makeContext(address.slice(address.indexOf("/") + 1), object);
  function spend(): void {
    if (stage.callsLeft-- <= 0) throw new Error("killed");
  }
  return {
    async takeMoved(...given) {
      spend();
      takeMoved(ctx, ...given);
    },
    async settleMoved(...given) {
      spend();
      await settleMoved(ctx, ...given);
    },
  };
}

const count = ({ storage }: OwnObject, table: string): number =>
  storage.exec<{ n: number }>(`SELECT count(*) AS n FROM ${table} WHERE owner <> ''`)[0]?.n ?? 0;

function describe({ objects, placement }: Stage) {
  return {
    placement,
    ...Object.fromEntries(
      [...objects].sort().map(([address, object]) => [
        address,
        {
          facts: Object.fromEntries(object.facts),
          alarm: object.storage.alarm,
          rows: isStored(object.storage) ? ["journal", "document", "cursor"].map((table) => count(object, table)) : null,
        },
      ]),
    ),
  };
}

const moved = {
  placement: "own",
  "agent/bob": { facts: { name: "bob" }, alarm: 1_000, rows: [0, 1, 1] },
  "recruitment/gone": { facts: { name: "gone", tombstone: 99 }, alarm: 99, rows: null },
  "task/t1.1": { facts: { name: "t1.1" }, alarm: undefined, rows: [cellLimits.moveRows + 3, 3, 0] },
  "workflow/w": { facts: { name: "w" }, alarm: 3_000, rows: null },
};

test("[PLACE3] rows, facts, tombstones and alarms of each actor are in its own object, and D1 says so last", async () => {
  const stage = open();
  const move = stage.load();
  expect(move.isUnderWay()).toBe(false);
  expect(await move.moveShare()).toEqual({ phase: "done", done: 4, of: 4 });
  expect(describe(stage)).toEqual(moved);
  expect(move.isFinal()).toBe(true);
  const large = stage.objects.get("task/t1.1")?.storage.exec("SELECT key, length(body) AS length FROM document WHERE owner = 'task/t1.1'");
  expect(large).toEqual(["a", "b", "c"].map((key) => ({ key, length: cellLimits.moveCharacters * 0.6 })));
  expect(stage.objects.get("agent/bob")?.storage.exec("SELECT facts FROM document WHERE owner = 'agent/bob'")).toEqual([
    { facts: '{"a":1}' },
  ]);
});

test("[PLACE4] a move that breaks off at any call goes on where it was; no alarm is set before all rows are there", async () => {
  for (let calls = 0; ; calls++) {
    const stage = open();
    stage.callsLeft = calls;
    const broke = await stage
      .load()
      .moveShare()
      .then(
        () => false,
        () => true,
      );
    if (!broke) break;
    expect(stage.placement).toBe("cell");
    const again = stage.load();
    if (!again.isFinal()) for (const { storage } of stage.objects.values()) expect(storage.alarm).toBeUndefined();
    stage.callsLeft = Number.POSITIVE_INFINITY;
    expect(await again.moveShare()).toMatchObject({ phase: "done" });
    expect(describe(stage), `broke off at call ${calls}`).toEqual(moved);
    expect(stage.moves).toHaveLength(1);
  }
});

test("[PLACE4] a move takes as many shares as it needs, of an actor that is larger than one too, and goes on after a kill in any of them", async () => {
  for (let calls = 0; ; calls++) {
    const stage = open();
    stage.callsLeft = calls;
    let killed = 0;
    let shares = 0;
    for (let phase: string | undefined; phase !== "done"; ) {
      const told = await stage
        .load(true, 2)
        .moveShare()
        .catch(() => undefined);
      if (told === undefined) {
        killed += 1;
        stage.callsLeft = Number.POSITIVE_INFINITY;
      } else shares += 1;
      phase = told?.phase;
    }
    expect(describe(stage), `killed at call ${calls}`).toEqual(moved);
    expect(shares).toBeGreaterThan(4);
    if (killed === 0) break;
  }
});

test("[PLACE5] a cell that runs again before all rows are there has given its move up, and the next replaces what that brought", async () => {
  const stage = open();
  stage.callsLeft = 3;
  await expect(stage.load().moveShare()).rejects.toThrow("killed");
  expect(stage.load().isUnderWay()).toBe(true);
  const runs = stage.load(false);
  expect(runs.isUnderWay()).toBe(false);
  expect(await runs.moveShare()).toBeUndefined();
  stage.cell.exec("DELETE FROM journal WHERE seq > 2");
  stage.cell.exec("DELETE FROM document WHERE owner = 'agent/bob'");
  stage.callsLeft = Number.POSITIVE_INFINITY;
  expect(await stage.load().moveShare()).toMatchObject({ phase: "done" });
  expect(stage.moves).toHaveLength(2);
  expect(describe(stage)).toEqual({
    ...moved,
    "agent/bob": { ...moved["agent/bob"], rows: [0, 0, 1] },
    "task/t1.1": { ...moved["task/t1.1"], rows: [2, 3, 0] },
  });
  // There is no way back.
  expect(stage.load(false).isFinal()).toBe(true);
});

test("[PLACE6] an object that has stored something of its own is not written over, and nor is one that was emptied", async () => {
  for (const harm of ["rows", "tombstone"] as const) {
    const stage = open();
    findOwn(stage, "agent/bob");
    const bob = stage.objects.get("agent/bob") as OwnObject;
    if (harm === "rows") layOutCell(bob.storage);
    else bob.facts.set("tombstone", 5);
    await expect(stage.load().moveShare()).rejects.toThrow("move_refused");
    expect(stage.placement).toBe("cell");
  }
});
