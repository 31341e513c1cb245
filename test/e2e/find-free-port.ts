/** A port for a server that must be told its own before it starts, or that is started again where it was. */
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/** Ports that no system gives to whoever asks for any: Linux gives those from 32768 on, others from 49152. So nobody takes one between a server's end and its next start. */
const ports = { least: 20_000, most: 32_000 };

/** A port of the loopback address that nobody listens on now. */
export async function findFreePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = randomInt(ports.least, ports.most);
    if (await isFree(port)) return port;
  }
  throw new Error(`of a hundred ports from ${ports.least} to ${ports.most} none is free`);
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer().listen(port, "127.0.0.1");
  const isListening = await once(probe, "listening").then(
    () => true,
    () => false,
  );
  if (isListening) await new Promise((closed) => probe.close(closed));
  return isListening;
}
