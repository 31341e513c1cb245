/** The stores of an earlier version's objects, as test/fixtures/upgrade keeps them: opened on node:sqlite as they were. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { CompiledWorkflow } from "../../src/compile/compile-workflow.ts";
import type { AgentCard } from "../../src/contract/views/agent.ts";
import type { Row, SqlValue } from "../../src/durable/host/ports.ts";
import { createNodeStorage, type NodeStorage } from "../../src/durable/host/storage/node-storage.ts";

export interface FrozenThread {
  id: string;
  /** Of a thread whose start was still in flight, the problem that it was shown as. */
  status: string | object;
  /** What it waited for, in the words of then. */
  for: string | null;
  error: string | null;
}

interface FrozenStore {
  alarm: number | null;
  /** What makes its tables and indexes. */
  schema: string[];
  tables: Record<string, Row[]>;
}

/** A whole cluster at one instant, with messages in flight. */
export interface Frozen {
  now: number;
  agents: AgentCard[];
  /** As it was compiled then. */
  published: CompiledWorkflow[];
  stores: Record<string, FrozenStore>;
  /** By what they stand for. */
  threads: Record<string, FrozenThread>;
}

/** Reads one of two: tasks beside their thread's recruitment, or apart from it. */
export function readFrozen(name: string, placement: "beside" | "apart"): Frozen {
  const file = join(import.meta.dirname, "../fixtures/upgrade", `${name}.json.gz`);
  return JSON.parse(gunzipSync(readFileSync(file)).toString("utf8"))[placement] as Frozen;
}

/** Makes the stores anew, each with its tables, rows and alarm. */
export function thaw({ stores }: Frozen): Map<string, NodeStorage> {
  return new Map(Object.entries(stores).map(([address, frozen]) => [address, thawStore(frozen)]));
}

function thawStore({ alarm, schema, tables }: FrozenStore): NodeStorage {
  const store = createNodeStorage();
  for (const statement of schema) store.exec(statement);
  for (const [table, rows] of Object.entries(tables)) {
    if (table === "sqlite_sequence") store.exec(`DELETE FROM ${table}`);
    for (const row of rows) {
      const names = Object.keys(row);
      const holes = names.map(() => "?").join(", ");
      store.exec(
        `INSERT INTO ${table} (${names.map((name) => `"${name}"`).join(", ")}) VALUES (${holes})`,
        ...(Object.values(row) as SqlValue[]),
      );
    }
  }
  store.alarm = alarm ?? undefined;
  return store;
}
