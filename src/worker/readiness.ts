/**
 * Whether requests can be served, part by part: what `/readyz` and `/v1/status` say, and what holds requests back until the
 * database is migrated. `/healthz` is liveness: it says only that the process answers. Knows no route.
 */

import type { MiddlewareHandler } from "hono";
import type { Check, Readiness } from "../contract/views/readiness.ts";
import type { AppEnv, AppPorts } from "./app-ports.ts";
import { isMoving, movingDetail } from "./describe-failure.ts";
import { createKeptPlacement, type PlacementFault } from "./kept-placement.ts";
import { problemError } from "./problem-error.ts";

export interface ReadinessReader {
  /** Tries every part. */
  read(): Promise<Readiness>;
  /** Migrations that this code needs and the database lacks. Empty too when the database cannot be asked. */
  missing(): Promise<string[]>;
  /** Why nothing may be served by this placement; undefined: all may. */
  findFault(): Promise<PlacementFault | undefined>;
}

const limits = {
  /** Milliseconds that an answer is given again: `/readyz` takes no token, and each reading writes. */
  held: 1_000,
  /** Milliseconds that one part has to answer. */
  timeout: 5_000,
} as const;

/** What `/readyz` needs of the app's ports. */
type ReadinessPorts = Pick<
  AppPorts,
  "db" | "migrations" | "paused" | "settingsFault" | "placement" | "probeObjects" | "probeFolder" | "now" | "log"
>;

export function createReadiness(ports: ReadinessPorts): ReadinessReader {
  /** Once complete they stay so for as long as this code runs. */
  let migrated = ports.migrations === undefined;
  let held: { at: number; value: Promise<Readiness> } | undefined;
  const placement = createKeptPlacement(ports.db, ports.placement, ports.paused === true);

  async function missing(): Promise<string[]> {
    if (migrated || !ports.migrations) return [];
    const names = await findMissingMigrations(ports.db, ports.migrations);
    migrated = names.length === 0;
    return names;
  }

  async function readAll(): Promise<Readiness> {
    const checks = await Promise.all([
      checkSettings(ports.settingsFault, placement.findFault),
      checkFolder(ports),
      checkObjects(ports),
      checkIndex(ports),
      checkMigrations(missing),
    ]);
    return judge(checks.flat(), ports.paused === true);
  }

  return {
    read() {
      const now = ports.now();
      if (held && now >= held.at && now - held.at < limits.held) return held.value;
      held = { at: now, value: readAll() };
      return held.value;
    },
    missing: () => missing().catch(() => []),
    findFault: placement.findFault,
  };
}

/** Holds back everything behind it until the settings can be and the migrations are there, and whatever would run something while paused. */
export function guardReadiness(ports: ReadinessPorts, readiness: ReadinessReader): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    if (ports.settingsFault !== undefined) throw problemError("unavailable", ports.settingsFault, { retryAfter: 60 });
    const names = await readiness.missing();
    if (names.length > 0) {
      throw problemError("starting", `The database lacks ${names.join(", ")}: the server is being upgraded. Send the same again.`, {
        retryAfter: 2,
      });
    }
    const { method, path } = c.req;
    const fault = await readiness.findFault();
    if (fault !== undefined && !(fault.kind === "unknown" && path === statusPath))
      throw problemError("unavailable", fault.detail, { retryAfter: fault.retryAfter });
    if (
      ports.paused &&
      !(method === "POST" && path === pausedOrder) &&
      (!["GET", "HEAD"].includes(method) || handsOut.some((prefix) => path.startsWith(prefix)))
    ) {
      throw problemError("unavailable", "The server is paused: it shows what there is and runs nothing. Send the same again later.", {
        retryAfter: 5,
        paused: true,
      });
    }
    await next();
  };
}

/** Asks no actor, and says that D1 does not answer. */
const statusPath = "/v1/status";

/** What is done only while nothing runs. */
const pausedOrder = "/v1/placement";

