/** Whether a port of this machine can be had, before anything is written for a server that could not listen; and who has it instead. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";
import { ServerStartError } from "./server-start-error.ts";

/** Ports above the one that is taken, of which the first that is free is offered. */
const offered = 20;

/**
 * Looks whether a port of 127.0.0.1 is free. It may be taken the moment after: who listens then says the same by {@link explainTaken}.
 * @throws {ServerStartError} `port_in_use`, `port_denied`
 */
export async function checkPort(port: number): Promise<void> {
  const error = await tryPort(port);
  if (error === null) return;
  if (error.code === "EADDRINUSE") throw await explainTaken(port);
  if (error.code === "EACCES" || error.code === "EPERM") throw explainDenied(port);
  throw new ServerStartError("port_denied", `Port ${port} of 127.0.0.1 cannot be opened: ${error.message}.`, {
    hint: "The server listens on 127.0.0.1 alone: see that this machine, or the container, has that address.",
    cause: error,
  });
}

/** Says who has a port, and offers another. */
export async function explainTaken(port: number): Promise<ServerStartError> {
  const holder = findHolder(port);
  const free = await findFree(port);
  return new ServerStartError("port_in_use", `Port ${port} of 127.0.0.1 is taken${holder === null ? "" : ` by ${holder}`}.`, {
    hint: `Take another: PORT=${free} or --port ${free}; 0 takes a free one.`,
  });
}

/** Says that a port is not this user's. */
export function explainDenied(port: number): ServerStartError {
  return new ServerStartError("port_denied", `Port ${port} of 127.0.0.1 is not this user's to open.`, {
    hint: "Ports below 1024 are the administrator's. Take another: PORT=8787 or --port 8787; a reverse proxy in front can have the low one.",
  });
}

/** Null: it could be had. */
async function tryPort(port: number): Promise<NodeJS.ErrnoException | null> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<NodeJS.ErrnoException | null>();
  server.once("error", resolve).listen(port, "127.0.0.1", () => server.close(() => resolve(null)));
  return promise;
}

async function findFree(port: number): Promise<number> {
  for (let next = port + 1; next <= Math.min(port + offered, 65_535); next++) if ((await tryPort(next)) === null) return next;
  return 0;
}

/** Who listens on a port, where the operating system tells: Linux does, of this user's processes by number, of others' by user. */
function findHolder(port: number): string | null {
  const listeners = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap(readListeners).filter((listener) => listener.port === port);
  const [listener] = listeners;
  if (!listener) return null;
  for (const pid of readNames("/proc").filter((name) => /^\d+$/.test(name))) {
    const sockets = readNames(`/proc/${pid}/fd`).map((fd) => readLink(`/proc/${pid}/fd/${fd}`));
    if (!listeners.some(({ inode }) => sockets.includes(`socket:[${inode}]`))) continue;
    return `process ${pid} (${read(`/proc/${pid}/comm`).trim()}${describeParent(pid)})`;
  }
  return listener.user === process.getuid?.() ? null : `a process of user ${listener.user}`;
}

/** A runtime is ended by who started it, which starts it again otherwise. */
function describeParent(pid: string): string {
  if (!read(`/proc/${pid}/comm`).startsWith("workerd")) return "";
  const parent = /^PPid:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1];
  return parent === undefined ? "" : `, started by process ${parent}`;
}

interface Listener {
  port: number;
  user: number;
  inode: string;
}

/** @param table `/proc/net/tcp` or the same of IPv6: a line per socket, the fields apart by blanks */
function readListeners(table: string): Listener[] {
  const listening = "0A";
  return read(table)
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state]) => state === listening)
    .map(([, address = "", , , , , , user, , inode = ""]) => ({
      port: Number.parseInt(address.split(":")[1] ?? "", 16),
      user: Number(user),
      inode,
    }));
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function readNames(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
