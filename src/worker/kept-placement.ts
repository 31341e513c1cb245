/** The placement of a database's data: the first server that serves them says which, and one of the other does not serve them. */
import { findPlacementMismatch, type Placement, readPlacement } from "../contract/placement.ts";

export interface KeptPlacement {
  /** Why this server must not serve; undefined: it may. */
  findFault(): Promise<PlacementFault | undefined>;
}

/** `differs`: the data are of the other placement. `unknown`: the database cannot be asked, and has not been since this code runs. */
export interface PlacementFault {
  kind: "differs" | "unknown";
  detail: string;
  /** Seconds. */
  retryAfter: number;
}

/** @param placement of this server; undefined: nobody looks @param reads alone: nothing is written */
export function createKeptPlacement(db: D1Database, placement: Placement | undefined, reads: boolean): KeptPlacement {
  /** What is kept does not change while this code runs. */
  let kept: Placement | undefined;

  async function read(mine: Placement): Promise<Placement> {
    if (!reads) await db.prepare("INSERT OR IGNORE INTO placement (one, placement) VALUES (1, ?)").bind(mine).run();
    const row = await db.prepare("SELECT placement FROM placement WHERE one = 1").first<{ placement: string }>();
    return row ? readPlacement(row.placement) : mine;
  }

  return {
    async findFault() {
      if (placement === undefined) return undefined;
      try {
        kept ??= await read(placement);
      } catch {
        // What was accepted into objects of the other placement would be lost.
        const detail = "Where the actors of these data live is not known, for D1 does not answer. Send the same again.";
        return { kind: "unknown", detail, retryAfter: 2 };
      }
      const detail = findPlacementMismatch(kept, placement);
      return detail === undefined ? undefined : { kind: "differs", detail, retryAfter: 60 };
    },
  };
}
