/** Runs the Worker on this machine: takes the data folder, migrates it, and only then lets anybody in. */

import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseOrigins } from "../contract/origins.ts";
import { findPlacementFault, type Placement, readPlacement } from "../contract/placement.ts";
import { requiredMigrations } from "../durable/required-migrations.ts";
import { explainRuntimeMissing } from "../runtime-missing.ts";
import { type AdminToken, settleAdminToken } from "./admin-token.ts";
import { askLoopback } from "./ask-loopback.ts";
import { checkPort, explainDenied, explainTaken } from "./claim-port.ts";
import { compactD1 } from "./compact-d1.ts";
import type { Launch } from "./configure-runtime.ts";
import { type ControlServer, type Report, startControl } from "./control-server.ts";
import { createConfigurator } from "./create-configurator.ts";
import { claimDataFolder, type DataFolder, explainUnusable, findUnwritable } from "./data-folder.ts";
import { createEntrySocket } from "./entry-socket.ts";
import { refuseOtherPlacement } from "./folder-placement.ts";
import { type HostServer, startHost } from "./host-server.ts";
import { describeClock, inspectFolder, noteFolder } from "./inspect-folder.ts";
import { migrateD1 } from "./migrate-d1.ts";
import { type Runtime, RuntimeError, runRuntime } from "./run-runtime.ts";
import { configurationFiles, nameConfiguration, type RuntimeSettings } from "./runtime-options.ts";
import { startWatchdog } from "./runtime-watchdog.ts";
import { ServerStartError } from "./server-start-error.ts";
import { startStandby } from "./standby.ts";
import { dropMark, findState, foldLogs, inUseMark, listDatabases, listFiles } from "./state-files.ts";

const limits = {
  /** Milliseconds between two runs of the cron triggers. */
  cron: 3_600_000,
  /** Milliseconds between two looks at whether the data folder is in its place. */
  look: 1_000,
  /** Milliseconds that a new runtime has to become ready; it then serves anyway and says what is missing. */
  ready: 60_000,
} as const;

/** How to run a local server. */
export interface ServerOptions {
  /** Folder that holds everything the server keeps; created where absent. */
  data: string;
  /** 0 takes a free one. */
  port: number;
  /** Absent: the one kept in the data folder, or a new one. */
  adminToken?: string | undefined;
  /** Shows what there is and runs nothing, until it is told to go on. */
  paused?: boolean;
  /** Gets what the Worker logs, a line at a time. */
  log?: (line: string) => void;
}

/** A server that answers. */
export interface RunningServer {
  /** Without a slash at the end. */
  url: string;
  adminToken: string;
  /** Where the token is from, and is kept. */
  admin: AdminToken;
  /** Absolute path of the data folder. */
  data: string;
  /** Where its actors live. */
  placement: Placement;
  /** The processes; `workerd` changes when the runtime crashed and was started again. */
  pids: { server: number; workerd: number };
  /** Why the Worker was bundled for this start, and in what time; null: it was there. */
  bundled: string | null;
  /** Ends the runtime, also with sockets open, and gives the data folder free. What was answered before is on disk. */
  stop(): Promise<void>;
}

/**
 * Starts a server and resolves when it answers, its D1 migrated. Until then nothing listens.
 * @throws {ServerStartError} when the data folder is another's or not to be opened, the port is taken, or the Worker does not run
 */
