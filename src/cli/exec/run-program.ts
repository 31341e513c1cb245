/** Runs a program once, through the shell, with a text on stdin; keeps the ends of what it prints. */
import { spawn } from "node:child_process";

/** Bytes kept of stdout: an output is at most an event, 256 KiB, and may be spaced out. */
const stdoutBytes = 1024 * 1024;
/** Bytes kept of stderr: it is quoted in an error of 1,000 characters. */
const stderrBytes = 4 * 1024;
/** Milliseconds from SIGTERM to SIGKILL; less than the client waits for a handler that was revoked. */
const killAfterMs = 5_000;
/** Milliseconds that pipes may stay open after the program's end: a daemon that it left behind may hold them for ever. */
const pipesLingerMs = 1_000;

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
  stderr: string;
  timedOut: boolean;
}

/**
 * Runs a program in a process group of its own, so that what it started ends with it.
 * @throws Error if the shell cannot be started
 */
export function runProgram({ command, input, env, signal, timeoutMs }: ProgramRun): Promise<ProgramEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, { shell: true, detached: true, env, stdio: ["pipe", "pipe", "pipe"] });
    const stdout = keepTail(child.stdout, stdoutBytes);
    const stderr = keepTail(child.stderr, stderrBytes);
    const timers: NodeJS.Timeout[] = [];
    let timedOut = false;

    const kill = (name: NodeJS.Signals) => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, name);
      } catch {
        // It has ended already.
      }
    };
    const end = () => {
      kill("SIGTERM");
      timers.push(setTimeout(kill, killAfterMs, "SIGKILL"));
    };
    signal.addEventListener("abort", end, { once: true });
    if (signal.aborted) end();
    if (timeoutMs !== undefined) {
      const timeOut = () => {
        timedOut = true;
        end();
      };
      timers.push(setTimeout(timeOut, timeoutMs));
    }

    const cleanUp = () => {
      for (const timer of timers) clearTimeout(timer);
      signal.removeEventListener("abort", end);
    };
    child.once("error", (error) => {
      cleanUp();
      reject(error);
    });
    child.once("exit", () => {
      const close = () => {
        child.stdout.destroy();
        child.stderr.destroy();
      };
      timers.push(setTimeout(close, pipesLingerMs));
    });
    child.once("close", (code, by) => {
      cleanUp();
      resolve({ code, signal: by, stdout: stdout(), stderr: stderr(), timedOut });
    });
    // A program that reads nothing closes the pipe; that is its right.
    child.stdin.once("error", () => {});
    child.stdin.end(input);
  });
}

function keepTail(stream: NodeJS.ReadableStream, bytes: number): () => string {
  let parts: Buffer[] = [];
  let size = 0;
  stream.on("data", (part: Buffer) => {
    parts.push(part);
    size += part.length;
    if (size <= bytes * 2) return;
    const tail = Buffer.concat(parts).subarray(-bytes);
    parts = [tail];
    size = tail.length;
  });
  return () => Buffer.concat(parts).subarray(-bytes).toString("utf8");
}
