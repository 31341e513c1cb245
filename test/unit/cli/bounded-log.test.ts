/** What the command says of a page of the log that ends before it is full. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { run } from "./run.ts";

test("[LOG21] `events` says why a page ends before it is full, and how to go on", async () => {
  const page = { events: [], next: 12_345, bound: { examined: 10_000, detail: "No index answers this question." } };
  const server = createServer((_, response) => response.setHeader("content-type", "application/json").end(JSON.stringify(page)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { code, err } = await run("events", "--caused-by", "e1", "--token", "x", "--url", url);
  expect({ code, err }).toEqual({ code: 0, err: expect.stringMatching(/No index answers this question\.[\s\S]*--after 12345/) });
});
