/** The version of this package, as the Worker, a data folder and the CLI tell it. */
import manifest from "../package.json" with { type: "json" };

export const { version } = manifest;
