/** Runs a program once, through the shell, with a text on stdin; keeps the ends of what it prints. */
import { spawn } from "node:child_process";
import { execLimits } from "./limits.ts";

/** What to run. */
export interface ProgramRun {
  command: string;
  input: string;
  env: Record<string, string | undefined>;
  /** Ends it by SIGTERM, then SIGKILL. */
  signal: AbortSignal;
  /** Milliseconds that it may take. */
  timeoutMs?: number | undefined;
}

/** How it ended. */
export interface ProgramEnd {
  /** Null if a signal ended it. */
  code: number | null;
  signal: string | null;
  stdout: string;
  /** Whether it printed more than is kept. */
  cut: boolean;
  stderr: string;
  timedOut: boolean;
}

/**
 * Runs a program in a process group of its own, so that what it started ends with it: at the abort, at the timeout, and with this
 * process.
 * @throws Error if the shell cannot be started
 */
export function runProgram({ command, input, env, signal, timeoutMs }: ProgramRun): Promise<ProgramEnd> {
  return new Promise((resolve, reject) => {
    const child = startShell(command, env);
    const stdout = keepTail(child.stdout, execLimits.stdoutBytes);
    const stderr = keepTail(child.stderr, execLimits.stderrBytes);
    const group = openGroup(child.pid);
    let timedOut = false;
    let lingering: NodeJS.Timeout | undefined;

    const timeOut = () => {
      timedOut = true;
      group.end();
    };
    const timer = timeoutMs === undefined ? undefined : setTimeout(timeOut, timeoutMs);
    signal.addEventListener("abort", group.end, { once: true });
    if (signal.aborted) group.end();

    const cleanUp = () => {
      clearTimeout(timer);
      clearTimeout(lingering);
      signal.removeEventListener("abort", group.end);
      group.leave();
    };
    child.once("error", (error) => {
      cleanUp();
      reject(explainStart(error));
    });
    child.once("exit", () => {
      const close = () => {
        child.stdout.destroy();
        child.stderr.destroy();
      };
      lingering = setTimeout(close, execLimits.pipesLingerMs);
    });
    child.once("close", (code, by) => {
      cleanUp();
      const printed = stdout();
      resolve({ code, signal: by, stdout: printed.text, cut: printed.cut, stderr: stderr().text, timedOut });
    });
    // A program that reads nothing closes the pipe; that is its right.
    child.stdin.once("error", () => {});
    child.stdin.end(input);
  });
}

function startShell(command: string, env: ProgramRun["env"]) {
  try {
    return spawn(command, { shell: true, detached: true, env, stdio: ["pipe", "pipe", "pipe"] });
  } catch (error) {
    throw explainStart(error as Error);
  }
}

/** Node throws some failures of the system and emits others. */
function explainStart(error: Error): Error {
  return new Error(`The program could not be started: ${error.message}`, { cause: error });
}

/** Groups that end with this process: what they would answer goes nowhere. Nobody would be there to kill those that do not listen. */
const groups = new Set<(name: NodeJS.Signals) => void>();
process.once("exit", () => {
  for (const kill of groups) kill("SIGKILL");
});

/** The process group that `leader` leads. */
function openGroup(leader: number | undefined) {
  let ending: NodeJS.Timeout | undefined;
  const kill = (name: NodeJS.Signals | 0): boolean => {
    try {
      return leader !== undefined && process.kill(-leader, name);
    } catch {
      // All of it has ended.
      return false;
    }
  };
  groups.add(kill);
  return {
    end() {
      if (ending !== undefined) return;
      kill("SIGTERM");
      ending = setTimeout(() => {
        kill("SIGKILL");
        groups.delete(kill);
      }, execLimits.killAfterMs);
    },
    /** The leader has ended. Who was told to end, and goes on without it, is killed in time. */
    leave() {
      if (ending !== undefined && kill(0)) return;
      clearTimeout(ending);
      groups.delete(kill);
    },
  };
}

function keepTail(stream: NodeJS.ReadableStream, bytes: number): () => { text: string; cut: boolean } {
  let parts: Buffer[] = [];
  let size = 0;
  let cut = false;
  stream.on("data", (part: Buffer) => {
    parts.push(part);
    size += part.length;
    if (size <= bytes * 2) return;
    const tail = Buffer.concat(parts).subarray(-bytes);
    parts = [tail];
    size = tail.length;
    cut = true;
  });
  return () => {
    const all = Buffer.concat(parts);
    // Decoded as a whole: a character may have come in two parts.
    return { text: decode(all.subarray(-bytes), all.subarray(0, 2)), cut: cut || all.length > bytes };
  };
}

/**
 * Shells of Windows write UTF-16, with a mark before it or without: then every other byte of what is mostly ASCII is 0.
 * @param head the first bytes that are kept, where the mark would be
 */
function decode(bytes: Buffer, head: Buffer): string {
  const marks = { le: head[0] === 0xff && head[1] === 0xfe, be: head[0] === 0xfe && head[1] === 0xff };
  const sample = bytes.subarray(0, 4_096);
  const zeros = (from: number): number => sample.filter((byte, at) => at % 2 === from && byte === 0).length;
  const many = sample.length / 4;
  if (marks.le || (zeros(1) > many && zeros(0) === 0)) return new TextDecoder("utf-16le").decode(bytes);
  if (marks.be || (zeros(0) > many && zeros(1) === 0)) return new TextDecoder("utf-16be").decode(bytes);
  return bytes.toString("utf8");
}
