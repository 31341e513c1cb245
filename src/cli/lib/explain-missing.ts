/** What a machine lacks, of what some commands need: said with what brings it, for neither is a fault of nerveflare. Knows no command. */
import { CliError } from "./command.ts";

/** An error of a Node that is too old, or of a runtime that is not there; undefined: it is another. */
export function explainMissing(error: unknown): CliError | undefined {
  const { code, message = "", hint } = (error ?? {}) as { code?: unknown; message?: string; hint?: string };
  if (code === "node_too_old") return new CliError(message, { ...(hint !== undefined && { hint }), cause: error });
  const reason = findReason(code, message);
  if (reason === undefined) return undefined;
  return new CliError(`runtime_missing: ${reason}`, {
    hint: "Install again with what is optional, where a network is: `npm install --include=optional`, in a clone `npm ci --include=optional`.",
    cause: error,
  });
}

/** By their words: neither npm's nor the runtime's errors have a code of their own for it. */
function findReason(code: unknown, message: string): string | undefined {
  if (/"@cloudflare\/workerd-[\w-]+" could not be found/.test(message))
    return "The runtime of the server, workerd, was not installed: npm left out its package for this platform.";
  if (/installed workerd on another platform/.test(message))
    return "The runtime of the server, workerd, was installed for another platform than this one.";
  if (/^Unsupported platform: /.test(message))
    return `The runtime of the server, workerd, does not exist for this platform (${process.platform} ${process.arch}).`;
  if (code === "ERR_MODULE_NOT_FOUND" && /package '(miniflare|wrangler|esbuild)'/.test(message))
    return `The package ${/'(miniflare|wrangler|esbuild)'/.exec(message)?.[1]} is not installed.`;
  return undefined;
}
