/** What of the package needs a newer Node than the rest, said in one sentence instead of by whatever fails first; and which version is the later one. */

/** The first Node with all that the server and the host's store in plain Node need: node:sqlite without a flag. */
const wholeSince = "22.13";

/** This Node is too old for what was asked of it. Its `code` is its identity. */
export class NodeTooOldError extends Error {
  override name = "NodeTooOldError";
  readonly code = "node_too_old";
  /** What to do. */
  readonly hint: string;

  constructor(what: string, hint: string) {
    super(`node_too_old: ${what} needs Node ${wholeSince} or later, and this is ${process.version}.`);
    this.hint = hint;
  }
}

/** @throws {NodeTooOldError} where this Node does not run the command */
export function requireWholeNode(command: string, version = process.versions.node): void {
  if (isAtLeast(version, wholeSince)) return;
  throw new NodeTooOldError(
    `\`nerveflare ${command}\``,
    `Run \`npx -p node@24 -p nerveflare nerveflare ${command}\`, which brings one along, or install a newer Node (https://nodejs.org).`,
  );
}

/** Whether a version is that one or later. Of a pre-release only its release is looked at. */
export function isAtLeast(version: string, least: string): boolean {
  const [a, b] = [version, least].map((text) => (text.split("-")[0] ?? "").split(".").map(Number)) as [number[], number[]];
  const differs = b.findIndex((number, place) => number !== a[place]);
  return differs < 0 || (a[differs] ?? 0) > (b[differs] ?? 0);
}
