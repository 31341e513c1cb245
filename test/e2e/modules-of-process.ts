/** Given to Node by `--import`: writes which files a process loaded, one a line, when it ends. `MODULES_FOLDER` says where. */
import { writeFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { join } from "node:path";

const loaded = new Set<string>();
registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    loaded.add(found.url);
    return found;
  },
});
process.on("exit", () => writeFileSync(join(process.env.MODULES_FOLDER ?? "", String(process.pid)), [...loaded].join("\n")));
