/** Looks whether the program of `--exec` is there, before the agent takes turns that it could only fail. */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";

/** Why a command cannot run, and what to do. */
export interface MissingProgram {
  message: string;
  hint: string;
}

/**
 * Judges commands that begin with a plain word; what is more of a shell script than that is the shell's to judge.
 * @returns undefined if it is there, or cannot be told without running it
 */
export function findMissingProgram(command: string, env: Record<string, string | undefined>): MissingProgram | undefined {
  if (command.trim() === "")
    return { message: "--exec is empty.", hint: "Give the program to run for each turn, such as --exec ./review.sh." };
  const [, word] = /^\s*([\w./][\w./+-]*)(?=\s|$)/.exec(command) ?? [];
  if (word === undefined) return undefined;
  if (word.includes("/")) return findMissingFile(word);
  // Not only files: the shell has words of its own.
  const { status, error } = spawnSync("/bin/sh", ["-c", 'command -v "$0"', word], { env, stdio: "ignore" });
  if (error || status === 0) return undefined;
  const hint = existsSync(word)
    ? `There is a file of that name here: give its path, --exec ./${word}, or what runs it, such as python3 or sh.`
    : "Install it, or give the path to it. Programs are looked for in PATH.";
  return { message: `There is no program ${word} in PATH, which --exec is to run.`, hint };
}

function findMissingFile(path: string): MissingProgram | undefined {
  if (!existsSync(path))
    return { message: `There is no file ${path}, which --exec is to run.`, hint: `Paths are taken from ${process.cwd()}.` };
  try {
    accessSync(path, constants.X_OK);
    return undefined;
  } catch {
    return {
      message: `${path}, which --exec is to run, is not executable.`,
      hint: `chmod +x ${path}, or give what runs it, such as python3 or sh.`,
    };
  }
}
