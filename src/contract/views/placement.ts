/** How far the actors of a cell have moved to objects of their own. */
import * as z from "zod";
import { open } from "../shape.ts";

export const cellMove = open({
  phase: z
    .enum(["rows", "alarms", "done"])
    .describe(
      "`rows`: each actor's rows are copied; a cell that runs again gives the move up. `alarms`: there is no way back. `done`: D1 says so too.",
    ),
  done: z.int().describe("Actors of this phase."),
  of: z.int(),
});
export type CellMove = z.infer<typeof cellMove>;
