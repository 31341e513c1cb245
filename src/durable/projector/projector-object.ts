/**
 * The Durable Object that writes the projection: it gathers the rows of many objects into batches to D1. It has no storage
 * of its own: what it has not answered, its callers still hold and send again.
 */
import { DurableObject } from "cloudflare:workers";
import { countCommit } from "../metrics.ts";
import type { ProjectionRow, ProjectorRpc } from "../rpc.ts";
import { createProjectionBatcher } from "./projection-batcher.ts";
import type { EncodedRow } from "./projection-statements.ts";
import { encodeRow, prepareProjection } from "./projection-statements.ts";

export class ProjectorObject extends DurableObject<{ DB: D1Database }> implements ProjectorRpc {
  #batcher = createProjectionBatcher<EncodedRow>({
    write: async (rows) => {
      await this.env.DB.batch(prepareProjection(this.env.DB, rows));
      countCommit("d1");
    },
  });

  /** Answers when the rows are in D1; throws when they are not. */
  async project(rows: ProjectionRow[]): Promise<void> {
    await this.#batcher.project(rows.map(encodeRow));
  }
}
