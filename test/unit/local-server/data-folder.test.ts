/** Whose a data folder is: what becomes of an earlier server's record and of the processes that it names. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { claimDataFolder, explainUnusable, findUnwritable, readRecord, type ServerRecord } from "../../../src/local-server/data-folder.ts";
import { identifyFolder } from "../../../src/local-server/folder-identity.ts";
import { identifyProcess, type ProcessIdentity } from "../../../src/local-server/process-identity.ts";

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "nerveflare-unit-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A process that stands for a runtime. */
async function startRuntime(): Promise<{ child: ChildProcess; identity: ProcessIdentity }> {
  const child = spawn("sleep", ["60"], { stdio: "ignore" });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child, "spawn");
  const identity = identifyProcess(child.pid as number);
  if (!identity) throw new Error("the stand-in for the runtime ended at once");
  return { child, identity };
}

const gone: ProcessIdentity = { pid: 999_999_999, started: "another boot:1" };

/** A folder in which a killed server left its record. */
function leaveRecord(data: string, workerd: ProcessIdentity, folder: ServerRecord["folder"] = identifyFolder(data)): void {
  writeFileSync(join(data, "server.json"), JSON.stringify({ folder, server: gone, workerd, url: null } satisfies ServerRecord));
}

async function claim(data: string) {
  const folder = await claimDataFolder(data);
  onTestFinished(() => folder.release());
  return folder;
}

test("[FOLDER1] the runtime that a killed server left on this very folder is ended", async () => {
  const data = makeFolder();
  const { child, identity } = await startRuntime();
  leaveRecord(data, identity);
  const ended = once(child, "exit");
  const folder = await claim(data);
  await ended;
  expect(folder.remarks.join()).toContain(`ended process ${identity.pid}`);
});

test("[FOLDER2] a copy leaves its original's runtime alone, and says that it is one", async () => {
  const original = makeFolder();
  const { child, identity } = await startRuntime();
  leaveRecord(original, identity);
  const copy = join(makeFolder(), "copy");
  cpSync(original, copy, { recursive: true });
  const folder = await claim(copy);
  expect(child.exitCode ?? child.signalCode).toBeNull();
  expect(folder).toMatchObject({ copiedInUse: true, remarks: [expect.stringContaining(`a copy of ${original}`)] });
});

test("[FOLDER3] a copy that takes its original's path is a copy still", async () => {
  const original = makeFolder();
  const { child, identity } = await startRuntime();
  leaveRecord(original, identity);
  const copy = join(makeFolder(), "copy");
  cpSync(original, copy, { recursive: true });
  // The original moves on; its runtime goes with it.
  renameSync(original, `${original}-moved`);
  onTestFinished(() => rmSync(`${original}-moved`, { recursive: true, force: true }));
  renameSync(copy, original);
  await claim(original);
  expect(child.exitCode ?? child.signalCode).toBeNull();
});

test("[FOLDER4] a moved folder whose runtime may still write there is refused, and the runtime lives", async () => {
  const original = makeFolder();
  const { child, identity } = await startRuntime();
  leaveRecord(original, identity);
  const moved = `${original}-moved`;
  renameSync(original, moved);
  onTestFinished(() => rmSync(moved, { recursive: true, force: true }));
  await expect(claimDataFolder(moved)).rejects.toMatchObject({
    code: "data_folder_in_use",
    hint: expect.stringContaining(String(identity.pid)),
  });
  expect(child.exitCode ?? child.signalCode).toBeNull();
});

test("[FOLDER5] a moved folder whose processes are gone is taken", async () => {
  const original = makeFolder();
  leaveRecord(original, gone);
  const moved = `${original}-moved`;
  renameSync(original, moved);
  onTestFinished(() => rmSync(moved, { recursive: true, force: true }));
  expect(await claim(moved)).toMatchObject({ remarks: [], copiedInUse: false });
});

test("[FOLDER6] a record that does not say of which folder it is never ends a process", async () => {
  const data = makeFolder();
  const { child, identity } = await startRuntime();
  writeFileSync(join(data, "server.json"), JSON.stringify({ server: gone, workerd: identity, url: null }));
  await expect(claimDataFolder(data)).rejects.toMatchObject({ code: "data_folder_in_use" });
  expect(child.exitCode ?? child.signalCode).toBeNull();
});

test.skipIf(process.platform !== "linux")(
  "[FOLDER12] a runtime that has a file of the folder open is ended, whatever the record says of the folder (Linux: elsewhere the kernel does not tell)",
  async () => {
    const data = makeFolder();
    mkdirSync(join(data, "state"));
    const file = openSync(join(data, "state", "d1.sqlite"), "w");
    const child = spawn("sleep", ["60"], { stdio: ["ignore", file, "ignore"] });
    closeSync(file);
    onTestFinished(() => void child.kill("SIGKILL"));
    await once(child, "spawn");
    const ended = once(child, "exit");
    // As versions wrote it that did not note the folder.
    writeFileSync(join(data, "server.json"), JSON.stringify({ server: gone, workerd: identifyProcess(child.pid as number), url: null }));
    const link = `${data}-link`;
    symlinkSync(data, link);
    onTestFinished(() => rmSync(link));
    const folder = await claim(link);
    await ended;
    expect(folder.remarks.join()).toContain(`ended process ${child.pid}`);
  },
);

