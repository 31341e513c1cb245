/** What the tests in workerd find in `cloudflare:workers`: the Worker's bindings, its exports, and the migrations to apply. */
import type { D1Migration } from "@cloudflare/vitest-plugin";
import type {} from "@cloudflare/vitest-plugin/types";

declare global {
  interface ImportMeta {
    /** Vite's: files that the bundle brings along. */
    glob(pattern: string, options: { query: "?raw"; import: "default"; eager: true }): Record<string, unknown>;
  }
  namespace Cloudflare {
    interface Env {
      DB: D1Database;
      ARTIFACTS: R2Bucket;
      PROJECTOR: DurableObjectNamespace;
      NERVEFLARE_ADMIN_TOKEN: string;
      TEST_MIGRATIONS: D1Migration[];
      /** Takes a workflow's text and gives what the compiler makes of it in Node. */
      COMPILE_IN_NODE: Fetcher;
    }
    interface GlobalProps {
      mainModule: typeof import("../../src/worker/index.ts");
    }
  }
}
