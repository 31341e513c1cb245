/** Every set of tables that an object may have, or had before, with its newest version: what this code can open. A test finds those that objects have. */
import { formerAgentTables } from "./agent/former-tables.ts";
import { formerControlKeys } from "./control/former-control-keys.ts";
import { findFormerTooLarge, formerHost } from "./host/former-tables.ts";
import { cellFormat } from "./host/store/tables.ts";
import { formerProjection } from "./projector/former-projection.ts";
import { recruitmentMigrations, taskMigrations } from "./thread/thread-schema.ts";
import { outcomeMigrations, queueMigrations } from "./workflow/former-tables.ts";

export { findFormerTooLarge };

/** By the name in an object's `schema_version`; `store` is the newest format of documents, a cell's. */
export const objectRooms: Readonly<Record<string, number>> = {
  store: cellFormat,
  ...Object.fromEntries(
    Object.entries({ ...formerHost, ...formerProjection, agent: formerAgentTables }).map(([room, { migrations }]) => [
      room,
      migrations.length,
    ]),
  ),
  recruitment: recruitmentMigrations.length,
  task: taskMigrations.length,
  admission: queueMigrations.length,
  control: formerControlKeys.migrations.length,
  outcome: outcomeMigrations.length,
};
