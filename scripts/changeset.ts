/** `npm run changeset`: notes for the next release what users will notice of a change. The command of changesets, with its options. */
import { join } from "node:path";
import { runChangesets } from "./release/run-changesets.ts";

const [command = "add", ...args] = process.argv.slice(2);
try {
  runChangesets(join(import.meta.dirname, ".."), [command, ...args]);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
