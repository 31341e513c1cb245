/** How many bytes of D1 and of a thread's object stay of what was played. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { publishReview, registerAgent } from "../review/call-operator.ts";
import { startWorkerServer } from "../worker-server.ts";
import type { Stored } from "./month.ts";
import { connectPair } from "./play-thread.ts";
import { turnsOfReview } from "./prices.ts";

/** Reviews that are played: enough that a page of SQLite more or less does not matter. */
const reviews = 100;
/** Milliseconds after which all rows are in D1. */
const settled = 3_000;

/** Plays reviews of ten turns on a fresh server, and looks at its files. */
export async function measureStored(): Promise<Stored> {
  const server = await startWorkerServer();
  try {
    await publishReview(server, "recruited");
    const author = await registerAgent(server, "author", "coding");
    const pair = await connectPair(server.url, { author, reviewer: await registerAgent(server, "reviewer", "code-review") });
    await pair.play(turnsOfReview, 0);
    await wait();
    const state = join(server.folder, "state");
    const before = sum(readSizes(state, "d1"));
    for (let review = 0; review < reviews; review += 1) await pair.play(turnsOfReview, 0);
    await wait();
    const threads = readSizes(state, "RecruitmentObject");
    return { d1: (sum(readSizes(state, "d1")) - before) / (reviews * turnsOfReview), thread: sum(threads) / threads.length };
  } finally {
    await server.stop();
  }
}

const wait = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, settled));
const sum = (numbers: number[]): number => numbers.reduce((total, number) => total + number, 0);

/** Bytes of each database whose path has a word in it, write-ahead logs included. */
function readSizes(state: string, word: string): number[] {
  const files = readdirSync(state, { recursive: true, encoding: "utf8" });
  return files.filter((file) => /[0-9a-f]{64}\.sqlite$/.test(file) && file.includes(word)).map((file) => readSize(join(state, file)));
}

function readSize(path: string): number {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const read = (pragma: string): number => Number(Object.values(database.prepare(`PRAGMA ${pragma}`).get() ?? {})[0]);
    return read("page_count") * read("page_size");
  } finally {
    database.close();
  }
}
