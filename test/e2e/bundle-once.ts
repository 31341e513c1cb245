/** Bundles the Worker where its source has changed, before any of the tests starts a server. */
import { loadWorker } from "../../src/local-server/load-worker.ts";

export default async function setUp(): Promise<void> {
  const { remark } = await loadWorker();
  if (remark !== null) console.log(remark);
}
