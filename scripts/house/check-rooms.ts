/** Holds each file to what its room may import, and to what it may do with storage. Pure. */
import { dirname, normalize } from "node:path/posix";
import type { Room } from "./room.ts";
import type { SourceFile } from "./source-file.ts";

type Rooms = { readonly [folder: string]: Room };

/** @returns a line per fault: where, what, and what to do */
export function checkRooms(files: readonly SourceFile[], rooms: Rooms): string[] {
  const folders = new Set(files.map(({ path }) => dirname(path)));
  const homeless = [...folders].filter((folder) => findRow(folder, rooms) === undefined);
  return [
    ...homeless.map((folder) => `${folder}: the folder is no room. Give it a row in scripts/house/rooms.ts.`),
    ...files.flatMap((file) => checkFile(file, dirname(file.path), rooms[findRow(dirname(file.path), rooms) ?? ""])),
  ];
}

/** @returns a line for each row that no file is in, and for each permission that none makes use of */
export function findUnused(files: readonly SourceFile[], rooms: Rooms): string[] {
  const byRow = Map.groupBy(files, ({ path }) => findRow(dirname(path), rooms));
  return Object.entries(rooms).flatMap(([row, { may }]) => {
    const inside = byRow.get(row);
    if (!inside) return [`${row}: no file is in this room. Remove its row in scripts/house/rooms.ts.`];
    const targets = inside.flatMap((file) => file.imports.map(({ specifier }) => resolveImport(file.path, specifier)));
    return may
      .filter((allowed) => !targets.some((target) => matches(target, allowed)))
      .map((allowed) => `${row} may import ${allowed}, and does not. Remove that from its row in scripts/house/rooms.ts.`);
  });
}

/** The key of a folder's own row, or that of the folder above which speaks for all below. */
function findRow(folder: string, rooms: Rooms): string | undefined {
  if (Object.hasOwn(rooms, folder)) return folder;
  for (let above = folder; above !== "."; above = dirname(above)) if (Object.hasOwn(rooms, `${above}/**`)) return `${above}/**`;
  return undefined;
}

/** A file of ours by its path in the project; a package or platform as it is written. */
function resolveImport(path: string, specifier: string): string {
  return specifier.startsWith(".") ? normalize(`${dirname(path)}/${specifier}`) : specifier;
}

function checkFile(file: SourceFile, folder: string, room: Room | undefined): string[] {
  if (!room) return [];
  const imports = file.imports.flatMap(({ specifier, line }) => {
    const target = resolveImport(file.path, specifier);
    const own = dirname(target) === folder && specifier.startsWith(".");
    if (own ? !room.apart : room.may.some((allowed) => matches(target, allowed))) return [];
    const whom = own ? "its files don't import one another" : `${folder} (${room.is}) may import ${room.may.join(", ") || "nothing"}`;
    return [`${file.path}:${line} imports ${target}, but ${whom}. Move what is shared, or change the row in scripts/house/rooms.ts.`];
  });
  const storage =
    room.objectStorage === undefined
      ? file.takesStorage.map(
          ({ line }) => `${file.path}:${line} takes storage, but ${folder} has none: ask the object, or pass the values.`,
        )
      : [];
  const writes =
    room.objectStorage === "reads"
      ? file.writes.map(({ line }) => `${file.path}:${line} writes to storage, but ${folder} only reads.`)
      : [];
  return [...imports, ...storage, ...writes];
}

/** @returns a line for each import of a confined package from a file that its list does not name, tests apart */
export function checkConfined(files: readonly SourceFile[], confined: { readonly [name: string]: readonly string[] }): string[] {
  return files.flatMap(({ path, imports }) => {
    if (path.startsWith("test/")) return [];
    return imports.flatMap(({ specifier, line }) =>
      Object.entries(confined).flatMap(([name, by]) =>
        (specifier === name || specifier.startsWith(`${name}/`)) && !by.includes(path)
          ? [
              `${path}:${line} imports ${specifier}, which only ${by.join(", ")} touch. Ask one of these, or add the file in scripts/house/rooms.ts.`,
            ]
          : [],
      ),
    );
  });
}

function matches(target: string, allowed: string): boolean {
  if (allowed === "**") return true;
  if (allowed.endsWith("/**")) return target.startsWith(allowed.slice(0, -2));
  if (allowed.endsWith("*")) return target.startsWith(allowed.slice(0, -1));
  return target === allowed || dirname(target) === allowed || (!allowed.includes(".") && isSubpath(target, allowed));
}

/** `hono/html` of the package `hono`. Folders of ours are named one by one. */
function isSubpath(target: string, allowed: string): boolean {
  return !/^(src|machines|scripts|bench|test|examples|editors)\b/.test(allowed) && target.startsWith(`${allowed}/`);
}
