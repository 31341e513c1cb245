/** What of the package needs a newer Node than the rest, said in one sentence instead of by whatever fails first. */

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
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [least = 0, leastMinor = 0] = wholeSince.split(".").map(Number);
  if (major > least || (major === least && minor >= leastMinor)) return;
  throw new NodeTooOldError(
    `\`nerveflare ${command}\``,
    `Run \`npx -p node@24 -p nerveflare nerveflare ${command}\`, which brings one along, or install a newer Node (https://nodejs.org).`,
  );
}
