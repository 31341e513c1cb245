/** What an emitted test imports: follows paths of a workflow on the real host, in plain Node. Throws where the host goes another way. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { type CompiledWorkflow, compileWorkflow } from "../compile/compile-workflow.ts";
import { followKeys, type Path } from "../explore/paths/find-paths.ts";
import { runPathInNode } from "../path-tests/run-paths-in-node.ts";
import type { Replay } from "../replay/replay.ts";
import { replayThread } from "../replay/replay-thread.ts";
import { checkScript } from "../simulate/check-script.ts";
import type { Script } from "../simulate/script.ts";

/** A workflow whose paths can be followed. */
export interface OpenWorkflow {
  compiled: CompiledWorkflow;
  /**
   * Follows a path, an eviction between every two events.
   * @param machine which of the two
   * @param beginning how it begins, e.g. `new`
   * @param steps what comes, and what the moderator says, in order
   * @param end the machine's state then
   * @throws where a step is not taken, or leads elsewhere
   */
  follow(machine: Path["machine"], beginning: string, steps: string[], end?: unknown): Promise<void>;
  /**
   * Walks a thread by a script, decided by the real moderator on its answers.
   * @throws where a step goes another way than the script expects
   */
  walk(script: Script): Promise<void>;
  /**
   * Decides again what a thread did, as `nerveflare export --test` writes it.
   * @throws where a step is decided otherwise, with the step and the difference
   */
  replay(thread: Replay): Promise<void>;
}

/**
 * Opens a workflow file.
 * @throws if it does not compile
 */
export function openWorkflow(file: string | URL): OpenWorkflow {
  const { compiled, diagnostics } = compileWorkflow(readFileSync(typeof file === "string" ? file : fileURLToPath(file.href), "utf8"));
  if (!compiled) throw new Error(`${String(file)} does not compile: ${diagnostics.map(({ message }) => message).join("; ")}`);
  return {
    compiled,
    async follow(machine, beginning, steps, end) {
      const path = followKeys(compiled, machine, beginning, steps);
      const { failure } = await runPathInNode(path, { ...compiled, [machine]: path.marked.config });
      if (failure)
        throw new Error(
          `after ${failure.steps.join(", ") || "the beginning"} the ${machine} is ${JSON.stringify(failure.actual)}, not ${JSON.stringify(failure.expected)}`,
        );
      const { value } = path.steps.at(-1)?.expect ?? path.expect;
      if (end !== undefined && !isDeepStrictEqual(value, end))
        throw new Error(`the ${machine} ends in ${JSON.stringify(value)}, not ${JSON.stringify(end)}`);
    },
    async walk(script) {
      const { differences } = await checkScript(compiled, script);
      if (differences.length > 0) throw new Error(differences.join("; "));
    },
    async replay(thread) {
      const { differences } = await replayThread(compiled.ir, thread);
      if (differences.length > 0) throw new Error(differences.join("\n"));
    },
  };
}
