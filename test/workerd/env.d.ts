/** What the tests in workerd find in `env` beyond the Worker's own bindings. */
import type { D1Migration } from "@cloudflare/vitest-plugin";
import type {} from "@cloudflare/vitest-plugin/types";

declare global {
  namespace Cloudflare {
    interface Env {
      DB: D1Database;
      NERVEFLARE_ADMIN_TOKEN: string;
      TEST_MIGRATIONS: D1Migration[];
    }
  }
}