/** Reading these gives events to an agent, which then acts on them. */
const handsOut = ["/v1/inbox", "/v1/connect"];

function judge(checks: Check[], paused: boolean): Readiness {
  const failing = checks.filter(({ ok }) => !ok);
  if (failing.some(({ part }) => part !== "migrations")) return { status: "unavailable", checks };
  if (failing.length > 0) return { status: "starting", checks };
  return { status: paused ? "paused" : "ready", checks };
}

/** A variable that says what cannot be is no default's business. */
async function checkSettings(settingsFault: string | undefined, findFault: ReadinessReader["findFault"]): Promise<Check[]> {
  const fault = await within(findFault()).catch(() => undefined);
  // That D1 does not answer is the index's to say.
  const detail = settingsFault ?? (fault?.kind === "differs" ? fault.detail : undefined);
  return detail === undefined ? [] : [{ part: "settings", ok: false, detail }];
}

/** The machine's side of it, where there is one: the data folder. */
async function checkFolder({ probeFolder }: ReadinessPorts): Promise<Check[]> {
  if (!probeFolder) return [];
  try {
    const fault = await within(probeFolder());
    return [fault === null ? { part: "folder", ok: true } : { part: "folder", ok: false, detail: fault }];
  } catch {
    return [{ part: "folder", ok: false, detail: "The process that looks after the data folder does not answer: start the server again." }];
  }
}

async function checkObjects(ports: ReadinessPorts): Promise<Check[]> {
  if (!ports.probeObjects) return [];
  return [await attempt(ports, "objects", "No object can write: its storage is full, read-only, gone or restarting.", ports.probeObjects)];
}

/** A statement that changes no row takes the writer's lock all the same, which a reading would not. */
async function checkIndex(ports: ReadinessPorts): Promise<Check[]> {
  const write = (): Promise<unknown> => ports.db.prepare("UPDATE registry SET version = version WHERE one = 0").run();
  return [await attempt(ports, "index", "D1 cannot be written: it is locked, full, gone or overloaded.", write)];
}

async function checkMigrations(missing: () => Promise<string[]>): Promise<Check[]> {
  try {
    const names = await within(missing());
    if (names.length === 0) return [{ part: "migrations", ok: true }];
    const detail = `${names.join(", ")} ${names.length === 1 ? "is" : "are"} not applied: run \`nerveflare deploy\` again, which applies them first.`;
    return [{ part: "migrations", ok: false, detail }];
  } catch {
    return [{ part: "migrations", ok: false, detail: "Whether they are applied is not known, for D1 does not answer." }];
  }
}

async function attempt(ports: ReadinessPorts, part: Check["part"], detail: string, work: () => Promise<unknown>): Promise<Check> {
  try {
    await within(work());
    return { part, ok: true };
  } catch (error) {
    // A database before its first migration has no table to write; the migrations' own check says so.
    if (part === "index" && String(error).includes("no such table")) return { part, ok: true };
    if (isMoving(error)) return { part, ok: false, detail: movingDetail };
    ports.log({ level: "error", at: "readiness", part, message: String(error) });
    return { part, ok: false, detail };
  }
}

async function within<T>(work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${limits.timeout} ms`)), limits.timeout);
  return Promise.race([work, promise]).finally(() => clearTimeout(timer));
}

/**
 * The migrations that are not applied yet, in order.
 * @throws what D1 throws when it cannot be read
 */
async function findMissingMigrations(db: D1Database, required: readonly string[]): Promise<string[]> {
  const applied = await db
    .prepare("SELECT name FROM d1_migrations")
    .all<{ name: string }>()
    .then(({ results }) => new Set(results.map(({ name }) => name)))
    .catch((error: unknown) => {
      // A database that nobody has migrated yet has no such table.
      if (String(error).includes("no such table")) return new Set<string>();
      throw error;
    });
  return required.filter((name) => !applied.has(name));
}
