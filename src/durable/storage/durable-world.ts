/** The host's ports on a Durable Object: SQLite, the one alarm, and stubs of other objects. The only file that touches `ctx.storage`. */
import type { Row, SqlValue, Transport, World } from "../host/ports.ts";

/** @param address the object's own address, e.g. `task/t123.1` */
export function createDurableWorld(ctx: DurableObjectState, address: string, transport: Transport): World {
  const { storage } = ctx;
  return {
    address,
    transport,
    clock: { now: () => Date.now() },
    scheduler: {
      background: (work) =>
        ctx.waitUntil(work.catch((error: unknown) => console.error(JSON.stringify({ at: "background", address, error: String(error) })))),
    },
    storage: {
      exec: <T extends Row>(sql: string, ...values: SqlValue[]) => storage.sql.exec<T>(sql, ...values).toArray(),
      transaction: (body) => storage.transactionSync(body),
      setAlarm: (at) => void storage.setAlarm(at),
    },
  };
}
