import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findingCodes } from "../../../src/cli/lib/doctor/finding.ts";
import { objectRooms } from "../../../src/durable/object-tables.ts";

test("[DOCTOR5] every code that the doctor knows has a row in the docs, and no other", () => {
  const section = readFileSync("docs/backup.md", "utf8").split("## Doctor")[1]?.split("\n## ")[0] ?? "";
  expect([...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, code]) => code).sort()).toEqual([...findingCodes].sort());
});

test("[DOCTOR6] the doctor knows every set of tables that an object may have: else each folder would count as a newer version's", () => {
  const sources = readdirSync("src/durable", { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  const rooms = sources.flatMap((file) => {
    const source = readFileSync(join("src/durable", file), "utf8");
    return [...source.matchAll(/(\w+): (?:\{\s*migrations: \w+Migrations|former[A-Z]\w*)/g)].map(([, room]) => room);
  });
  expect([...new Set(["store", ...rooms])].sort()).toEqual(Object.keys(objectRooms).sort());
});
