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
  /**
   * Publishes code-review under another prefix: `here` makes `here-review`, begun by `here.ready_for_review`, with reviewers that can
   * `here-review`. Agents of other tests on the same server hear nothing of it.
   *
   * @param edit what else is another in its text
   * @returns the text
   */
  publishReview(prefix: string, edit?: (text: string) => string): Promise<string>;
  /** Registers an agent. Returns its token. */
  add(id: string, capabilities: string[]): Promise<string>;
}

export function createOperator({ url, adminToken }: Facts): Operator {
  const http = createHttpCaller({ url, token: adminToken, fetch: (address, init) => fetch(address, init), clock: systemClock });
  const readWorkflow = (name: string) => readFile(join(import.meta.dirname, `../../workflows/${name}.yaml`), "utf8");
  const put = (name: string, body: string) => http.call("PUT", `v1/workflows/${name}`, { body, contentType: "application/yaml" });
  return {
    ...http,
    async publish(name) {
      await put(name, await readWorkflow(name));
    },
    async publishReview(prefix, edit = (text) => text) {
      const body = edit((await readWorkflow("code-review")).replaceAll("code-review", `${prefix}-review`).replaceAll("pr.", `${prefix}.`));
      await put(`${prefix}-review`, body);
      return body;
    },
    add: async (id, capabilities) =>
      ((await http.call("POST", "v1/agents", { body: JSON.stringify({ id, capabilities }) })) as { token: string }).token,
  };
}
