/** The folder of a program's artifacts, and what is no way out of it. */
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Artifacts } from "../../../src/client/artifacts.ts";
import type { TurnAssigned } from "../../../src/contract/kinds/turn.ts";
import { openArtifactFolder } from "../../../src/exec/artifact-folder.ts";

const id = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
const never = new AbortController().signal;

async function open(turn: object = {}) {
  const put: string[] = [];
  const artifacts = {
    async *read() {
      yield new TextEncoder().encode("hello");
    },
    put: async (blob: Blob, { name }: { name: string }) => {
      put.push(await blob.text());
      return { $artifact: id, size: 5, type: "text/plain", name };
    },
  } as unknown as Artifacts;
  const folder = await openArtifactFolder(turn as TurnAssigned, artifacts, never);
  onTestFinished(folder.remove);
  return { folder, put };
}

test("[ART20] a file of the folder is uploaded, once; what leads out of it, is none or is a folder fails the turn", async () => {
  const { folder, put } = await open();
  await writeFile(join(folder.path, "out.txt"), "mine");
  await mkdir(join(folder.path, "inner"));
  await symlink("/etc/hostname", join(folder.path, "link.txt"));
  await symlink("/etc", join(folder.path, "inner", "etc"));
  const output = await folder.upload({ $status: "made", a: { $artifact: "out.txt" }, b: [{ $artifact: "inner/../out.txt" }] }, never);
  expect(output).toMatchObject({ a: { $artifact: id, name: "out.txt" }, b: [{ $artifact: id }] });
  expect(put).toEqual(["mine", "mine"]);
  for (const forged of ["../../etc/hostname", "/etc/hostname", "link.txt", "inner/etc/hostname", "inner", ".", "..", "", "no.txt", "a\0b"])
    await expect(folder.upload({ $status: "made", a: { $artifact: forged } }, never), forged).rejects.toThrow("there is no such file");
  expect(put).toHaveLength(2);
});

test("[ART20] what a turn names is fetched into the folder under its name, whatever path that is", async () => {
  for (const name of ["a.txt", "../../a.txt", "/etc/a.txt", "..", "", "a\\b"]) {
    const { folder } = await open({ data: { $artifact: id, size: 5, name } });
    const file = folder.files[id] ?? "";
    expect(file.startsWith(join(folder.path, "in/"))).toBe(true);
    expect(file.endsWith(name === "a.txt" ? "/a.txt" : "/artifact")).toBe(true);
    expect(await readFile(file, "utf8")).toBe("hello");
  }
});
