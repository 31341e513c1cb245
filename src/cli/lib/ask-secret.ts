/** Asks a person at the terminal for something that is not shown while it is typed. */
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { CliError } from "./command.ts";

/** Whether somebody is there to be asked. */
export function canAsk(env: Record<string, string | undefined>): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true && !env["CI"];
}

/** Asks on stderr. An empty answer is one; Ctrl-C and the end of the input are none. @throws CliError where there is no answer */
export function askSecret(question: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  lines.once("line", (line) => {
    resolve(line);
    lines.close();
  });
  // After an answer this has no effect.
  lines.once("close", () => {
    process.stderr.write("\n");
    reject(new CliError("Nothing was given, and nothing was done."));
  });
  return promise;
}
