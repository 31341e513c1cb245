/** What npm left out when it installed, of what a server and the tests on the real host need. Said with what brings it: it is no fault of nerveflare. */
import { runsFromSource } from "./package-files.ts";

/** The sentence and what to do. */
export interface RuntimeMissing {
  message: string;
  hint: string;
}

/** Whether an error says that the runtime, or what bundles for it, is not there; undefined: it is another. By its words, for none has a code of its own. */
export function explainRuntimeMissing(error: unknown): RuntimeMissing | undefined {
  const reason = findReason(String((error as { message?: unknown } | null)?.message));
  if (reason === undefined) return undefined;
  const again = runsFromSource ? "`npm ci --include=optional` in nerveflare's folder" : "`npm install --include=optional`";
  return { message: reason, hint: `Install again with what is optional, where there is a network: ${again}.` };
}

function findReason(said: string): string | undefined {
  const binary = /"@\S+" could not be found, and is needed by (workerd|esbuild)/.exec(said)?.[1];
  if (binary) return `${binary} was not installed whole: npm left out its package for this platform (${process.platform} ${process.arch}).`;
  const other = /You installed (workerd|esbuild) (on|for) another platform/.exec(said)?.[1];
  if (other) return `${other} was installed for another platform than this one (${process.platform} ${process.arch}).`;
  if (/^Unsupported platform: /.test(said)) return `workerd, the server's runtime, does not exist for ${process.platform} ${process.arch}.`;
  const absent = /Cannot find (?:module|package) '(miniflare|workerd|wrangler|esbuild)'/.exec(said)?.[1];
  return absent && `the package ${absent} is not installed.`;
}
