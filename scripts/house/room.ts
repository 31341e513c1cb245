/** A row of the architecture's table. */
export interface Room {
  /** What it is for. */
  is: string;
  /**
   * What its files may import beside one another: a folder (`src/contract`), a folder with all below it (`src/contract/**`), one
   * file, a package (`zod`, with its subpaths), or a platform (`node:*`, `cloudflare:*`). Types count: knowing is knowing.
   */
  may: readonly string[];
  /** What it may do with a Durable Object's storage; nothing if absent. A room that reads holds no SQL that writes. */
  objectStorage?: "reads" | "writes";
  /** Its files don't import one another. */
  apart?: true;
}
