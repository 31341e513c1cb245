/** Command-line models by name: what each is run as, and how what it prints is read. Knows their output, no turns. */
import type { SaidUsage } from "../../client/contract-types.ts";
import type { ProgramEnd } from "../run-program.ts";

/** What a model's program said, out of whatever it printed around it. */
export interface Said {
  /** The model's own text, in which the output is sought. */
  text: string;
  usage?: SaidUsage | undefined;
  /** Why there is no answer. */
  failure?: string | undefined;
}

export interface Preset {
  /** What is run: the first word of its command. */
  program: string;
  is: string;
  /** The version whose documentation says so. */
  version: string;
  install: string;
  /** Variables that it takes a key from, where it is not logged in otherwise. */
  keys: readonly string[];
  /** It runs no model unless one is named. */
  needsModel?: true;
  /** The command, which reads a prompt from stdin. @param model quoted for the shell */
  command(model: string | undefined): string;
  read(end: Pick<ProgramEnd, "stdout" | "stderr">): Said;
}
