/**
 * The Durable Object that writes the projection: it gathers the rows of many objects into batches to D1. It has no storage
 * of its own: what it has not answered, its callers still hold and send again.
 */
import { DurableObject } from "cloudflare:workers";
import { countCommit } from "../metrics.ts";
import type { LogLag, ProjectionRow, ProjectorRpc } from "../rpc.ts";
import { createLagMeter } from "./lag-meter.ts";
import { createProjectionBatcher } from "./projection-batcher.ts";
import type { EncodedRow } from "./projection-statements.ts";
import { encodeRow, prepareProjection } from "./projection-statements.ts";

export class ProjectorObject extends DurableObject<{ DB: D1Database }> implements ProjectorRpc {
  #lag = createLagMeter(() => Date.now());
  /** Names this life: a mark of another one is past. */
  #life = crypto.randomUUID();
  #writes = 0;
  #watchers = new Set<() => void>();
  #batcher = createProjectionBatcher<EncodedRow>({
    write: async (rows) => {
      await this.env.DB.batch(prepareProjection(this.env.DB, rows));
      countCommit("d1");
      this.#writes += 1;
      for (const wake of this.#watchers) wake();
    },
  });

  /** Answers when the rows are in D1; throws when they are not. */
  async project(rows: ProjectionRow[]): Promise<void> {
    if (!rows.length) return;
    const now = Date.now();
    const written = this.#lag.arrive(rows.map(({ at }) => at ?? now));
    try {
      await this.#batcher.project(rows.map(encodeRow));
      written();
    } catch (error) {
      written(error);
      throw error;
    }
  }

  async changed(mark: string | undefined, milliseconds: number): Promise<string> {
    if (mark === this.#mark()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, milliseconds);
      this.#watchers.add(resolve);
      await promise;
      clearTimeout(timer);
      this.#watchers.delete(resolve);
    }
    return this.#mark();
  }

  async lag(): Promise<LogLag> {
    return this.#lag.read();
  }

  #mark(): string {
    return `${this.#life}:${this.#writes}`;
  }
}
