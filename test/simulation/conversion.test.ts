/**
 * Objects of an earlier version, each taken over by the code of now when it is loaded: whole, or not at all. The frozen folders
 * have them in every state; here each is loaded alone, over a store that fails.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { NewerVersionError } from "../../src/durable/host/newer-version.ts";
import type { SqlValue, Storage, World } from "../../src/durable/host/ports.ts";
import { createNodeStorage } from "../../src/durable/host/storage/node-storage.ts";
import { createThreadTask } from "../../src/durable/thread/thread-task.ts";
import { type FrozenFolder, writeDatabase } from "../fixtures/upgrade/folder.ts";
import { listStories, readStory } from "../fixtures/upgrade/read-story.ts";
import { makeCore } from "./thread-cores.ts";

beforeEach(() => {
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  for (const way of ["warn", "error"] as const) vi.spyOn(console, way).mockImplementation(() => {});
});
afterEach(() => void vi.restoreAllMocks());

const kinds: Record<string, string> = {
  AgentObject: "agent",
  WorkflowObject: "workflow",
  RecruitmentObject: "recruitment",
  TaskObject: "task",
};

type Frozen = FrozenFolder["databases"][string];

interface FrozenObject {
  address: string;
  frozen: Frozen;
}

/** The address of an object's file; undefined: it is no object of ours. */
function readAddress(file: string, { tables }: Frozen): string | undefined {
  const kind = kinds[/nerveflare-(\w+)\//.exec(file)?.[1] ?? ""];
  const row = tables._cf_KV?.rows.find(([key]) => key === "name");
  const value = row?.[1];
  if (!kind || value === null || typeof value !== "object" || !("blob" in value)) return undefined;
  // What the runtime writes before a text of one byte a character: its version, and the length.
  return `${kind}/${Buffer.from(value.blob, "base64").subarray(4).toString("latin1")}`;
}

/** Of each kind of object as few as have rows in all the tables that any of it has, the fullest first; at least four. */
function listObjects(): FrozenObject[] {
  const all = listStories().flatMap((name) =>
    Object.entries(readStory(name).folder.databases).flatMap(([file, frozen]) => {
      const address = readAddress(file, frozen);
      return address && frozen.tables.schema_version ? [{ address, frozen }] : [];
    }),
  );
  const fullestFirst = all.toSorted((a, b) => Object.keys(b.frozen.tables).length - Object.keys(a.frozen.tables).length);
  return Object.values(kinds).flatMap((kind) => {
    const seen = new Set<string>();
    const chosen: FrozenObject[] = [];
    for (const each of fullestFirst.filter(({ address }) => address.startsWith(`${kind}/`))) {
      const tables = Object.keys(each.frozen.tables);
      if (chosen.length >= 4 && tables.every((table) => seen.has(table))) continue;
      for (const table of tables) seen.add(table);
      chosen.push(each);
    }
    return chosen;
  });
}

function thaw({ schema, tables }: Frozen): Storage {
  const storage = createNodeStorage();
  const own = ([name]: [string, unknown]): boolean => !name.startsWith("_cf_");
  const kept = {
    schema: schema.filter((sql) => !/^CREATE TABLE "?_cf_/.test(sql)),
    tables: Object.fromEntries(Object.entries(tables).filter(own)),
  };
  writeDatabase(kept, 0, (sql, ...values) => void storage.exec(sql, ...(values as SqlValue[])));
  return storage;
}

/** The storage, whose statement of the number `failAt` throws. */
function failing(storage: Storage, failAt: number): Storage {
  let statements = 0;
  return {
    exec(sql, ...values) {
      statements += 1;
      if (statements === failAt) throw new Error("the disk is full");
      return storage.exec(sql, ...values);
    },
    transaction: (body) => storage.transaction(body),
    setAlarm: (at) => storage.setAlarm(at),
  };
}

function load(address: string, storage: Storage): void {
  const never = (): Promise<never> => new Promise(() => {});
  const world: World = {
    address,
    storage,
    clock: { now: () => 1_800_000_000_000 },
    scheduler: { background: (work) => void work.catch(() => {}) },
    transport: { deliver: never },
  };
  const registry = { revision: never, reflexes: never, agents: never } as never;
  const common = { project: never, settle: async () => {}, later: () => {} };
  // A task's object is loaded when it is first asked, in the same way.
  if (address.startsWith("task/")) createThreadTask({ world, registry, random: () => 0.5, card: never, counted: () => {}, ...common });
  else makeCore(address, { world, registry, common, travel: never, ask: never, board: {} as never, connections: new Map() });
}

/** All that is stored, and how. */
function dump(storage: Storage): Record<string, unknown> {
  const tables = storage.exec<{ name: string; sql: string }>("SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY name");
  return Object.fromEntries(tables.map(({ name, sql }) => [name, [sql, storage.exec(`SELECT * FROM ${name}`)]]));
}

const objects = listObjects();

describe("objects of an earlier version", () => {
  test("[UPG4] there are some of every kind, with rows in every table that one of it has", () => {
    const counts = Object.groupBy(objects, ({ address }) => address.slice(0, address.indexOf("/")));
    for (const kind of Object.values(kinds)) expect(counts[kind]?.length, kind).toBeGreaterThan(3);
  });

  test("[UPG4] a crash or a full disk at any statement leaves an object as it was, or taken over whole: what is loaded next is the same", () => {
    for (const { address, frozen } of objects) {
      const whole = thaw(frozen);
      const before = JSON.stringify(dump(whole));
      load(address, whole);
      const after = JSON.stringify(dump(whole));
      const storage = thaw(frozen);
      const seen = new Set<string>();
      for (let at = 1; ; at++) {
        try {
          load(address, failing(storage, at));
          break;
        } catch (error) {
          expect(String(error), address).toContain("the disk is full");
          seen.add(JSON.stringify(dump(storage)));
        }
      }
      seen.delete(before);
      expect(JSON.stringify(dump(storage)), address).toBe(after);
      // A task that was beside its root is set aside by one transaction, what was tables is taken over by one, and those that stay tables have one.
      expect([...seen].filter((each) => each !== after).length, address).toBeLessThan(3);
      // Once is enough.
      load(address, storage);
      expect(JSON.stringify(dump(storage)), address).toBe(after);
    }
  });

  test("[UPG5] an object of a newer version is refused with its reason, and nothing of it is touched", () => {
    for (const { address, frozen } of objects) {
      const newer = (storage: Storage): void => {
        const stored = JSON.stringify(dump(storage));
        expect(() => load(address, storage), address).toThrow(NewerVersionError);
        expect(() => load(address, storage), address).toThrow("is of a newer version than the code that runs here");
        expect(JSON.stringify(dump(storage)), address).toBe(stored);
      };
      for (const [room] of frozen.tables.schema_version?.rows ?? []) {
        // What a root still has of its task is judged where it goes.
        if (room === "task" && address.startsWith("recruitment/")) continue;
        const storage = thaw(frozen);
        storage.exec("UPDATE schema_version SET version = version + 90 WHERE room = ?", room as string);
        newer(storage);
      }
      const storage = thaw(frozen);
      load(address, storage);
      if (!("document" in dump(storage))) continue;
      storage.exec("UPDATE document SET body = '99' WHERE owner = '' AND collection = 'format'");
      newer(storage);
    }
  });
});