export async function startServer({ data, port, adminToken, paused = false, log = () => {} }: ServerOptions): Promise<RunningServer> {
  await checkSettings(process.env);
  const placement = readPlacement(process.env.NERVEFLARE_PLACEMENT);
  const folder = await claimDataFolder(data);
  for (const remark of folder.remarks) log(remark);
  const pids = { server: process.pid, workerd: 0 };
  const watchdog = startWatchdog();
  function onSpawn(pid: number): void {
    pids.workerd = pid;
    watchdog.guard(pid);
    folder.note({ workerdPid: pid });
  }
  const configurator = createConfigurator();
  let host: HostServer | undefined;
  let serving: Serving | undefined;
  let opened = false;

  async function stop(): Promise<void> {
    configurator.dismiss();
    await serving?.stop();
    host?.close();
    watchdog.dismiss();
    // A folder that was refused stays as it is.
    if (opened) foldFolder(folder);
    folder.release();
  }

  try {
    if (port !== 0) await checkPort(port);
    inspectFolder(folder.path, requiredMigrations, { copiedInUse: folder.copiedInUse });
    refuseOtherPlacement(folder.path, placement);
    folder.begin();
    opened = true;
    removeConfigurations(folder.path);
    compactD1(findState(folder.path), log);
    const admin = settleAdminToken(folder.path, adminToken);
    host = await startHost(folder);
    const settings: RuntimeSettings = {
      configuration: join(folder.path, nameConfiguration()),
      scratch: folder.path,
      state: findState(folder.path),
      services: host.services,
      port,
      adminToken: admin.token,
      paused,
    };
    const configuration = await configurator.configure(settings);
    const { remark, migrations } = configuration;
    if (remark !== null) log(remark);
    // Before an object can wake to a database that its code does not know.
    migrateD1(settings.state, migrations);
    const clock = describeClock(folder.path, Date.now());
    if (clock !== null) log(clock);
    noteFolder(folder.path, requiredMigrations);
    serving = await serve({ settings, configuration, folder, loopback: host.address, pids, log, onSpawn });
    return { url: serving.url, adminToken: admin.token, admin, data: folder.path, placement, pids, bundled: remark, stop };
  } catch (error) {
    await stop().catch(() => {});
    throw await explainFailure(error, folder.path, port);
  }
}

/** @throws {ServerStartError} `bad_setting` for a variable that the Worker could not read */
async function checkSettings({ NERVEFLARE_RETENTION, NERVEFLARE_ORIGINS, NERVEFLARE_PLACEMENT }: NodeJS.ProcessEnv): Promise<void> {
  const placement = findPlacementFault(NERVEFLARE_PLACEMENT);
  if (placement !== undefined) throw new ServerStartError("bad_setting", placement);
  const origins = parseOrigins(NERVEFLARE_ORIGINS);
  if (!origins.ok) throw new ServerStartError("bad_setting", origins.error);
  if (NERVEFLARE_RETENTION === undefined) return;
  // Brings zod along, which a server that waits for months can do without.
  const { parseRetention } = await import("../durable/projector/retention.ts");
  const retention = parseRetention(NERVEFLARE_RETENTION);
  if (!retention.ok) throw new ServerStartError("bad_setting", retention.error);
}

interface Serving {
  url: string;
  stop(): Promise<void>;
}

interface ServingParts {
  settings: RuntimeSettings;
  configuration: Launch;
  folder: DataFolder;
  /** Address of the host server. */
  loopback: string;
  pids: { workerd: number };
  log(line: string): void;
  onSpawn(pid: number): void;
}

/** The runtime, whoever takes orders for it, and what is done about it by the clock. */
async function serve({ settings, configuration, folder, loopback, pids, log, onSpawn }: ServingParts): Promise<Serving> {
  let { paused } = settings;
  let runtime: Runtime | undefined;
  let control: ControlServer | undefined;
  let cron: NodeJS.Timeout | undefined;
  let look: NodeJS.Timeout | undefined;
  let standby: Server | undefined;
  let ended = false;
  let copying = false;
  let unpausing: Promise<{ [name: string]: unknown }> | undefined;
  const entry = createEntrySocket(folder.path);

  async function stop(): Promise<void> {
    ended = true;
    clearInterval(cron);
    clearInterval(look);
    control?.close();
    standby?.closeAllConnections();
    standby?.close();
    await runtime?.stop();
    entry.remove();
  }

  /** The folder is not there any more: what is stored now is lost, so nothing is taken. */
  async function standBy(url: string, reason: string): Promise<void> {
    clearInterval(cron);
    clearInterval(look);
    log(`${reason} Nothing is served until the server is started again.`);
    await runtime?.stop();
    if (!ended)
      standby = await startStandby({
        port: Number(new URL(url).port),
        reason: `${reason} The operator must restore it and start the server again.`,
        origins: process.env.NERVEFLARE_ORIGINS,
      });
  }

  /** One at a time: the first to end would let the runtime go on under the other. */
  async function copy({ out }: { [name: string]: unknown }, report: Report): Promise<{ stoodStill: number }> {
    // Imported by those only who take one: a server waits for months without.
    const { BackupError, copyData } = await import("./backup.ts");
    if (copying) throw new BackupError("backup_running", "Another backup of this server is being taken.", "Repeat when it is done.");
    copying = true;
    try {
      return { stoodStill: await copyData(folder.path, String(out), pids.workerd, report) };
    } finally {
      copying = false;
    }
  }

  async function unpause(): Promise<{ [name: string]: unknown }> {
    if (!paused || !runtime) return { paused: false, changed: false };
    const next = await createConfigurator().configure({ ...settings, paused: false });
    if (next.code !== configuration.code)
      throw new Error("The Worker's source has changed since this server was started: start it again, without --paused.");
    await runtime.replace(next);
    const { url } = runtime;
    await awaitReady(url, log);
    paused = false;
    cron = setInterval(runCrons, limits.cron, runtime, configuration.crons, log);
    log("unpaused: what waits goes on");
    return { paused: false, changed: true };
  }

  try {
    runtime = await runRuntime(configuration, { loopback, entry: entry.path, folders: makeFolders(settings.state), log, onSpawn });
    const { url } = runtime;
    await awaitReady(url, log);
    writeFileSync(join(findState(folder.path), inUseMark), "");
    control = await startControl({
      // Who asks meanwhile gets the same answer.
      unpause: () => {
        unpausing ??= unpause().finally(() => {
          unpausing = undefined;
        });
        return unpausing;
      },
      copy,
    });
    folder.note({ url, control: control.address });
    if (!paused) cron = setInterval(runCrons, limits.cron, runtime, configuration.crons, log);
    look = setInterval(() => {
      const fault = folder.findFault();
      if (fault !== null) standBy(url, fault).catch((error: unknown) => log(`nothing answers any more: ${(error as Error).message}`));
    }, limits.look);
    return { url, stop };
  } catch (error) {
    await stop().catch(() => {});
    throw error;
  }
}

