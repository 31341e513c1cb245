/** One side of a comparison: a file, or a revision that a server has. */
import { existsSync } from "node:fs";
import { type CompiledWorkflow, compileWorkflow } from "../../../compile/compile-workflow.ts";
import type { Answer } from "../../../contract/http/answers.ts";
import type { Api } from "../api.ts";
import { CliError, exitCodes } from "../command.ts";
import { compileFile } from "../compile/compile-file.ts";
import type { Terminal } from "../terminal.ts";

export interface Side {
  /** As people call it. */
  label: string;
  compiled: CompiledWorkflow;
}

/** A workflow's name, and after `@` the beginning of a revision. */
const pattern = /^([a-z0-9]+(?:-[a-z0-9]+)*)(?:@([0-9a-f]{6,32}))?$/;

/**
 * Reads `FILE`, `NAME` (what is published) or `NAME@REVISION`.
 * @param connect is asked for the server when one is needed
 * @throws {CliError} where there is none, or it does not compile
 */
export async function readSide(named: string, connect: () => Api, terminal: Terminal): Promise<Side> {
  const [, name, revision] = pattern.exec(named) ?? [];
  if (name === undefined || existsSync(named)) {
    if (named !== "-" && !existsSync(named))
      throw new CliError(`${named} is no file, and no workflow of a server.`, {
        hint: "Name a file, a published workflow, or one of its revisions as NAME@REVISION.",
        exitCode: exitCodes.usage,
      });
    return { label: named, compiled: (await compileFile(named, terminal)).compiled };
  }
  return readPublished(name, revision, connect());
}

/** @throws {CliError} where the server has none, or this compiler does not take it any more */
export async function readPublished(name: string, revision: string | undefined, api: Api): Promise<Side> {
  const path = `v1/workflows/${encodeURIComponent(name)}`;
  const found =
    revision === undefined
      ? ((await api.call("GET", path)) as Answer<"workflow">)
      : ((await api.call("GET", `${path}/revisions/${revision}`)) as Answer<"revision">);
  const label = `${name}@${found.revision.slice(0, 8)}`;
  const { compiled, diagnostics } = compileWorkflow(found.source);
  if (compiled) return { label, compiled };
  throw new CliError(`${label} does not compile any more: ${diagnostics.find(({ severity }) => severity === "error")?.message ?? ""}`, {
    hint: "It was published by another version of nerveflare.",
  });
}
