/** Loads the layout library, which takes any place that has `self` for a browser's worker and then answers by messages only. */
import type { ELK, ELKConstructorArguments } from "elkjs/lib/elk-api.js";

/** The library speaks of browsers' workers, which only a browser's types have. */
type BrowserWorker = ReturnType<NonNullable<ELKConstructorArguments["workerFactory"]>>;

let loaded: Promise<ELK> | undefined;

/** The layout library, loaded when it is first asked for: it is large. Runs in Node and in workerd. */
export function loadElk(): Promise<ELK> {
  loaded ??= importElk();
  return loaded;
}

async function importElk(): Promise<ELK> {
  const { default: api } = await import("elkjs/lib/elk-api.js");
  const FakeWorker = await importWorker();
  // Read from CommonJS, the class may be one `default` further down.
  const Constructor = (api as unknown as { default?: typeof api }).default ?? api;
  return new Constructor({ workerFactory: () => new FakeWorker() as BrowserWorker });
}

/**
 * The library looks for `self` as it is evaluated; where there is one, as in workerd, it is out of sight for that moment. It keeps what is
 * global by another name, `global` if there is no `window`: a browser's worker has neither.
 */
async function importWorker(): Promise<new () => object> {
  const scope = globalThis as { self?: unknown; global?: unknown };
  const own = Object.getOwnPropertyDescriptor(scope, "self");
  const hidden = typeof scope.self !== "undefined" && !("document" in globalThis);
  if (hidden) scope.global ??= globalThis;
  if (hidden) Object.defineProperty(scope, "self", { value: undefined, configurable: true, writable: true });
  try {
    const module = (await import("elkjs/lib/elk-worker.min.js" as string)) as {
      Worker?: new () => object;
      default?: { Worker: new () => object };
    };
    const found = module.Worker ?? module.default?.Worker;
    if (!found) throw new Error("elkjs gives no worker here");
    return found;
  } finally {
    if (hidden) {
      if (own) Object.defineProperty(scope, "self", own);
      else delete scope.self;
    }
  }
}
