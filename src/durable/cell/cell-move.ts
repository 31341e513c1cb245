/**
 * Moves a cell's actors to objects of their own, while it is paused: first the rows and facts of each, share by share; then, from where
 * there is no way back, their alarms; D1 says last that they have moved. What broke off goes on where it was; a cell that runs again
 * before the first half is over has given the move up. Knows rows, and no actor.
 */
import type { CellMove } from "../../contract/views/placement.ts";
import type { Storage } from "../host/ports.ts";
import type { ObjectKind } from "../place.ts";
import { factsOf } from "./cell-database.ts";
import { cellLimits } from "./cell-limits.ts";
import { behindNames, nameFact, namePrefix } from "./cell-tables.ts";
import { type MovedPage, type MoveRpc, movedTables } from "./moved-rows.ts";

export interface CellMovePorts {
  storage: Storage;
  paused: boolean;
  /** The object of its own of an actor. */
  object(kind: ObjectKind, name: string): MoveRpc;
  /** Nothing of an actor reads or writes any more. */
  endAll(): void;
  /** D1 says that the actors have objects of their own, if it said that they are in a cell. */
  switchPlacement(): Promise<void>;
  sync(): Promise<void>;
  newId(): string;
  /** Calls of one share; absent: as the limits say. */
  callsAtOnce?: number;
}

export interface CellMoveOut {
  /** Actors are on their way, or gone: the cell answers for none. */
  isUnderWay(): boolean;
  /** There is no way back. */
  isFinal(): boolean;
  /** Moves a share. @returns how far it is; undefined: the cell is not paused */
  moveShare(): Promise<CellMove | undefined>;
}

/** As it is stored: which move, the actor after which it goes on, and how many pages of the next one have gone. */
interface Progress extends CellMove {
  id: string;
  after: string;
  pages?: number;
}

/** Once an actor is done. */
const goOn = ({ id, phase, done, of }: Progress, after: string): Progress => ({ id, phase, after, done: done + 1, of });

/** A fact of the cell itself. */
const progressFact = [factsOf(""), "move"] as const;

export function createCellMove(ports: CellMovePorts): CellMoveOut {
  const { storage, callsAtOnce = cellLimits.moveCalls } = ports;
  let progress = readProgress(storage);
  if (progress?.phase === "rows" && !ports.paused) {
    storage.exec("DELETE FROM cursor WHERE owner = ? AND name = ?", ...progressFact);
    progress = undefined;
  }
  let moving: Promise<CellMove | undefined> | undefined;

  function note(next: Progress): Progress {
    storage.exec("INSERT OR REPLACE INTO cursor VALUES (?, ?, 0, ?)", ...progressFact, JSON.stringify(next));
    progress = next;
    return next;
  }

  async function moveShare(): Promise<CellMove | undefined> {
    if (!ports.paused) return undefined;
    ports.endAll();
    let at = progress ?? note({ id: ports.newId(), phase: "rows", after: "", done: 0, of: countOwners(storage) });
    for (let calls = 0; at.phase !== "done" && calls < callsAtOnce; ) {
      const owner = findNext(storage, at.after);
      if (owner !== undefined && at.phase === "rows") {
        const from = at.pages ?? 0;
        const { pages, all } = await moveRows(ports, at.id, owner, from, callsAtOnce - calls);
        calls += pages - from;
        at = note(all ? goOn(at, owner) : { ...at, pages });
      } else if (owner !== undefined) {
        await settle(ports, at.id, owner);
        calls += 1;
        at = note(goOn(at, owner));
      } else if (at.phase === "rows") {
        at = note({ ...at, phase: "alarms", after: "", done: 0 });
        await ports.sync();
      } else {
        await ports.switchPlacement();
        at = note({ ...at, phase: "done" });
      }
    }
    return { phase: at.phase, done: at.done, of: at.of };
  }

  return {
    isUnderWay: () => progress !== undefined,
    isFinal: () => progress !== undefined && progress.phase !== "rows",
    moveShare() {
      // Who asks meanwhile is told the same.
      moving ??= moveShare().finally(() => {
        moving = undefined;
      });
      return moving;
    },
  };
}

function readProgress(storage: Storage): Progress | undefined {
  const [row] = storage.exec<{ body: string }>("SELECT body FROM cursor WHERE owner = ? AND name = ?", ...progressFact);
  return row && (JSON.parse(row.body) as Progress);
}

/** Facts are rows of the owners from here on, and up to there. */
const [factsFrom, factsTo] = [factsOf(""), "facts!"];

/** Rows of an earlier version, and those of no actor's own. */
const hasAddress = `owner NOT BETWEEN '${namePrefix}' AND '${behindNames}'`;

