/** Stands between a browser and a server: passes everything on, notes what was asked and answered, and cuts the line when told. */
import { once } from "node:events";
import net, { type AddressInfo, type Socket } from "node:net";

export interface Relay {
  url: string;
  /** Heads of requests, each with its first line first. */
  asked: string[];
  /** Status lines of answers. */
  answered: string[];
  /** Ends all connections, at both ends. */
  cut(): void;
  close(): Promise<void>;
}

/** Where a head begins within what passed; bodies here are JSON and frames, which have no such line. */
const requestHead = /(?:^|\n|\})((?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) \S+ HTTP\/1\.1\r\n[\s\S]*?\r\n)\r\n/g;

export async function startRelay(target: string): Promise<Relay> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const relay: Relay = {
    url: "",
    asked: [],
    answered: [],
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    async close() {
      relay.cut();
      server.close();
      await once(server, "close");
    },
  };
  const server = net.createServer((client) => {
    const up = net.connect(Number(port), hostname);
    for (const [socket, other] of [
      [client, up],
      [up, client],
    ] as const) {
      sockets.add(socket);
      socket
        .on("error", () => {})
        .on("close", () => {
          sockets.delete(socket);
          other.destroy();
        });
      socket.pipe(other);
    }
    client.on("data", (bytes) => {
      for (const [, head] of String(bytes).matchAll(requestHead)) relay.asked.push(head as string);
    });
    up.on("data", (bytes) => {
      for (const [line] of String(bytes).matchAll(/HTTP\/1\.1 \d{3}/g)) relay.answered.push(line);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  relay.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return relay;
}
