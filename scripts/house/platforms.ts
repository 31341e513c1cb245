/**
 * Where each folder's files run. They are compiled once for each place, and see what is there and nothing else: what runs in several
 * uses only what all of these have. `tsconfig.node.json`, `tsconfig.workers.json` and `tsconfig.browsers.json` list the folders of
 * each; `npm run types` writes them, `npm run check` compiles them.
 */
import { dirname, extname } from "node:path/posix";

/** Browsers stand for whatever has the web's globals and no others, Deno too. */
export const platformNames = ["node", "workers", "browsers"] as const;
export type Platform = (typeof platformNames)[number];

const everywhere: readonly Platform[] = platformNames;
/** In objects, and in Node where tests run a cluster of them or a command reads what they stored. */
const onServers: readonly Platform[] = ["node", "workers"];
const inNode: readonly Platform[] = ["node"];
const inWorkers: readonly Platform[] = ["workers"];

/** By folder, with all below it (`/**`), or file. The longest that fits a file speaks for it. */
export const platforms: { readonly [place: string]: readonly Platform[] } = {
  // What all sides share.
  "src/version.ts": everywhere,
  "machines/**": everywhere,
  "src/contract/**": everywhere,
  "src/compile/**": everywhere,
  "src/explore/**": everywhere,
  "src/client/**": everywhere,
  "src/inspector/**": ["browsers"],

  // The objects and the Worker. Where a folder holds an object's class, or asks D1, it is the platform's.
  "src/durable/**": onServers,
  "src/durable": inWorkers,
  "src/durable/agent": inWorkers,
  "src/durable/agent/connection": inWorkers,
  "src/durable/artifacts": inWorkers,
  "src/durable/cell": inWorkers,
  "src/durable/host/storage": inWorkers,
  "src/durable/host/storage/node-storage.ts": inNode,
  "src/durable/projector": inWorkers,
  "src/durable/registry": inWorkers,
  "src/durable/thread": inWorkers,
  "src/durable/trace": inWorkers,
  "src/durable/webhook": inWorkers,
  "src/durable/hook": inWorkers,
  "src/durable/workflow": inWorkers,
  "src/worker/**": inWorkers,
  "src/worker/describe/**": onServers,

  // What runs on somebody's machine.
  src: inNode,
  "src/cli/**": inNode,
  "src/chaos/**": inNode,
  "src/a2a/**": inNode,
  "src/exec/**": inNode,
  "src/deploy/**": inNode,
  "src/local-server/**": inNode,
  "src/lsp/**": inNode,
  "src/mcp/**": inNode,
  "src/path-tests/**": inNode,
  "src/path-tests/path-worker.ts": inWorkers,
  "src/probe/**": inNode,
  "src/replay/**": everywhere,
  "src/simulate/**": inNode,
  "src/testing/**": inNode,
  "examples/**": inNode,
  "scripts/**": inNode,
  "bench/**": inNode,
  "bench/bare/worker.ts": inWorkers,
  "bench/count/worker.ts": inWorkers,
  "bench/heap/worker.ts": inWorkers,
  "bench/peers/workflows/worker.ts": inWorkers,
  "bench/stalls/worker.ts": inWorkers,

  // Compiled where their packages are installed, which are not those of the project: by the folder's own configuration.
  "bench/peers/apps": [],

  // Compiled with the types of Node and of Workers at once: an entry of the package that has something for each, and tests.
  "src/host/**": [],
  "test/**": [],
};

/** What a file may use; undefined: the table does not say. */
export function findPlatforms(path: string, table = platforms): readonly Platform[] | undefined {
  const own = table[path] ?? table[dirname(path)];
  if (own) return own;
  for (let above = dirname(path); above !== "."; above = dirname(above)) {
    const listed = table[`${above}/**`];
    if (listed) return listed;
  }
  return undefined;
}

/** Types that stand in for Node's where Node is not. */
const noNode = "scripts/house/no-node";

/** What a platform's compiler is told beside the options of `tsconfig.json`. */
const options: { readonly [P in Platform]: object } = {
  node: { types: ["node"] },
  // Packages that ask for Node's types, as Liquid's do, are given those of that folder: none.
  workers: { types: ["no-node-globals", "@cloudflare/workers-types"], typeRoots: [`./${noNode}`, "./node_modules"] },
  browsers: {
    types: [],
    typeRoots: [`./${noNode}`],
    lib: ["es2024", "esnext.iterator", "dom", "dom.iterable", "dom.asynciterable"],
    // Packages for React are given Preact's own likeness of it.
    paths: { react: ["./node_modules/preact/compat/src/index.d.ts"] },
  },
};

/**
 * Writes the three files, by name.
 * @param files every TypeScript file of the source, as paths from the root
 */
export function renderTsconfigs(files: readonly string[], table = platforms): { [name: string]: string } {
  return Object.fromEntries(
    platformNames.map((platform) => {
      const mine = files.filter((file) => findPlatforms(file, table)?.includes(platform));
      const { include, exclude } = listPlaces(mine, files);
      const config = { extends: "./tsconfig.json", compilerOptions: options[platform], include, exclude: [noNode, ...exclude] };
      return [`tsconfig.${platform}.json`, `${JSON.stringify(config, null, 2)}\n`];
    }),
  );
}

interface Places {
  include: string[];
  exclude: string[];
}

/** Few patterns that fit these files and no others: whole trees, with exceptions where there are few of them, else files. */
function listPlaces(mine: readonly string[], files: readonly string[], folder = ""): Places {
  const [ours, all] = [mine, files].map((paths) => paths.filter((path) => path.startsWith(folder))) as [string[], string[]];
  const others = all.filter((path) => !ours.includes(path));
  if (ours.length === 0) return { include: [], exclude: [] };
  if (folder !== "" && others.length <= 2 && others.length * 4 < all.length)
    return { include: [...new Set(ours.map((path) => `${folder}**/*${extname(path)}`))].sort(), exclude: others };
  const isOwn = (path: string): boolean => !path.slice(folder.length).includes("/");
  const own = ours.filter(isOwn);
  const whole = own.length > 0 && !others.some(isOwn);
  const below = new Set(ours.filter((path) => !isOwn(path)).map((path) => path.slice(0, path.indexOf("/", folder.length) + 1)));
  const inside = [...below].map((each) => listPlaces(ours, all, each));
  return {
    include: [
      ...(whole ? new Set(own.map((path) => `${folder}*${extname(path)}`)) : own),
      ...inside.flatMap(({ include }) => include),
    ].sort(),
    exclude: inside.flatMap(({ exclude }) => exclude).sort(),
  };
}
