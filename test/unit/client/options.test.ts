/** What `connectAgent` says of options that can never work. */
import { expect, test } from "vitest";
import { type AgentOptions, ClientError, connectAgent } from "../../../src/client/index.ts";

const good = { url: "http://127.0.0.1:9", token: "alice.secret" };

test.each<[string, object, string]>([
  ["no address", { url: undefined }, "`url` is undefined"],
  ["an address without a scheme", { url: "localhost:8787" }, '`url` is "localhost:8787"'],
  ["an address without a scheme, by number", { url: "127.0.0.1:8787" }, "with its scheme"],
  ["an address of a socket", { url: "ws://127.0.0.1:8787" }, "with its scheme"],
  ["no token", { token: undefined }, "there is no `token`"],
  ["an empty token", { token: "" }, "there is no `token`"],
  ["a token read with its line's end", { token: "alice.secret\n" }, "line break"],
  ["slots that are no number", { slots: "3" }, "`slots` is"],
  ["slots that are no count", { slots: 1.5 }, "`slots` is 1.5"],
  ["a handler that no turn finds", { onTurn: { reviewer: () => ({}) } }, '"reviewer", which no turn would find'],
  ["workflows by their names", { workflows: ["code-review"] }, "constants that `nerveflare types` writes"],
  ["one workflow in place of a list", { workflows: { name: "code-review" } }, "`workflows` takes a list"],
  ["no way to the server", { transports: [] }, "`transports`"],
])("[APKG1] %s is refused at once, with what to give instead", (_, wrong, said) => {
  const connect = () => connectAgent({ ...good, ...wrong } as AgentOptions);
  expect(connect).toThrow(said);
  expect(connect).toThrow(ClientError);
  expect(connect).toThrow(expect.objectContaining({ code: "invalid_options", retryable: false }));
});
