/** `--data`, as every command has it that opens a data folder. */
import { Option } from "commander";

/** Where a server keeps what it keeps, unless it is told. */
const defaultFolder = ".nerveflare";

/** The option, of which NERVEFLARE_DATA is the default. A variable that is set to nothing says nothing: as a path it would be the folder that we are in. */
export function createDataOption(description: string): Option {
  return new Option("--data <folder>", description).env("NERVEFLARE_DATA").default(defaultFolder).argParser(chooseDataFolder);
}

/** The folder that a text names. */
export function chooseDataFolder(text: string | undefined): string {
  return text === undefined || text.trim() === "" ? defaultFolder : text;
}
