/** A port for a server that must be told its own before it starts. */
import { createServer } from "node:net";

/** A port of the loopback address that nobody listens on now. */
export async function findFreePort(): Promise<number> {
  const probe = createServer();
  const { promise, resolve } = Promise.withResolvers<void>();
  probe.listen(0, "127.0.0.1", resolve);
  await promise;
  const { port } = probe.address() as { port: number };
  await new Promise((closed) => probe.close(closed));
  return port;
}
