/** The version of the package that this Worker was built of. */
import manifest from "../../package.json" with { type: "json" };

export const { version } = manifest;