/** Miniflare has a service that keeps mails, in a folder of its own that is gone with it. We have no mails, and the runtime wants the folder. */
function makeFolders(state: string): { [service: string]: string } {
  const mails = join(state, "email");
  mkdirSync(mails, { recursive: true, mode: 0o700 });
  return { "email:store-disk": mails };
}

/** Waits until every part answers; a part that fails for good is said, and does not keep the others from being served. */
async function awaitReady(url: string, log: (line: string) => void): Promise<void> {
  const deadline = performance.now() + limits.ready;
  for (;;) {
    const ready = await askLoopback(`${url}/readyz`)
      .then(({ body }) => JSON.parse(body) as { status: string; checks: { part: string; ok: boolean; detail?: string }[] })
      .catch(() => null);
    if (ready && ready.status !== "starting") {
      for (const { part, detail } of ready.checks.filter(({ ok }) => !ok)) log(`${part}: ${detail}`);
      return;
    }
    if (performance.now() > deadline) throw new Error("the runtime does not become ready");
    await delay(50);
  }
}

/** Leaves a folder of which each file is whole by itself, so that any copy of it is one. */
function foldFolder(folder: DataFolder): void {
  if (folder.findFault() !== null) return;
  const state = findState(folder.path);
  dropMark(state);
  foldLogs(state, listDatabases(listFiles(state)));
  removeConfigurations(folder.path);
  noteFolder(folder.path, requiredMigrations);
}

/** Of this server, or of one that was killed: they hold the admin token, and nobody needs them any more. */
function removeConfigurations(data: string): void {
  for (const name of readdirSync(data).filter((each) => configurationFiles.test(each)))
    rmSync(join(data, name), { recursive: true, force: true });
}

/** Runs the Worker's cron triggers: here nothing else does, and once an hour is often enough for what they tidy. */
async function runCrons(runtime: Runtime, crons: string[], log: (line: string) => void): Promise<void> {
  try {
    for (const cron of crons) await runtime.runCron(cron);
  } catch (error) {
    log(`a cron trigger failed: ${(error as Error).message}`);
  }
}

async function explainFailure(error: unknown, data: string, port: number): Promise<ServerStartError> {
  if (error instanceof ServerStartError) return error;
  const { message } = error as { message?: string };
  if (error instanceof RuntimeError && error.code === "address_in_use") return explainTaken(port);
  if (error instanceof RuntimeError && error.code === "address_denied") return explainDenied(port);
  const missing = explainRuntimeMissing(error);
  if (missing) return new ServerStartError("runtime_missing", missing.message, { hint: missing.hint, cause: error });
  // The runtime says of a full disk only that something went wrong.
  const fault = findUnwritable(data);
  if (fault !== undefined) return explainUnusable(data, fault);
  return new ServerStartError("runtime_failed", `The server did not start: ${message ?? String(error)}`, { cause: error });
}
