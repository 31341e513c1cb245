/**
 * The architecture as one table: each folder is a room, and says what it may import. `npm run check` holds every file to its
 * room's row; a folder without a row is refused. To allow an arrow, add it here: whoever reads the change sees the architecture change.
 */
import { durableRooms } from "./durable-rooms.ts";
import type { Room } from "./room.ts";

const contract = "src/contract/**";
const checking = ["src/compile", "src/compile/diagnostics", "src/compile/source", contract];
const protocol = "src/durable/protocol";
const host = "src/durable/host";
const storage = "src/durable/host/storage";

/** By folder. A row ending in `/**` is for the folders below as well. */
export const rooms: { readonly [folder: string]: Room } = {
  // What all sides share.
  src: { is: "the package itself: its version, its files, the Node that it needs", may: ["package.json", "node:*"] },
  "src/contract": { is: "what the sides say to one another: events, frames, problems, limits", may: [contract, "zod"] },
  "src/contract/kinds": { is: "the engine's and the agents' kinds of events", may: [contract, "zod"] },
  "src/contract/frames": { is: "what goes over a socket or a stream, each way", may: [contract, "zod"] },
  "src/contract/http": { is: "parameters and bodies of the HTTP API", may: [contract, "zod"] },
  "src/contract/views": { is: "what can be read of threads, agents and broadcasts", may: [contract, "zod"] },
  "src/contract/json-schema": { is: "judging a value by a JSON Schema, within limits", may: ["src/contract"] },

  // The machines, and the compiler that makes their data. Both run anywhere.
  machines: { is: "what loads a workflow's machines, and their vocabulary", may: ["machines/**", contract, "xstate", "zod"] },
  "machines/recruitment": { is: "context, guards and actions of a thread's root", may: ["machines", contract, "zod"] },
  "machines/task": { is: "context, guards and actions of its task", may: ["machines", contract, "zod"] },
  "src/compile": {
    is: "workflow YAML in; diagnostics, intermediate form and machine configs out",
    may: ["machines", "src/compile/**", contract, "@noble/hashes"],
  },
  "src/compile/diagnostics": {
    is: "the catalogue of findings, and their fixes",
    may: ["src/compile", "src/compile/diagnostics/families", "src/compile/source"],
  },
  "src/compile/diagnostics/families": { is: "its entries", may: ["src/compile/diagnostics"] },
  "src/compile/source": { is: "YAML with offsets", may: ["src/compile", "src/compile/diagnostics", contract, "yaml"] },
  "src/compile/schema": { is: "the language's shape", may: ["src/compile", "src/compile/source", contract, "zod"] },
  "src/compile/describe": {
    is: "the language as a page for people",
    may: ["src/compile", "src/compile/expressions", "src/compile/schema", "src/compile/templates", contract],
  },
  "src/compile/expressions": { is: "checking JSONata", may: [...checking, "jsonata"] },
  "src/compile/templates": { is: "checking Liquid", may: [...checking, "liquidjs"] },
  "src/compile/schedules": { is: "when a schedule is due", may: ["croner"] },
  "src/compile/meaning": { is: "types of what expressions see, by JSON Schemas", may: [...checking, "src/compile/expressions"] },
  "src/compile/reach": {
    is: "which conditions can hold, tried over the values that may stand in them",
    may: ["src/compile/expressions", "src/compile/meaning", contract],
  },
  "src/compile/check": {
    is: "what is wrong with a workflow",
    may: [
      ...["src/compile", "src/compile/diagnostics", "src/compile/expressions", "src/compile/lower", "src/compile/meaning"],
      ...[
        "src/compile/reach",
        "src/compile/schedules",
        "src/compile/schema",
        "src/compile/source",
        "src/compile/templates",
        contract,
        "zod",
      ],
    ],
  },
  "src/compile/together": {
    is: "what is wrong only where several files are looked at",
    may: [
      ...["src/compile", "src/compile/check", "src/compile/diagnostics", "src/compile/expressions", "src/compile/meaning"],
      ...["src/compile/source", contract],
    ],
  },
  "src/compile/compare": { is: "what two revisions differ in", may: ["src/compile", contract] },
  "src/compile/raise": {
    is: "from the checked document to the intermediate form",
    may: ["src/compile", "src/compile/check", "src/compile/source", "src/compile/templates", contract],
  },
  "src/compile/lower": { is: "from the intermediate form to the machines", may: ["machines", "src/compile", contract] },
  "src/compile/decide": {
    is: "expressions, templates, reflexes and the moderator, at run time",
    may: ["machines", "src/compile", "src/compile/expressions", "src/compile/templates", contract, "jsonata", "liquidjs"],
  },
  "src/compile/types": { is: "a workflow's types for TypeScript", may: ["src/compile", contract] },
  "src/compile/draw": { is: "pictures of a workflow", may: ["machines", "src/compile", "src/compile/lower", contract, "elkjs"] },
  "src/compile/stately": { is: "machines as code that Stately's editor opens", may: ["machines"] },
  ...durableRooms,

  // The Worker: HTTP over the objects and D1.
  "src/worker": {
    is: "the app: who is calling, what it may, and what is kept in D1",
    may: [
      ...[contract, "src/compile", "src/compile/diagnostics", "src/compile/source", "src/compile/types", "src/durable"],
      ...["src/durable/agent", "src/durable/control", "src/durable/projector", protocol, "src/durable/registry", "src/durable/routing"],
      storage,
      ...["src/worker/routes", "hono", "zod"],
    ],
  },
  "src/worker/artifacts": {
    is: "what is larger than an event may be: received in parts, and answered with; loaded when it is first asked for",
    may: [contract, "src/durable/artifacts", "src/worker"],
  },
  "src/worker/routes": {
    is: "the routes",
    may: [
      ...[contract, "src/durable/agent", "src/durable/hook", "src/durable/projector", protocol, "src/durable/registry"],
      ...["src/durable/trace", "src/worker", "src/worker/artifacts", "src/worker/gateways/a2a", "src/worker/gateways/mcp", "hono"],
    ],
  },
  // Each route loads its gateway with the first call, by a dynamic import: nothing that starts the Worker imports one.
  "src/worker/gateways/mcp": {
    is: "the server as a server of the Model Context Protocol",
    may: [
      ...[contract, "src/durable/agent", protocol, "src/version.ts", "src/worker"],
      ...["@modelcontextprotocol/ext-tasks", "@modelcontextprotocol/server", "zod"],
    ],
  },
  "src/worker/gateways/a2a": {
    is: "the server as agents of the Agent2Agent protocol",
    may: [contract, "src/version.ts", "src/worker", "src/durable/agent", protocol, "@a2a-js/sdk"],
  },
  "src/worker/describe": { is: "OpenAPI and AsyncAPI, and their page", may: [contract, "src/worker/describe/routes", "hono", "zod"] },
  "src/worker/describe/routes": { is: "each route's description", may: [contract, "src/worker/describe", "zod"] },

  // What agents and authors use.
  "src/client": { is: "what an agent imports; knows the contract only", may: [contract] },
  // The inspector: what runs in a browser, beside a Worker that it asks.
  "src/inspector": {
    is: "the page's entry, and which page an address shows",
    may: ["src/inspector/data", "src/inspector/pages", "src/inspector/parts", "preact", "preact-iso"],
  },
  "src/inspector/pages": {
    is: "a page each, in a file each",
    may: [
      ...[contract, "src/inspector/data", "src/inspector/pages/thread", "src/inspector/pages/turn", "src/inspector/parts"],
      ...["@preact/signals", "preact", "preact-iso"],
    ],
    apart: true,
  },
  "src/inspector/pages/turn": {
    is: "the parts of a person's turn",
    may: [contract, "src/inspector/data", "src/inspector/parts", "@rjsf/core", "@rjsf/utils", "preact", "preact-iso"],
  },
  "src/inspector/pages/thread": {
    is: "the parts of a thread's page",
    may: [
      ...["machines/config.ts", contract, "src/compile/draw", "src/compile/stately", "src/inspector/data", "src/inspector/data/story"],
      ...["src/inspector/parts", "preact", "preact-iso"],
    ],
  },
  "src/inspector/parts": {
    is: "what pages are put together of",
    may: ["src/inspector/data", "@tanstack/virtual-core", "preact", "preact-iso"],
  },
  "src/inspector/data": {
    is: "what pages show: the API, the log as it comes, and models of both that know no page",
    may: [
      ...[contract, "src/client/event-parser.ts", "src/compile", "src/compile/diagnostics", "src/inspector/data/story"],
      ...["@preact/signals", "preact"],
    ],
  },
  "src/inspector/data/story": { is: "a thread as it was at any moment; knows no page", may: [contract] },
  "src/exec": { is: "makes any program an agent", may: [contract, "src/client", "src/exec/presets", "node:*"] },
  "src/exec/presets": {
    is: "command-line language models: their commands, what they print, and a turn as a prompt",
    may: [...[contract, "src/client", "src/exec/find-objects.ts", "src/exec/run-program.ts"]],
  },
  "src/a2a": {
    is: "makes a remote A2A agent an agent of ours",
    may: [contract, "src", "src/client", "src/exec", "node:*", "@a2a-js/sdk"],
  },
  "src/mcp": {
    is: "makes the model of an MCP client an agent",
    may: [contract, "src/client", "src/exec", "src/version.ts", "@modelcontextprotocol/server", "node:*", "zod"],
  },
  "src/chaos": {
    is: "a line that misbehaves, between an agent and its server",
    may: ["src/client", "src/explore/create-random.ts", "node:*"],
  },
  "src/probe": { is: "tries a server against the contract", may: [contract, "src/client", "ws", "node:*"] },
  "src/explore": {
    is: "takes a workflow's machines everywhere they can go",
    may: [
      ...["machines/**", "src/compile", "src/compile/decide", "src/compile/diagnostics", "src/compile/lower", "src/compile/source"],
      ...[contract, "xstate"],
    ],
  },
  "src/explore/paths": { is: "paths that together take everything", may: ["machines/**", "src/compile", "src/explore"] },
  "src/path-tests": {
    is: "follows such paths on the real host",
    may: [
      ...["machines", "src", "src/compile", contract, host, storage, "src/explore/paths"],
      ...["cloudflare:*", "esbuild", "miniflare", "node:*"],
    ],
    objectStorage: "writes",
  },
  "src/simulate": {
    is: "a thread that is walked by hand",
    may: [
      ...["machines/**", "src/compile", "src/compile/decide", "src/compile/lower", contract, host, protocol, storage],
      ...["src/explore", "node:*", "yaml", "zod"],
    ],
  },
  "src/replay": {
    is: "a thread's decisions, taken again by another revision",
    may: ["src/compile", "src/compile/decide", contract, "zod"],
  },
  "src/host": { is: "`nerveflare/host`: what of the actor host others import", may: [host, storage, protocol] },
  "src/testing": {
    is: "`nerveflare/testing`: what an author's tests import",
    may: ["src/compile", "src/explore/paths", "src/path-tests", "src/replay", "src/simulate", "node:*"],
  },
  "src/lsp": {
    is: "the language server; knows no files",
    may: [
      ...["src/compile", "src/compile/check", "src/compile/diagnostics", "src/compile/draw", "src/compile/expressions"],
      ...["src/compile/schema", "src/compile/source", "src/compile/templates", "src/compile/together", contract],
      ...["vscode-languageserver"],
      ...["vscode-languageserver-textdocument"],
    ],
  },
  "src/local-server": {
    is: "the Worker on this machine: its data folder, its runtime, its backups",
    may: [
      ...["src", contract, "src/durable", "src/durable/projector", "src/durable/trace", "src/worker/describe"],
      ...["esbuild", "miniflare", "node:*", "vite", "wrangler", "zod"],
    ],
  },
  "src/deploy": {
    is: "brings the Worker to Cloudflare by Wrangler, step by step",
    may: [contract, "src/node-version.ts", "node:*", "smol-toml", "zod"],
  },

  // The command line, which nothing imports.
  "src/cli": { is: "the table of commands, and what a failure looks like", may: ["src", "src/cli/commands", "src/cli/lib", "commander"] },
  "src/cli/commands": {
    is: "a command each",
    may: [
      ...["src", "src/cli/lib/**", "src/client", "src/compile/**", contract, "src/deploy", "src/exec/**", "src/explore/**", "src/lsp"],
      ...[
        "src/local-server",
        "src/mcp",
        "src/path-tests",
        "src/probe",
        "src/replay",
        "src/simulate",
        "commander",
        "node:*",
        "vscode-languageserver",
        "yaml",
      ],
    ],
    apart: true,
  },
  "src/cli/lib": {
    is: "what commands share",
    may: [
      ...["src", "src/a2a", "src/client", "src/compile/decide", "src/compile/source", contract, "src/local-server", "src/simulate"],
      ...["commander", "node:*", "zod"],
    ],
  },
  "src/cli/lib/chaos": { is: "the same as a command", may: ["src/chaos", "src/cli/lib", "src/client", contract, "commander", "node:*"] },
  "src/cli/lib/check": {
    is: "findings about files",
    may: [
      ...["src", "src/cli/lib", "src/compile", "src/compile/diagnostics", "src/compile/source", "src/compile/together"],
      ...["src/lsp/is-workflow.ts", "node:*"],
    ],
  },
  "src/cli/lib/compile": { is: "machines as files", may: ["src/cli/lib", "src/cli/lib/check", "src/compile"] },
  "src/cli/lib/demo": { is: "the demo's story", may: ["src", "src/cli/lib", "src/local-server", "node:*"] },
  "src/cli/lib/doctor": {
    is: "what is wrong with a data folder",
    may: [
      ...[contract, "src/durable", "src/durable/projector", protocol, "src/durable/thread/lifecycle", "src/durable/thread/recruitment"],
      ...["src/durable/thread/task", "src/local-server", "node:*"],
    ],
  },
  "src/cli/lib/diff": {
    is: "revisions, from files and servers, and their difference",
    may: [...["src/cli/lib", "src/cli/lib/check", "src/cli/lib/compile", "src/compile", "src/compile/compare"], ...[contract, "node:*"]],
  },
  "src/cli/lib/draw": { is: "pictures as files", may: ["src/cli/lib/compile", "src/compile", "src/compile/draw", "node:*"] },
  "src/cli/lib/events": { is: "the log as lines", may: ["src/cli/lib", contract, "node:*"] },
  "src/cli/lib/export": { is: "threads of a server as what is replayed", may: ["src/cli/lib", contract, "src/replay"] },
  "src/cli/lib/inspect": {
    is: "a thread for Stately's inspector",
    may: ["machines/config.ts", "src/cli/lib", "src/cli/lib/live", contract, "ws"],
  },
  "src/cli/lib/live": {
    is: "a thread and the whole server, live on a terminal",
    may: ["src/cli/lib", "src/cli/lib/check", "src/cli/lib/events", contract, "log-update", "zod"],
  },
  "src/cli/lib/server-check": {
    is: "files, held against what a server has",
    may: [
      ...["src/cli/lib", "src/cli/lib/check", "src/cli/lib/diff", "src/compile", "src/compile/compare", "src/compile/together"],
      ...[contract, "src/version.ts"],
    ],
  },
  "src/cli/lib/simulate": { is: "a walk as people read it", may: ["src/cli/lib", contract, "src/simulate"] },

  // What editors install.
  "editors/vscode/src": {
    is: "the extension of VS Code, and the language server that comes with it",
    may: ["src/cli/lib/check", "src/cli/lib/draw", "src/lsp", "node:*", "vscode", "vscode-languageclient", "vscode-languageserver"],
  },
  "editors/vscode/src/page": { is: "the page that shows the picture", may: ["editors/vscode/src"] },

  // Beside the product.
  bin: { is: "what npm puts on the path: finds the Node and the build that run the command line", may: ["node:*"] },
  "examples/**": {
    is: "agents to begin with",
    may: ["examples/**", contract, "src/client", "src/exec", "node:*", "jsonata", "standardwebhooks", "yaml", "zod"],
  },
  "scripts/**": {
    is: "checks and generated files",
    may: ["machines", "scripts/**", "src/**", "node:*", "esbuild", "oxc-parser", "publint", "xstate", "zod"],
  },
  "bench/**": {
    is: "what it costs",
    may: ["bench/**", "src/**", "node:*", "cloudflare:*", "liquidjs", "miniflare", "ws", "yaml"],
    objectStorage: "writes",
  },
  "bench/peers/apps": {
    is: "the same work on the engines of others",
    may: ["bench/bare", "node:*", "@dbos-inc/dbos-sdk", "@restatedev/restate-sdk", "ws"],
  },
  "test/**": { is: "what it promises", may: ["**"], objectStorage: "writes" },
};

/**
 * Packages that only some files of a room touch, by name: what a new version of it changes is changed there. Tests may import them
 * wherever they like.
 */
export const confined: { readonly [name: string]: readonly string[] } = {
  xstate: [
    // What a machine is made of.
    "machines/load-machine.ts",
    "machines/steps.ts",
    // The step, what it leads to, what references do in it, and what a machine may hold: docs/actor-host.md says what each uses.
    "src/durable/host/actor-at.ts",
    "src/durable/host/chart.ts",
    "src/durable/host/effects.ts",
    "src/durable/host/inspect-machine.ts",
    "src/durable/host/logic.ts",
    "src/durable/host/macrostep.ts",
    "src/durable/host/references.ts",
    "src/durable/host/step.ts",
    // The same machines, stepped without a host.
    "src/explore/step-actor.ts",
    "scripts/conformance/replay.ts",
  ],
};
