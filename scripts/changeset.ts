/** `npm run changeset`: notes for the next release what users will notice of a change. The command of changesets, with its options. */
import { join } from "node:path";
import { runChangesets } from "./release/run-changesets.ts";

const args = process.argv.slice(2);
const names = args[0] !== undefined && !args[0].startsWith("-");
try {
  runChangesets(join(import.meta.dirname, ".."), names ? args : ["add", ...args]);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
