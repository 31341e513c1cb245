/** The version of this package, as the Worker, a data folder and the CLI tell it. */
import manifest from "../package.json" with { type: "json" };

/** By its name alone, so that nothing else of package.json gets into what is built. */
export const version: string = manifest.version;
