/** Data and messages of a newer version of the code: during a deploy two versions run side by side. */

/** A newer version has stored what this code can't read; the object works again once it runs that version. */
export class NewerVersionError extends Error {
  override name = "NewerVersionError";

  constructor(what: string) {
    super(`${what} is of a newer version than the code that runs here`);
  }
}

/** Whether a version is later than another: numbers, compared part by part. What is no number is not later. */
export function isNewer(stored: string, known: string): boolean {
  const [a, b] = [readParts(stored), readParts(known)];
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

/** `task/2` and `2.1` alike. */
function readParts(version: string): number[] {
  return (version.split("/").at(-1) ?? "").split(".").map(Number);
}
