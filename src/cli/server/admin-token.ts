/** The local server's admin token: given, kept from last time, or made. */
import { randomBytes } from "node:crypto";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Settles the admin token of a data folder and keeps it in `<data>/admin-token`, readable by its owner only. */
export function settleAdminToken(data: string, given?: string): string {
  const path = join(data, "admin-token");
  const kept = readKeptToken(path);
  const token = given || kept || randomBytes(32).toString("base64url");
  if (token !== kept) writeFileSync(path, `${token}\n`, { mode: 0o600 });
  // The mode above is for a new file only.
  chmodSync(path, 0o600);
  return token;
}

function readKeptToken(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim() || undefined;
  } catch {
    return undefined;
  }
}
