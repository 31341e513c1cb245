/** Tells one folder from another: a copy has the same files under another inode, and a moved one the same inode under another path. */
import { realpathSync, statSync } from "node:fs";

/** A folder as it is written to disk. */
export interface FolderIdentity {
  /** Absolute, without symbolic links. */
  path: string;
  device: number;
  inode: number;
}

/** How a folder that was noted earlier relates to one that is there now. */
export type FolderRelation = "same" | "moved" | "other";

/** Names the folder at `path`. @throws where there is none */
export function identifyFolder(path: string): FolderIdentity {
  const { dev, ino } = statSync(path);
  return { path: realpathSync(path), device: dev, inode: ino };
}

/** Compares what was noted with what is there. */
export function relateFolders(noted: FolderIdentity, now: FolderIdentity): FolderRelation {
  if (noted.device !== now.device || noted.inode !== now.inode) return "other";
  return noted.path === now.path ? "same" : "moved";
}
