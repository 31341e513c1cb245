/** Part of `npm run check`: holds the source to the house's rules. Rooms import what their row allows, no circles, nothing too long. */
import { globSync, readFileSync } from "node:fs";
import { checkConfined, checkRooms, findUnused } from "./house/check-rooms.ts";
import { checkSizes } from "./house/check-sizes.ts";
import { findCircles } from "./house/find-circles.ts";
import { confined, rooms } from "./house/rooms.ts";
import { readSourceFile } from "./house/source-file.ts";

const files = globSync("{src,machines,test,bench,scripts,examples,editors,bin}/**/*.{ts,tsx,js,mjs}", {
  exclude: (path) => path.includes("node_modules") || path.includes("dist"),
})
  .sort()
  .map((path) => readSourceFile(path.replaceAll("\\", "/"), readFileSync(path, "utf8")));

const faults = [
  ...checkRooms(files, rooms),
  ...findUnused(files, rooms),
  ...checkConfined(files, confined),
  ...findCircles(files).map((circle) => `A circle of imports: ${circle.join(" → ")}. Move what both need into a file of its own.`),
  ...checkSizes(files),
];
for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exitCode = 1;
else console.log(`${files.length} files`);
