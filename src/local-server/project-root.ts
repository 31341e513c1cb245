/** Where the repository lies: wrangler.toml, migrations, examples. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder that holds wrangler.toml. */
export const projectRoot = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
