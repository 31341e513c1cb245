/** What an operator does before a story begins: over HTTP, as the real server is asked. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "../../src/client/clock.ts";
import { createHttpCaller, type HttpCaller } from "../../src/client/http.ts";

export interface Facts {
  url: string;
  adminToken: string;
}

export interface Operator extends HttpCaller {
  /** Publishes a file of workflows/. */
  publish(name: string): Promise<void>;
  /** Registers an agent. Returns its token. */
  add(id: string, capabilities: string[]): Promise<string>;
}

export function createOperator({ url, adminToken }: Facts): Operator {
  const http = createHttpCaller({ url, token: adminToken, fetch: (address, init) => fetch(address, init), clock: systemClock });
  return {
    ...http,
    async publish(name) {
      const body = await readFile(join(import.meta.dirname, `../../workflows/${name}.yaml`), "utf8");
      await http.call("PUT", `v1/workflows/${name}`, { body, contentType: "application/yaml" });
    },
    add: async (id, capabilities) =>
      ((await http.call("POST", "v1/agents", { body: JSON.stringify({ id, capabilities }) })) as { token: string }).token,
  };
}
