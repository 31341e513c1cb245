import { expect, test } from "vitest";
import { createEventParser } from "../../../src/client/event-parser.ts";

const text = ': hello\r\nretry: 5\n\nid: 7\nevent: event\ndata: {"a":\ndata:1}\n\ndata\n\nevent: lonely\n\nid: 8\r\ndata:  spaced\r\n\r\n';

function read(pieces: string[]): unknown[] {
  const found: unknown[] = [];
  const parser = createEventParser((event, data, id) => found.push([event, data, id]));
  for (const piece of pieces) expect(parser.take(piece)).toBe(true);
  return found;
}

test("[CLIENT17] reads events, whatever the pieces they come in; comments and events without data are none", () => {
  const expected = [
    ["event", '{"a":\n1}', "7"],
    ["message", "", "7"],
    ["message", " spaced", "8"],
  ];
  expect(read([text])).toEqual(expected);
  expect(read([...text])).toEqual(expected);
});

test("[CLIENT17] gives up on an event that never ends, in one line or in many", () => {
  for (const piece of ["x".repeat(100_000), `data: ${"x".repeat(100_000)}\n`]) {
    const parser = createEventParser(() => {});
    const taken = Array.from({ length: 20 }, () => parser.take(piece));
    expect(taken[0]).toBe(true);
    expect(taken.at(-1)).toBe(false);
  }
});
