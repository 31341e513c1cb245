/**
 * Ends the runtime when this process ends, however it ends: workerd by itself serves and writes on after its parent was
 * killed. A shell holds the reading end of a pipe; when nobody holds the other end any more it kills what it was told of.
 */
import { spawn } from "node:child_process";
import type { Socket } from "node:net";

export interface RuntimeWatchdog {
  /** Names the runtime that is there now. */
  guard(pid: number): void;
  /** Ends the watchdog; a runtime is left alone. */
  dismiss(): void;
}

/** Reads the runtime's pid a line each time; at the pipe's end it kills that one, if it is a workerd still: a pid is given again. */
const script = `
runtime=
while read -r line; do runtime=$line; done
case "$runtime" in '' | *[!0-9]*) exit 0 ;; esac
case "$(cat "/proc/$runtime/comm" 2>/dev/null || ps -o comm= -p "$runtime" 2>/dev/null)" in *workerd*) kill -9 "$runtime" ;; esac
`;

export function startWatchdog(): RuntimeWatchdog {
  // In a session of its own: a signal to our process group must not reach it before it has done its work.
  const shell = spawn("/bin/sh", ["-c", script], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  // It went away, or there is no shell: then a runtime that outlives us is ended by the next start.
  shell.on("error", () => {});
  shell.stdin.on("error", () => {});
  // Neither keeps this process going.
  shell.unref();
  (shell.stdin as Socket).unref();
  return {
    guard: (pid) => void shell.stdin.write(`${pid}\n`),
    dismiss: () => void shell.stdin.end("none\n"),
  };
}
