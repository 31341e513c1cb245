/** Proxies and authorities of one's own: what the environment names is used for calls and for sockets. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import http from "node:http";
import net, { type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import tls from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Note } from "../../src/client/index.ts";
import { type FakeServer, startFakeServer, token } from "../unit/client/fake-server.ts";
import { createSignal } from "../unit/client/signal.ts";

const bin = join(import.meta.dirname, "../../bin/nerveflare.js");
const portOf = (server: net.Server) => (server.address() as AddressInfo).port;

function keep(sockets: Set<Socket>, ...joined: Socket[]) {
  for (const socket of joined) {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
  }
}

async function listen(server: net.Server, sockets: Set<Socket>): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return portOf(server);
}

/** A company's proxy: it alone knows where `nerve.test` is. */
async function startProxy(target: number): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const proxy = http.createServer((_, response) => response.writeHead(501).end());
  proxy.on("connect", (request, client) => {
    asked.push(request.url ?? "");
    const up = net.connect(target, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      up.pipe(client);
      client.pipe(up);
    });
    keep(sockets, up, client as Socket);
  });
  return { url: `http://127.0.0.1:${await listen(proxy, sockets)}`, asked };
}

function startAgent(url: string, env: Record<string, string>) {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/_proxy$/i.test(name)));
  const child: ChildProcess = spawn(process.execPath, [bin, "agent", "--json", "--exec", "true"], {
    env: { ...clean, NERVEFLARE_URL: url, NERVEFLARE_TOKEN: token, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const notes: Note[] = [];
  const { notify, until } = createSignal();
  const ended = once(child, "exit");
  if (child.stdout)
    createInterface({ input: child.stdout }).on("line", (line) => {
      notes.push(JSON.parse(line) as Note);
      notify();
    });
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return { notes, noted: (what: string) => until(() => notes.some((note) => note.what === what)) };
}

async function createFake(): Promise<FakeServer> {
  const server = await startFakeServer();
  onTestFinished(() => server.stop());
  return server;
}

describe("[PROXY1] behind a proxy that the environment names", () => {
  test.each(["HTTP_PROXY", "http_proxy"])("%s carries calls and the socket", async (variable) => {
    const server = await createFake();
    const proxy = await startProxy(Number(new URL(server.url).port));
    const agent = startAgent("http://nerve.test", { [variable]: proxy.url });
    await agent.noted("connected");
    await server.until(() => server.connects === 1 && server.accepted.length === 1);
    expect(agent.notes.find(({ what }) => what === "connected")?.message).toContain("socket");
    expect(new Set(proxy.asked)).toEqual(new Set(["nerve.test:80"]));
  });

  test.each<Record<string, string>>([{}, { NO_PROXY: "other.test" }])(
    "a server on this machine is asked directly, whatever NO_PROXY says: %j",
    async (more) => {
      const server = await createFake();
      const proxy = await startProxy(1);
      const agent = startAgent(server.url, { HTTP_PROXY: proxy.url, ...more });
      await agent.noted("connected");
      expect(proxy.asked).toEqual([]);
    },
  );
});

/** A certificate of an authority that no system knows. */
async function makeCertificate(): Promise<{ key: Buffer; cert: Buffer; file: string } | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "nerveflare-ca-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const subject = ["-subj", "/CN=nerve.test", "-addext", "subjectAltName=DNS:nerve.test"];
  try {
    execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", cert, ...subject], {
      stdio: "ignore",
    });
  } catch {
    return undefined;
  }
  return { key: await readFile(key), cert: await readFile(cert), file: cert };
}

test("[PROXY2] an authority in NODE_EXTRA_CA_CERTS is trusted, by calls and by the socket, through HTTPS_PROXY; another is not", async (context) => {
  const certificate = await makeCertificate();
  if (!certificate) {
    console.warn("own authorities: SKIPPED, for this machine has no openssl to make one");
    return context.skip();
  }
  const server = await createFake();
  const sockets = new Set<Socket>();
  const front = tls.createServer(certificate, (client) => {
    const up = net.connect(Number(new URL(server.url).port), "127.0.0.1");
    up.pipe(client);
    client.pipe(up);
    keep(sockets, up, client);
  });
  front.on("tlsClientError", () => {});
  const proxy = await startProxy(await listen(front, sockets));
  const stranger = startAgent("https://nerve.test", { HTTPS_PROXY: proxy.url });
  await stranger.noted("disconnected");
  expect(server.connects).toBe(0);
  const agent = startAgent("https://nerve.test", { HTTPS_PROXY: proxy.url, NODE_EXTRA_CA_CERTS: certificate.file });
  await agent.noted("connected");
  await server.until(() => server.connects === 1 && server.accepted.length === 1);
  expect(new Set(proxy.asked)).toEqual(new Set(["nerve.test:443"]));
});
