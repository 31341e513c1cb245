/** Tells whether a process that was noted earlier still lives: a pid alone may meanwhile be somebody else's. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** A process as it is written to disk. */
export interface ProcessIdentity {
  pid: number;
  /** When it started, in the operating system's own words; with the pid it names one process for ever. */
  started: string;
}

/** Names the process that has this pid now, or null where none lives. */
export function identifyProcess(pid: number): ProcessIdentity | null {
  const started = process.platform === "linux" ? readLinuxStart(pid) : readPosixStart(pid);
  return started === null ? null : { pid, started };
}

/** Whether exactly this process still lives. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identifyProcess(identity.pid)?.started === identity.started;
}

/**
 * Whether a process has a file open somewhere under a folder; false where the operating system does not tell.
 * @param folder as the kernel names it, with no symbolic link
 */
export function hasFilesIn(pid: number, folder: string): boolean {
  const descriptors = `/proc/${pid}/fd`;
  try {
    return readdirSync(descriptors).some((each) => {
      try {
        return readlinkSync(`${descriptors}/${each}`).startsWith(`${folder}/`);
      } catch {
        // It was closed meanwhile.
        return false;
      }
    });
  } catch {
    return false;
  }
}

/** Kills a process and waits until it is gone. @throws when it lives on after `timeout` milliseconds */
export async function endProcess(identity: ProcessIdentity, timeout = 10_000): Promise<void> {
  const deadline = performance.now() + timeout;
  while (isAlive(identity)) {
    if (performance.now() > deadline) throw new Error(`process ${identity.pid} does not end`);
    try {
      process.kill(identity.pid, "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
    await delay(20);
  }
}

/** Ticks since boot, with the boot's id, since ticks begin anew. A zombie is gone: it holds no file open. */
function readLinuxStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the program's name in parentheses, which may itself contain spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state] = fields;
    const ticks = fields[19];
    if (ticks === undefined || state === "Z" || state === "X") return null;
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()}:${ticks}`;
  } catch {
    return null;
  }
}

function readPosixStart(pid: number): string | null {
  const { status, stdout } = spawnSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], { encoding: "utf8" });
  const line = stdout?.trim() ?? "";
  return status === 0 && line !== "" && !line.startsWith("Z") ? line.replace(/^\S+\s+/, "") : null;
}
