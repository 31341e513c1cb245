import { expect, test } from "vitest";
import { createProjectionBatcher } from "../../../../src/durable/projector/projection-batcher.ts";

interface Row {
  characters: number;
  name: string;
}

const row = (name: string, characters = 1): Row => ({ name, characters });

/** A database whose writes end when they are told to. */
function createSlowWriter() {
  const writes: { names: string[]; finish(): void; fail(error: Error): void }[] = [];
  return {
    writes,
    write: (rows: Row[]) =>
      new Promise<void>((resolve, reject) => {
        writes.push({ names: rows.map(({ name }) => name), finish: resolve, fail: reject });
      }),
  };
}

/** Lets everything run that waits for nothing but its turn. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

test("[LOG8] calls of one turn go in one write; what arrives meanwhile waits and goes together", async () => {
  const { writes, write } = createSlowWriter();
  const { project } = createProjectionBatcher<Row>({ write });
  const answered: string[] = [];
  for (const name of ["a", "b"]) void project([row(name)]).then(() => answered.push(name));
  await settle();
  for (const name of ["c", "d", "e"]) void project([row(name)]).then(() => answered.push(name));
  await settle();
  expect(writes.map(({ names }) => names)).toEqual([["a", "b"]]);
  expect(answered).toEqual([]);
  writes[0]?.finish();
  await settle();
  expect(answered).toEqual(["a", "b"]);
  expect(writes.map(({ names }) => names)).toEqual([
    ["a", "b"],
    ["c", "d", "e"],
  ]);
  writes[1]?.finish();
  await settle();
  expect(answered).toEqual(["a", "b", "c", "d", "e"]);
});

test.each([
  ["rows", { rowsPerWrite: 3 }],
  ["characters", { charactersPerWrite: 3 }],
])("[LOG8] a write is bounded by %s, and a call's rows stay together", async (_, bounds) => {
  const writes: string[][] = [];
  const { project } = createProjectionBatcher<Row>({ write: async (rows) => void writes.push(rows.map(({ name }) => name)), ...bounds });
  await Promise.all([
    project([row("a1"), row("a2")]),
    project([row("b1")]),
    project([row("c1"), row("c2"), row("c3"), row("c4")]),
    project([row("d1")]),
  ]);
  expect(writes).toEqual([["a1", "a2", "b1"], ["c1", "c2", "c3", "c4"], ["d1"]]);
});

test("[LOG9] one caller's bad row fails that caller alone", async () => {
  const { project } = createProjectionBatcher<Row>({
    write: async (rows) => {
      if (rows.some(({ name }) => name === "bad")) throw new Error("a bad row");
    },
  });
  const results = await Promise.allSettled([project([row("a")]), project([row("b"), row("bad")]), project([row("c")])]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
});

test("[LOG10] a database that is down is not tried once per caller, and is tried again for the next", async () => {
  let writes = 0;
  let down = true;
  const { project } = createProjectionBatcher<Row>({
    write: async () => {
      writes += 1;
      if (down) throw new Error("down");
    },
  });
  const results = await Promise.allSettled(Array.from({ length: 50 }, (_, index) => project([row(`${index}`)])));
  expect(results.every(({ status }) => status === "rejected")).toBe(true);
  expect(writes).toBe(4);
  down = false;
  await project([row("later")]);
  expect(writes).toBe(5);
});

test("[LOG9] callers beyond what may wait are told at once, and others are served on", async () => {
  const { writes, write } = createSlowWriter();
  const { project } = createProjectionBatcher<Row>({ write, charactersWaiting: 10 });
  const first = project([row("first", 5)]);
  await settle();
  const second = project([row("second", 8)]);
  await expect(project([row("third", 3)])).rejects.toThrow("behind");
  writes[0]?.finish();
  await first;
  await settle();
  writes[1]?.finish();
  await second;
  const huge = project([row("huge", 1000)]);
  await settle();
  writes[2]?.finish();
  await huge;
});

test("[LOG8] no rows need no write", async () => {
  const { writes, write } = createSlowWriter();
  await createProjectionBatcher<Row>({ write }).project([]);
  expect(writes).toEqual([]);
});

test("[LOG8] writes of a busy time begin some time apart; after a quiet one, or where one is full, nobody waits", async () => {
  const writes: string[][] = [];
  const timers: { milliseconds: number; work: () => void }[] = [];
  let now = 1_000;
  const { project } = createProjectionBatcher<Row>({
    ...{ rowsPerWrite: 3, pause: 100, now: () => now, later: (milliseconds, work) => void timers.push({ milliseconds, work }) },
    write: async (rows) => void writes.push(rows.map(({ name }) => name)),
  });
  await project([row("a")]);
  now += 30;
  const waiting = [project([row("b")]), project([row("c")])];
  await settle();
  expect([writes, timers.map(({ milliseconds }) => milliseconds)]).toEqual([[["a"]], [70]]);
  now += 70;
  timers[0]?.work();
  await Promise.all(waiting);
  expect(writes.slice(1)).toEqual([["b", "c"]]);
  now += 10;
  await project([row("d"), row("e"), row("f")]);
  now += 100;
  await project([row("g")]);
  // A clock that was put back is no reason to wait.
  now -= 60_000;
  await project([row("h")]);
  expect(writes.slice(2)).toEqual([["d", "e", "f"], ["g"], ["h"]]);
  expect(timers).toHaveLength(1);
});

test("[LOG8] after a large write the next begins later, and no call that fills one waits for it", async () => {
  const timers: number[] = [];
  let now = 0;
  const sizes: number[] = [];
  const { project } = createProjectionBatcher<Row>({
    ...{ rowsPerWrite: 9, pause: 100, busy: { rows: 4, pause: 250 }, now: () => now },
    later: (milliseconds, work) => {
      timers.push(milliseconds);
      now += milliseconds;
      work();
    },
    write: async (rows) => void sizes.push(rows.length),
  });
  const rows = (count: number): Row[] => Array.from({ length: count }, () => row("x"));
  for (const count of [3, 4, 1, 1]) await project(rows(count));
  expect(timers).toEqual([100, 250, 100]);
  await Promise.all([project(rows(5)), project(rows(3)), project(rows(2))]);
  await project(rows(9));
  expect([sizes, timers.slice(3)]).toEqual([[3, 4, 1, 1, 8, 2, 9], [250]]);
});