test("[FOLDER7] a pid that is another process's by now is left alone", async () => {
  const data = makeFolder();
  const { child, identity } = await startRuntime();
  leaveRecord(data, { ...identity, started: "another boot:1" });
  await claim(data);
  expect(child.exitCode ?? child.signalCode).toBeNull();
});

test("[FOLDER8] a folder that is taken is refused, and its record stays as it is", async () => {
  const data = makeFolder();
  const folder = await claim(data);
  folder.begin();
  const before = readRecord(join(data, "server.json"));
  await expect(claimDataFolder(data)).rejects.toMatchObject({ code: "data_folder_in_use" });
  expect(readRecord(join(data, "server.json"))).toEqual(before);
});

test("[FOLDER9] who claims and is refused for another reason leaves no trace of having begun", async () => {
  const data = makeFolder();
  leaveRecord(data, gone, { path: "/elsewhere", device: 1, inode: 1 });
  const before = readRecord(join(data, "server.json"));
  (await claimDataFolder(data)).release();
  expect(readRecord(join(data, "server.json"))).toEqual(before);
});

test.each([
  ["deleted", (data: string) => rmSync(data, { recursive: true }), "deleted or moved away"],
  ["moved away", (data: string) => renameSync(data, `${data}-moved`), "deleted or moved away"],
  ["emptied", (data: string) => rmSync(join(data, "state"), { recursive: true }), "deleted or moved away"],
  [
    "replaced by a copy",
    (data: string) => {
      cpSync(data, `${data}-moved`, { recursive: true });
      renameSync(data, `${data}-was`);
      renameSync(`${data}-moved`, data);
    },
    "Another folder",
  ],
])("[FOLDER10] a folder that is %s under its server is noticed, and not made again", async (_, harm, said) => {
  const data = makeFolder();
  onTestFinished(() => {
    for (const left of [`${data}-moved`, `${data}-was`]) rmSync(left, { recursive: true, force: true });
  });
  const folder = await claim(data);
  folder.begin();
  expect(folder.findFault()).toBeNull();
  harm(data);
  const [stood, state] = [existsSync(data), existsSync(join(data, "state"))];
  expect(folder.findFault()).toContain(said);
  folder.note({ url: "http://127.0.0.1:1" });
  expect([existsSync(data), existsSync(join(data, "state"))]).toEqual([stood, state]);
});

test("[FOLDER11] a path that is a file is refused with what to do", async () => {
  const file = join(makeFolder(), "file");
  writeFileSync(file, "");
  for (const data of [file, join(file, "below")])
    await expect(claimDataFolder(data)).rejects.toMatchObject({ code: "data_folder_unusable", hint: expect.stringContaining("--data") });
});

test("[FOLDER13] a link to what is not there is called one, and a folder that takes nothing says why", async () => {
  const link = join(makeFolder(), "link");
  symlinkSync(join(link, "..", "nothing"), link);
  await expect(claimDataFolder(link)).rejects.toMatchObject({
    code: "data_folder_unusable",
    hint: expect.stringContaining("symbolic link"),
  });
  const folder = makeFolder();
  expect(findUnwritable(folder)).toBeUndefined();
  expect(readdirSync(folder)).toEqual([]);
  expect(explainUnusable(folder, Object.assign(new Error("ENOSPC: no space left"), { code: "ENOSPC" }))).toMatchObject({
    code: "data_folder_unusable",
    hint: expect.stringContaining("The disk is full"),
  });
  expect(findUnwritable(join(folder, "nothing"))).toMatchObject({ code: "ENOENT" });
});

test("[SRV40] an index that cannot be read because nothing can be written is no damage: the disk is named", async () => {
  const folder = mkdtempSync(join(tmpdir(), "nerveflare-unit-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "state/d1/objects"), { recursive: true });
  writeFileSync(join(folder, `state/d1/objects/${"a".repeat(64)}.sqlite`), "no database at all".repeat(100));
  const path = "../../../src/local-server/data-folder.ts";
  vi.doMock(path, async (load: () => Promise<object>) => ({
    ...(await load()),
    findUnwritable: () => Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" }),
  }));
  vi.resetModules();
  onTestFinished(() => {
    vi.doUnmock(path);
    vi.resetModules();
  });
  const { inspectFolder } = await import("../../../src/local-server/inspect-folder.ts");
  expect(() => inspectFolder(folder, [])).toThrow(
    expect.objectContaining({ code: "data_folder_unusable", hint: expect.stringContaining("The disk is full") }),
  );
});
