/** Who plays in a benchmark, and what happens to an engine that can't. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Contender, listContenders, nameContender } from "../../../bench/contenders.ts";
import type { WindowResult } from "../../../bench/orders.ts";
import { race } from "../../../bench/race.ts";

const order = { concurrencies: [1, 16], runs: 3, window: { warmTurns: 1, seconds: 1 } };
const asked = { peers: true, only: undefined, roles: undefined, placement: undefined };

test("[PEER1] the engines of others play when they are asked for, the product then with named roles", () => {
  const names = (choice: Partial<Parameters<typeof listContenders>[0]>) => listContenders({ ...asked, ...choice }).map(nameContender);
  expect(names({ peers: false })).toEqual(
    expect.arrayContaining(["nerveflare", "nerveflare, named", "nerveflare cell", "nerveflare cell, named", "bare"]),
  );
  expect(names({ peers: false }).join()).not.toMatch(/Restate|DBOS|Cloudflare/);
  expect(names({})).toEqual(
    expect.arrayContaining([
      ...["nerveflare, named", "nerveflare cell, named", "bare"],
      ...["Restate", "Restate, 1 partition", "DBOS, PostgreSQL", "Cloudflare Workflows, local"],
    ]),
  );
  expect(names({})).not.toContain("nerveflare");
  expect(names({ peers: false, only: "bare, dbos" })).toEqual(["bare", "DBOS, PostgreSQL"]);
  expect(names({ roles: "recruited", placement: "own", only: "nerveflare" })).toEqual(["nerveflare"]);
});

test.for([
  [
    "only",
    "temporal",
    '--only takes nerveflare, bare, restate, restate-tuned, dbos, workflows, one or more with commas between them, not "temporal"',
  ],
  ["roles", "", '--roles takes recruited, named, one or more with commas between them, not ""'],
  ["placement", "own,beside", 'not "own,beside"'],
  ["turns", "7", 'an even number above zero, not "7"'],
] as const)("[PEER1] --%s does not take %j", ([option, text, said]) => {
  expect(() => listContenders({ ...asked, [option]: text })).toThrow(said);
});

test("[PEER4] reviews have as many turns as are asked for, and only the product's", () => {
  const played = listContenders({ ...asked, peers: false, placement: "own", roles: "named", turns: "100" });
  expect(played.map(({ engine, length }) => [engine, length])).toEqual([
    ["nerveflare", 100],
    ["bare", undefined],
  ]);
  expect(nameContender(played[0] as Contender)).toBe("nerveflare, named, 100 turns each");
});

test("[PEER2] a peer that can't be installed, can't start or fails on the way is named with its reason, and the others play on", async () => {
  const notes: string[] = [];
  const stopped: string[] = [];
  let windows = 0;
  const result = await race(listContenders({ ...asked, placement: "own" }), order, (line) => notes.push(line), {
    install: () => Promise.reject(new Error("npm: no network")),
    open: (contender, concurrency) => {
      if (contender.engine === "workflows" && concurrency === 1) return Promise.reject(new Error("no runtime"));
      return Promise.resolve({
        measureWindow: () => {
          windows += 1;
          if (contender.engine === "workflows") return Promise.reject(new Error("stuck after 7 turns"));
          return Promise.resolve(makeWindow(windows));
        },
        stop: () => Promise.resolve(void stopped.push(`${contender.engine} ${concurrency}`)),
      });
    },
  });
  const packaged = ["restate", "restate-tuned", "dbos"].map((engine) => ({ engine, reason: "npm: no network" }));
  expect(result.absent.map(({ engine, concurrency, reason }) => ({ engine, concurrency, reason }))).toEqual([
    ...packaged.map((each) => ({ ...each, concurrency: 1 })),
    { engine: "workflows", concurrency: 1, reason: "no runtime" },
    ...packaged.map((each) => ({ ...each, concurrency: 16 })),
    { engine: "workflows", concurrency: 16, reason: "stuck after 7 turns" },
  ]);
  expect(notes).toContain("Cloudflare Workflows, local is left out: stuck after 7 turns");
  expect(notes.filter((line) => line.startsWith("bare"))).toEqual(
    [1, 16].flatMap((concurrency) => [1, 2, 3].map((run) => `bare: ${concurrency} at a time, run ${run} of 3`)),
  );
  // The second of three windows by turns a second, of which nerveflare and bare played every other one.
  expect(result.windows.map(({ engine, concurrency, turnsPerSecond }) => [engine, concurrency, turnsPerSecond])).toEqual([
    ...[["nerveflare", 1, 3] as const, ["bare", 1, 4] as const],
    ...[["nerveflare", 16, 10] as const, ["bare", 16, 11] as const],
  ]);
  expect(stopped).toEqual(["nerveflare 1", "bare 1", "workflows 16", "nerveflare 16", "bare 16"]);
});

test("[PEER2] what is ours must not fail", async () => {
  const stopped: string[] = [];
  const contenders: Contender[] = [
    { engine: "bare", roles: "named" },
    { engine: "nerveflare", roles: "named", placement: "own" },
  ];
  const open = ({ engine }: Contender) =>
    engine === "bare"
      ? Promise.resolve({ measureWindow: () => Promise.resolve(makeWindow(1)), stop: () => Promise.resolve(void stopped.push(engine)) })
      : Promise.reject(new Error("no server"));
  await expect(race(contenders, order, () => {}, { install: () => Promise.resolve(), open })).rejects.toThrow("no server");
  expect(stopped).toEqual(["bare"]);
});

test.for([
  ["--heap", "--heap goes with --open"],
  ["--month", "--month goes with --cost"],
  ["--by-site", "--by-site goes with --count or --cost"],
  ["--placement=beside", "--placement takes own, cell"],
  ["--concurrency=x", "--concurrency takes numbers above zero"],
  ["--nonsense", "Unknown option '--nonsense'"],
] as const)("[PEER1] asked for %s it measures nothing, and says what it takes", { timeout: 30_000 }, ([option, said]) => {
  const { status, stderr } = spawnSync(process.execPath, ["bench/run.ts", option], { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringMatching(new RegExp(`^${said}.*\\n\\(run with --help`)) });
});

test("[PEER3] the packages of other engines are none of the project's: exact versions, without an address, in a lock of their own", () => {
  const read = (path: string) => JSON.parse(readFileSync(join(import.meta.dirname, "../../..", path), "utf8"));
  const { dependencies, scripts } = read("bench/peers/package.json");
  expect(scripts).toBeUndefined();
  expect(Object.values(dependencies).filter((version) => !/^\d+\.\d+\.\d+$/.test(String(version)))).toEqual([]);
  const [ours, lock] = [read("package-lock.json"), read("bench/peers/package-lock.json")];
  expect(lock.packages[""].dependencies).toEqual(dependencies);
  for (const name of Object.keys(dependencies)) {
    expect(lock.packages[`node_modules/${name}`].version).toBe(dependencies[name]);
    expect(ours.packages).not.toHaveProperty([`node_modules/${name}`]);
  }
  expect(Object.values(lock.packages).filter((entry) => Object.hasOwn(entry as object, "resolved"))).toEqual([]);
});

function makeWindow(turnsPerSecond: number): WindowResult {
  const quantiles = { p50: 1, p99: 2 };
  return {
    ...{ seconds: 1, turns: turnsPerSecond, threads: 1, turnsPerSecond, threadsPerSecond: 1, nextTurn: quantiles, firstTurn: quantiles },
    ...{ cpuPer1000: 1, resident: 1, fsyncPerTurn: undefined, commitsPerTurn: undefined },
  };
}