/** Actors that have rows, facts or an alarm, each once. */
const allOwners = `SELECT owner AS address FROM document WHERE ${hasAddress} UNION SELECT owner FROM journal WHERE ${hasAddress}
  UNION SELECT iif(owner >= '${factsFrom}' AND owner < '${factsTo}', substr(owner, ${factsFrom.length + 1}), iif(owner = '', name, owner)) FROM cursor WHERE ${hasAddress}`;

function countOwners(storage: Storage): number {
  return storage.exec<{ n: number }>(`SELECT count(*) AS n FROM (${allOwners}) WHERE address <> ''`)[0]?.n ?? 0;
}

/** Each seeks, however much there is. By itself, for a Durable Object takes five parts of a statement. */
const nextOwner = [
  `SELECT min(owner) AS address FROM document WHERE owner > max(?1, '${behindNames}')`,
  `SELECT min(owner) AS address FROM journal WHERE owner > max(?1, '${behindNames}')`,
  `SELECT min(owner) AS address FROM cursor WHERE owner > max(?1, '${behindNames}') AND owner < '${factsFrom}'`,
  `SELECT min(owner) AS address FROM cursor WHERE owner > max(?1, '${factsTo}')`,
  `SELECT substr(min(owner), ${factsFrom.length + 1}) AS address FROM cursor WHERE owner > '${factsFrom}' || ?1 AND owner < '${factsTo}'`,
  "SELECT min(name) AS address FROM cursor WHERE owner = '' AND name > ?1",
];

/** The next actor in the order of addresses. */
function findNext(storage: Storage, after: string): string | undefined {
  const found = nextOwner.flatMap((sql) => storage.exec<{ address: string | null }>(sql, after)[0]?.address ?? []);
  return found.sort()[0];
}

function findObject(ports: CellMovePorts, owner: string): MoveRpc {
  const end = owner.indexOf("/");
  return ports.object(owner.slice(0, end) as ObjectKind, owner.slice(end + 1));
}

/** @param from pages that have gone @returns how many have gone now, and whether those are all: one share may not be enough for a large actor */
async function moveRows(
  ports: CellMovePorts,
  move: string,
  owner: string,
  from: number,
  atMost: number,
): Promise<{ pages: number; all: boolean }> {
  const object = findObject(ports, owner);
  // An object of its own has no names.
  const { [nameFact]: _, ...facts } = readFacts(ports.storage, owner);
  let page = 0;
  for (const pages of readPages(ports.storage, owner)) {
    if (page >= from + atMost) return { pages: page, all: false };
    if (page >= from) await object.takeMoved(move, page, page === 0 ? facts : {}, pages);
    page += 1;
  }
  return { pages: page, all: true };
}

async function settle(ports: CellMovePorts, move: string, owner: string): Promise<void> {
  const [alarm] = ports.storage.exec<{ seq: number }>("SELECT seq FROM cursor WHERE owner = '' AND name = ?", owner);
  await findObject(ports, owner).settleMoved(move, alarm?.seq);
}

function readFacts(storage: Storage, owner: string): { [name: string]: unknown } {
  const rows = storage.exec<{ name: string; body: string }>("SELECT name, body FROM cursor WHERE owner = ?", factsOf(owner));
  return Object.fromEntries(rows.map(({ name, body }) => [name, JSON.parse(body) as unknown]));
}

/** Its rows, in pages of a bounded size; one page, which is empty, of an actor that has none. */
function* readPages(storage: Storage, owner: string): Generator<MovedPage[]> {
  let page: MovedPage[] = [];
  let characters = 0;
  let any = false;
  const name = String(readFacts(storage, owner)[nameFact] ?? owner);
  for (const table of movedTables) {
    for (let offset = 0; ; ) {
      const sizes = storage.exec<{ size: number }>(
        `SELECT length(body) AS size FROM ${table} WHERE owner = ? ORDER BY owner, ${keys[table]} LIMIT ? OFFSET ?`,
        ...[name, cellLimits.moveRows, offset],
      );
      if (sizes.length === 0) break;
      let count = 0;
      for (let sum = 0; count < sizes.length && (count === 0 || sum < cellLimits.moveCharacters); count++) sum += sizes[count]?.size ?? 0;
      const rows = storage
        .exec(`SELECT * FROM ${table} WHERE owner = ? ORDER BY owner, ${keys[table]} LIMIT ? OFFSET ?`, name, count, offset)
        .map((row) => Object.values({ ...row, owner }));
      page.push({ table, rows });
      offset += count;
      characters += sizes.slice(0, count).reduce((sum, { size }) => sum + size, 0);
      if (characters < cellLimits.moveCharacters && count === sizes.length && count < cellLimits.moveRows) continue;
      yield page;
      any = true;
      page = [];
      characters = 0;
    }
  }
  if (page.length > 0 || !any) yield page;
}

const keys = { journal: "seq", document: "collection, key", cursor: "name" } as const;
