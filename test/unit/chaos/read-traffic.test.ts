/** Events are read off what passes, on each way, whatever the pieces it comes in. */
import { once } from "node:events";
import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { chaosLimits } from "../../../src/chaos/limits.ts";
import { createTrafficReader, readFrames } from "../../../src/chaos/read-traffic.ts";

/** Bytes of a client's frame with so many, the mask's among them: RFC 6455 section 5.2. */
const measureFrame = (bytes: number): number => 6 + (bytes > 65_535 ? 8 : bytes > 125 ? 2 : 0) + bytes;

/** What a WebSocket of another maker sends for these messages, and a ping. */
async function record(messages: string[]): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const server = createServer((socket) => {
    socket.once("data", (request) => {
      const key = /sec-websocket-key: (.*)\r\n/i.exec(request.toString())?.[1] ?? "";
      void crypto.subtle.digest("SHA-1", Buffer.from(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)).then((hash) => {
        socket.on("data", (piece) => pieces.push(piece));
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${Buffer.from(hash).toString("base64")}\r\n\r\n`,
        );
      });
    });
    socket.on("error", () => {});
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as { port: number }).port}`, { perMessageDeflate: false });
  await once(socket, "open");
  for (const message of messages) socket.send(message);
  socket.ping();
  socket.send("last");
  const gone = once(server, "close");
  socket.on("error", () => {});
  // All was written once the last is.
  await new Promise((resolve) => socket.send("", resolve));
  const sizes = [...messages, "", "last", ""].map((message) => measureFrame(Buffer.byteLength(message)));
  await expect.poll(() => Buffer.concat(pieces).length).toBe(sizes.reduce((sum, size) => sum + size, 0));
  socket.terminate();
  server.close();
  await gone;
  return Buffer.concat(pieces);
}

test("[CHAOS3] messages of a socket are read in whatever pieces they come, short and long", async () => {
  const messages = ["ping", "ü".repeat(200), "x".repeat(70_000)];
  const bytes = await record(messages);
  for (const size of [1, 7, 1_400, bytes.length]) {
    const found: string[] = [];
    const read = readFrames((message) => found.push(message));
    for (let at = 0; at < bytes.length; at += size) read(bytes.subarray(at, at + size));
    expect(found.slice(0, 4)).toEqual([...messages, "last"]);
  }
});

test("[CHAOS3] what is larger than any message passes unread, and costs no memory", () => {
  const found: string[] = [];
  const read = readFrames((message) => found.push(message));
  const head = Buffer.from([0x81, 127, 0, 0, 0, 1, 0, 0, 0, 0]);
  read(head);
  for (let bytes = 0; bytes <= chaosLimits.readBytes; bytes += 1024 * 1024) read(Buffer.alloc(1024 * 1024));
  read(Buffer.from([0x81, 1, 0x61]));
  expect(found).toEqual([]);
});

test("[CHAOS3] events are read off posts alone and in batches, off pages and streams, and turns off what an agent asks of itself", () => {
  const heard: [string, unknown][] = [];
  const reader = createTrafficReader({
    sent: (event) => heard.push(["sent", (event as { id: string }).id]),
    answered: (answer) => heard.push(["answered", (answer as { id: string }).id]),
    given: (event) => heard.push(["given", (event as { id: string }).id]),
  });
  const pass = (kind: "call" | "poll" | "stream", body: unknown, ...answer: string[]) => {
    const call = reader.call(kind);
    call.asked(Buffer.from(body === null ? "" : JSON.stringify(body)));
    for (const piece of answer) call.answered(Buffer.from(piece));
    call.ended();
  };
  pass("call", { id: "a", type: "x" }, '{"status":"acc', 'epted","id":"a"}');
  pass(
    "call",
    [
      { id: "b", type: "x" },
      { id: "c", type: "x" },
    ],
    '[{"id":"b","status":"accepted"},{"id":"c","status":"rejected"}]',
  );
  pass("call", { seqs: [1] }, "{}");
  pass("poll", null, '{"events":[{"seq":1,"event":{"id":"d"}}],"next":1}');
  pass("stream", null, 'id: 2\nevent: event\ndata: {"seq":2,"event"', ':{"id":"e"}}\n\n: quiet\n\n');
  pass("poll", null, "<h1>Sign in</h1>");
  const turns = [{ turn: "t:1", assignment: { seq: 3, id: "f" } }, { turn: "t:2", assignment: { seq: 4, id: "g" } }, { turn: "t:3" }];
  pass("call", null, JSON.stringify({ turns, elsewhere: ["t:2"] }));
  expect(heard).toEqual([
    ["sent", "a"],
    ["answered", "a"],
    ["sent", "b"],
    ["sent", "c"],
    ["answered", "b"],
    ["answered", "c"],
    ["given", "d"],
    ["given", "e"],
    ["given", "f"],
  ]);
});
