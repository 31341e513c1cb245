/** Hands on single actors, wherever they live: each in an object of its own, or all in one cell. */
import { evictDurableObject, listDurableObjectIds, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect } from "vitest";
import { readPlacement } from "../../src/contract/placement.ts";
import { type CellRpc, placeInCell, theCell } from "../../src/durable/cell/place-in-cell.ts";
import { bindings, type ObjectKind } from "../../src/durable/place.ts";
import type { Envelope } from "../../src/durable/protocol/envelope.ts";
import { type ReadDocument, readDocuments } from "../host/read-documents.ts";

type Namespaces = { readonly [name in (typeof bindings)[ObjectKind] | "CELL"]: DurableObjectNamespace };

export const namespaces = env as unknown as Namespaces & { NERVEFLARE_PLACEMENT?: string };

/** Where the actors of these tests live. */
export const placement = readPlacement(namespaces.NERVEFLARE_PLACEMENT);

/** Whether a test is to be skipped because what it tests is there in objects of their own only: then it says why. */
export function isOnlyOwn(why: string): boolean {
  if (placement === "cell") console.log(`not over a cell: ${why}`);
  return placement === "cell";
}

const getCell = (): DurableObjectStub => namespaces.CELL.get(namespaces.CELL.idFromName(theCell));
const callCell = (): CellRpc => getCell() as unknown as CellRpc;

/** The object in which an actor lives: in a cell all in one. */
export function objectOf(kind: ObjectKind, name: string): DurableObjectStub {
  if (placement === "cell") return getCell();
  const namespace = namespaces[bindings[kind]];
  return namespace.get(namespace.idFromName(name));
}

/** An actor as others call it. */
export function actor<Rpc>(kind: ObjectKind, name: string): Rpc {
  return placement === "cell" ? placeInCell(callCell)<Rpc>(kind, name) : (objectOf(kind, name) as unknown as Rpc);
}

/** Delivers an envelope, whole or not, as another actor does. */
export function deliverTo(kind: ObjectKind, name: string, envelope: Partial<Envelope> | object): Promise<object> {
  return actor<{ deliver(envelope: object): Promise<object> }>(kind, name).deliver(envelope);
}

/** The object of the actor leaves memory: in a cell with all others. */
export function evictActor(kind: ObjectKind, name: string): Promise<void> {
  return evictDurableObject(objectOf(kind, name));
}

/** Runs the actor's alarm, and nobody else's, whether it is due or not. @returns whether it was set */
export async function ringActor(kind: ObjectKind, name: string): Promise<boolean> {
  if (placement === "own") return runDurableObjectAlarm(objectOf(kind, name));
  const isSet = (await readRow(kind, name)) !== null;
  if (isSet) await callCell().call(kind, name, "alarm", []);
  return isSet;
}

/** When the actor's alarm rings. In a cell as it is stored, which may be earlier; rows of what has rung are deleted many at once. */
export async function readAlarm(kind: ObjectKind, name: string): Promise<number | null> {
  if (placement === "own") return runInDurableObject(objectOf(kind, name), (_, { storage }) => storage.getAlarm());
  const at = await readRow(kind, name);
  return at !== null && at > Date.now() ? at : null;
}

function readRow(kind: ObjectKind, name: string): Promise<number | null> {
  return runInDurableObject(getCell(), (_, { storage }) => {
    const rows = storage.sql.exec<{ seq: number }>("SELECT seq FROM cursor WHERE owner = '' AND name = ?", `${kind}/${name}`);
    return rows.toArray()[0]?.seq ?? null;
  });
}

/** Whether the actor has an object of its own that has a file; in a cell, whether it stored anything. */
export async function hasObject(kind: ObjectKind, name: string): Promise<boolean> {
  if (placement === "cell") return (await listTables(kind, name)).length > 0;
  const ids = await listDurableObjectIds(namespaces[bindings[kind]]);
  return ids.map(String).includes(String(objectOf(kind, name).id));
}

/** What a cell's rows have for an address. */
const nameInRows = "(SELECT body ->> '$' FROM cursor WHERE name = 'rows' AND owner = 'facts ' || ?)";

/** Tables in which there is something of the actor's: in an object of its own all that it made. */
export function listTables(kind: ObjectKind, name: string): Promise<string[]> {
  return runInDurableObject(objectOf(kind, name), (_, { storage }) => {
    const tables = storage.sql
      .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf*'")
      .toArray()
      .map((table) => table.name);
    if (placement === "own") return tables;
    const has = (table: string) => storage.sql.exec(`SELECT 1 FROM "${table}" WHERE owner = ${nameInRows} LIMIT 1`, `${kind}/${name}`);
    return tables.filter((table) => has(table).toArray().length > 0);
  });
}

/** What the actor stored of a collection, with what changes rows of it. */
export function readStored(kind: ObjectKind, name: string, collection: string): Promise<ReadDocument[]> {
  return runInDurableObject(objectOf(kind, name), (_, { storage }) =>
    readDocuments(
      (sql, ...values) => storage.sql.exec(`${sql} AND owner = ${placement === "own" ? "?" : nameInRows}`, ...values, `${kind}/${name}`),
      collection,
    ),
  );
}

/** Kinds that have alarms which tests ring. */
const ringing = ["agent", "workflow", "recruitment", "task"] as const;

/** Runs every alarm that is set, whether it is due or not. */
export async function ringAll(): Promise<void> {
  if (placement === "cell") return ringCell();
  for (const kind of ringing) {
    const namespace = namespaces[bindings[kind]];
    for (const id of await listDurableObjectIds(namespace)) await ringOne(namespace.get(id));
  }
}

async function ringCell(): Promise<void> {
  if ((await listDurableObjectIds(namespaces.CELL)).length === 0) return;
  const owners = await runInDurableObject(getCell(), (_, { storage }) =>
    storage.sql
      .exec<{ name: string }>("SELECT name FROM cursor WHERE owner = ''")
      .toArray()
      .map(({ name }) => name),
  );
  for (const owner of owners) {
    const kind = ringing.find((each) => owner.startsWith(`${each}/`));
    if (kind) await ringActor(kind, owner.slice(kind.length + 1));
  }
}

/**
 * What is woken by its id has no name as long as it lives, whoever calls it by one. Of a file that the reset between two test files
 * left empty it would be known by none, so it ends.
 */
async function ringOne(stub: DurableObjectStub): Promise<void> {
  const [at, nameless] = await runInDurableObject(stub, async (_, { id, storage }) => [
    await storage.getAlarm(),
    id.name === undefined && storage.kv.get("name") === undefined,
  ]);
  if (nameless) await abort(stub);
  else if (at !== null) await runDurableObjectAlarm(stub);
}

/** Ends an object as a fault of the platform does: the next call makes it anew. */
async function abort(stub: DurableObjectStub): Promise<void> {
  await expect(runInDurableObject(stub, (_, ctx) => ctx.abort("ended by the test"))).rejects.toThrow("ended by the test");
}

/** Ends an object and wakes it by its id alone, as the alarm does that a version before set: it is not told its name until it ends again. */
export async function wakeNameless(kind: ObjectKind, name: string): Promise<void> {
  const namespace = namespaces[bindings[kind]];
  const id = namespace.idFromName(name);
  await abort(namespace.get(id));
  const woken = await runInDurableObject(namespace.get(namespace.idFromString(id.toString())), (_, ctx) => ctx.id.name);
  expect(woken, "it is not told its name").toBeUndefined();
}
