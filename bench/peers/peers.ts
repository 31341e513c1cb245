/** The engines of others that play the same work, and what starts each. */
import { join } from "node:path";

interface PeerProgram {
  /** What the tables call it. */
  title: string;
  /** From this folder, with what it is told after the folder of its data. */
  program: readonly [file: string, ...args: string[]];
  /** Whether it needs the packages of this folder's `package.json`. */
  packaged: boolean;
}

export const peers = {
  restate: { title: "Restate", program: ["apps/restate.ts"], packaged: true },
  "restate-tuned": { title: "Restate, 1 partition", program: ["apps/restate.ts", "1"], packaged: true },
  dbos: { title: "DBOS, PostgreSQL", program: ["apps/dbos.ts"], packaged: true },
  workflows: { title: "Cloudflare Workflows, local", program: ["workflows/server.ts"], packaged: false },
} as const satisfies { [name: string]: PeerProgram };

export type PeerName = keyof typeof peers;

/** In the order of the tables. */
export const peerNames = Object.keys(peers).filter(isPeer);

export function isPeer(name: string): name is PeerName {
  return Object.hasOwn(peers, name);
}

/** The arguments of the Node that runs a peer. @param data folder for all that it keeps */
export function listPeerArguments(name: PeerName, data: string): string[] {
  const [file, ...args] = peers[name].program;
  return [join(import.meta.dirname, file), data, ...args];
}
