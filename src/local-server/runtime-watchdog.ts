/**
 * Ends the runtime when this process ends, however it ends: workerd by itself serves and writes on after its parent was
 * killed. A shell holds the reading end of a pipe; when nobody holds the other end any more it kills what it was told of.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Socket } from "node:net";
import type { Writable } from "node:stream";

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

/** Milliseconds before a watchdog that ended by itself is started again. */
const pause = 1_000;

export function startWatchdog(): RuntimeWatchdog {
  let guarded: number | undefined;
  let dismissed = false;
  let shell = begin();

  function begin(): ChildProcessByStdio<Writable, null, null> {
    // In a session of its own: a signal to our process group must not reach it before it has done its work.
    const begun = spawn("/bin/sh", ["-c", script], { stdio: ["pipe", "ignore", "ignore"], detached: true });
    // There is no shell: then a runtime that outlives us is ended by the next start.
    begun.on("error", () => {});
    begun.stdin.on("error", () => {});
    begun.once("exit", () => {
      if (!dismissed) setTimeout(restart, pause).unref();
    });
    // Neither keeps this process going.
    begun.unref();
    (begun.stdin as Socket).unref();
    if (guarded !== undefined) begun.stdin.write(`${guarded}\n`);
    return begun;
  }

  function restart(): void {
    if (!dismissed) shell = begin();
  }

  return {
    guard(pid) {
      guarded = pid;
      shell.stdin.write(`${pid}\n`);
    },
    dismiss() {
      dismissed = true;
      shell.stdin.end("none\n");
    },
  };
}
