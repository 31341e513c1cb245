/** Proxies, as the environment names them, for all that this process asks for: `fetch` and WebSockets alike. Knows no command. */
import http from "node:http";

const variables = ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"];
/** A server on this machine is never behind the network's proxy. */
const loopback = ["localhost", "127.0.0.1", "::1"];

/** What came of it. */
export interface EnvProxy {
  /** Puts everything back as it was. */
  undo(): void;
  /** What to tell the user; undefined: nothing. */
  warning?: string;
}

/** Uses the proxies that `HTTP_PROXY` and `HTTPS_PROXY` name, but for hosts in `NO_PROXY` and this machine. */
export function useEnvProxy(env: Record<string, string | undefined>): EnvProxy {
  const given = Object.fromEntries(variables.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
  if (Object.keys(given).length === 0) return { undo: () => {} };
  // Older Nodes of those that run this lack it.
  if (typeof http.setGlobalProxyFromEnv !== "function") {
    const warning = `${Object.keys(given).join(", ")} cannot be honoured: this Node (${process.version}) knows no proxies. Use Node 24.`;
    return { undo: () => {}, warning };
  }
  const direct = [env["no_proxy"] || env["NO_PROXY"], ...loopback].filter(Boolean).join(",");
  try {
    return { undo: http.setGlobalProxyFromEnv({ ...given, no_proxy: direct }) };
  } catch (error) {
    return { undo: () => {}, warning: `${Object.keys(given).join(", ")} cannot be used: ${(error as Error).message}` };
  }
}
