/** Runs a PostgreSQL of its own, as its documentation has it: default settings, each commit synced. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { accessSync, chmodSync, chownSync, constants, globSync, mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { findFreePort } from "./find-free-port.ts";

/** The user that Postgres runs as where this process is root, which it refuses to be. */
const servant = "nobody";

/** A server that answers. */
export interface PostgresServer {
  /** Of a user with all rights. */
  url: string;
  process: ChildProcess;
}

/** @throws where there is no Postgres on this machine */
export function findPostgres(): { initdb: string; postgres: string } {
  // Debian keeps these out of the path.
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), ...globSync("/usr/lib/postgresql/*/bin").toSorted().toReversed()];
  for (const folder of folders) {
    const [initdb, postgres] = [join(folder, "initdb"), join(folder, "postgres")];
    if (isProgram(initdb) && isProgram(postgres)) return { initdb, postgres };
  }
  throw new Error(
    "PostgreSQL is not installed: no folder of PATH has initdb and postgres. Install it (on Debian: apt-get install postgresql)",
  );
}

/** Makes a database cluster in a folder of `data` and serves it on a free port. */
export async function startPostgres(data: string): Promise<PostgresServer> {
  const { initdb, postgres } = findPostgres();
  const folder = join(data, "postgres");
  mkdirSync(folder, { mode: 0o700 });
  const wrap = process.getuid?.() === 0 ? becomeServant(data, folder) : [];
  const start = (program: string, args: string[]): [string, string[]] => {
    const [first = program, ...others] = [...wrap, program, ...args];
    return [first, others];
  };
  execFileSync(...start(initdb, ["-D", folder, "-U", "bench", "--auth=trust"]), { stdio: ["ignore", "ignore", "pipe"], cwd: "/" });
  const port = await findFreePort();
  const child = spawn(...start(postgres, ["-D", folder, "-p", String(port), "-c", "unix_socket_directories="]), {
    stdio: ["ignore", "ignore", "pipe"],
    cwd: "/",
  });
  await new Promise<void>((resolve, reject) => {
    let said = "";
    child.stderr.on("data", (text) => {
      said = `${said}${text}`.slice(-4000);
      if (said.includes("ready to accept connections")) resolve();
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`PostgreSQL ended with ${code}:\n${said}`)));
  });
  return { url: `postgresql://bench@127.0.0.1:${port}/bench`, process: child };
}

/** Gives the folder to another user. Returns the command that runs a program as that user. */
function becomeServant(data: string, folder: string): string[] {
  const [user, group] = ["-u", "-g"].map((flag) => execFileSync("id", [flag, servant], { encoding: "utf8" }).trim()) as [string, string];
  // It has to get through to its own folder.
  chmodSync(data, 0o711);
  chownSync(folder, Number(user), Number(group));
  return ["setpriv", "--reuid", user, "--regid", group, "--clear-groups"];
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
