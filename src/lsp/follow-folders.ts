/**
 * What workflows say only together: texts that are open as they stand there, others as they are on disk. Files are read one by one,
 * and only those that changed, so that the editor is answered meanwhile.
 */
import type { Diagnostic } from "../compile/diagnostics/diagnostic.ts";
import type { Includes } from "../compile/source/read-include.ts";
import { checkTogether } from "../compile/together/check-together.ts";
import { type Member, readMember } from "../compile/together/member.ts";
import { isWorkflow } from "./is-workflow.ts";
import { lspLimits } from "./limits.ts";

/** A YAML file on disk. */
export interface FileBeside {
  path: string;
  bytes: number;
  /** Another one: the file is another. */
  stamp: string;
  /** Undefined where it can't be read. */
  read(): Promise<string | undefined>;
}

/** What is known of files and folders outside. */
export interface FolderPorts {
  /** Where a document lies, and the folder whose workflows belong together, with a separator at its end; undefined where it is no file. */
  locateDocument(uri: string): { path: string; folder: string } | undefined;
  /** The YAML files of a folder and of those below it; undefined where it has more than so many entries. */
  listFolder(folder: string, entries: number): FileBeside[] | undefined;
  /** Gives what `!include` reads beside a file. */
  createIncludes(path: string): Includes | undefined;
}

/** A text that the editor has open; no member: it is no workflow. */
export interface OpenText {
  uri: string;
  member: Member | undefined;
}

/** Findings of open texts, by their URI. */
type FoundTogether = ReadonlyMap<string, readonly Diagnostic[]>;

interface Folders {
  /** Judges the folder of an open text by what is known of it; nothing while it was not read. */
  judge(uri: string): FoundTogether;
  /** Reads on disk what changed in the folder of an open text, or in all of them, and says when that is done. */
  look(uri?: string): void;
}

interface Folder {
  /** What was read, by path; undefined member: no workflow. */
  files: Map<string, { stamp: string; member: Member | undefined }>;
  state: "unread" | "known" | "too large";
  looking: boolean;
  /** Something may have changed while it was read. */
  again: boolean;
}

interface Listener {
  /** Of a folder that was read, one of its open texts. */
  looked(uri: string): void;
  /** Why nothing is said of a folder. */
  tell(line: string): void;
}

/** Follows the folders of what is open. @param listOpen the texts that are open now */
export function followFolders(ports: FolderPorts, listOpen: () => readonly OpenText[], { looked, tell }: Listener): Folders {
  const folders = new Map<string, Folder>();

  /** Open texts by the folders of the workflows among them; one that lies in the folder of another belongs to that. */
  const group = (): Map<string, { path: string; open: OpenText }[]> => {
    const located = listOpen().flatMap((open) => {
      const place = ports.locateDocument(open.uri);
      return place ? [{ ...place, open }] : [];
    });
    const all = [...new Set(located.flatMap(({ folder, open }) => (open.member ? [folder] : [])))].sort((a, b) => a.length - b.length);
    const groups = new Map<string, { path: string; open: OpenText }[]>();
    for (const { path, folder, open } of located) {
      const root = all.find((other) => folder.startsWith(other));
      if (root !== undefined) groups.set(root, [...(groups.get(root) ?? []), { path, open }]);
    }
    for (const known of folders.keys()) if (!groups.has(known)) folders.delete(known);
    return groups;
  };

  const look = async (root: string): Promise<void> => {
    const folder = folders.get(root) ?? { files: new Map(), state: "unread", looking: false, again: false };
    folders.set(root, folder);
    folder.again = true;
    if (folder.looking) return;
    folder.looking = true;
    const isOpen = (): boolean => folders.get(root) === folder;
    try {
      while (folder.again && isOpen()) {
        folder.again = false;
        await readFolder(root, folder, ports, isOpen, tell);
      }
    } finally {
      folder.looking = false;
    }
    const [first] = group().get(root) ?? [];
    if (isOpen() && first) looked(first.open.uri);
  };

  return {
    judge(uri) {
      for (const [root, opened] of group()) {
        const folder = folders.get(root);
        if (folder?.state === "known" && opened.some(({ open }) => open.uri === uri)) return judgeFolder(root, folder, opened);
      }
      return new Map();
    },
    look(uri) {
      for (const [root, opened] of group())
        if (uri === undefined || opened.some(({ open }) => open.uri === uri)) void look(root).catch((error) => tell(String(error)));
    },
  };
}

/** Reads what is new, and forgets what is gone. */
async function readFolder(root: string, folder: Folder, ports: FolderPorts, isOpen: () => boolean, tell: Listener["tell"]): Promise<void> {
  const listed = ports.listFolder(root, lspLimits.folderEntries);
  const bytes = listed?.reduce((sum, file) => sum + file.bytes, 0) ?? 0;
  if (!listed || listed.length > lspLimits.folderFiles || bytes > lspLimits.folderBytes) {
    if (folder.state !== "too large") {
      const { folderEntries, folderFiles, folderBytes } = lspLimits;
      tell(
        `${root} holds more than ${folderFiles} YAML files, ${folderEntries} files, or ${folderBytes / 2 ** 20} MB of YAML: what its workflows say together is told by \`nerveflare check\` only.`,
      );
    }
    folder.state = "too large";
    folder.files.clear();
    return;
  }
  const there = new Set(listed.map(({ path }) => path));
  for (const path of folder.files.keys()) if (!there.has(path)) folder.files.delete(path);
  for (const { path, stamp, read } of listed) {
    const known = folder.files.get(path);
    // What a file includes may have changed beside it.
    if (known?.stamp === stamp && !known.member?.text.includes("!include")) continue;
    const text = await read();
    if (!isOpen()) return;
    const includes = ports.createIncludes(path);
    const isOne = text !== undefined && isWorkflow(path, text);
    const member = isOne ? readMember(nameFile(path, root), text, includes ? { includes } : {}).member : undefined;
    folder.files.set(path, { stamp, member });
  }
  folder.state = "known";
}

function judgeFolder(root: string, { files }: Folder, opened: readonly { path: string; open: OpenText }[]): FoundTogether {
  const members = new Map([...files].map(([path, { member }]) => [path, member]));
  for (const { path, open } of opened) members.set(path, open.member && { ...open.member, file: nameFile(path, root) });
  const present = [...members].flatMap(([path, member]) => (member ? [{ path, member }] : [])).sort((a, b) => (a.path < b.path ? -1 : 1));
  const found = present.length < 2 ? [] : checkTogether(present.map(({ member }) => member));
  const byPath = new Map(present.map(({ path }, index) => [path, found[index] ?? []]));
  return new Map(opened.flatMap(({ path, open: { uri, member } }) => (member ? [[uri, byPath.get(path) ?? []] as const] : [])));
}

/** What people call it: its path from the folder on. */
function nameFile(path: string, root: string): string {
  return path.slice(root.length);
}
