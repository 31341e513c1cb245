/** The local server's admin token: given, kept from last time, or made. */
import { randomBytes } from "node:crypto";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** An admin token, and where it is from: only one that was made now is news to who started the server. */
export interface AdminToken {
  token: string;
  from: "environment" | "folder" | "made";
  /** The file that keeps it. */
  path: string;
}

/** Settles the admin token of a data folder and keeps it in `<data>/admin-token`, readable by its owner only. */
export function settleAdminToken(data: string, given?: string): AdminToken {
  const path = join(data, "admin-token");
  const kept = readKeptToken(path);
  const token = given || kept || randomBytes(32).toString("base64url");
  if (token !== kept) writeFileSync(path, `${token}\n`, { mode: 0o600 });
  // The mode above is for a new file only.
  chmodSync(path, 0o600);
  return { token, from: given ? "environment" : kept ? "folder" : "made", path };
}

function readKeptToken(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim() || undefined;
  } catch {
    return undefined;
  }
}
