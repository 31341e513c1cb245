/** Values of VS Code's API, as far as positions, addresses and listeners need them. */
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export type Listener = (value: unknown) => unknown;

export class Place {
  readonly line: number;
  readonly character: number;
  constructor(line: number, character: number) {
    this.line = line;
    this.character = character;
  }
  isBefore(other: Place): boolean {
    return this.line < other.line || (this.line === other.line && this.character < other.character);
  }
}

export class Stretch {
  readonly start: Place;
  readonly end: Place;
  constructor(...given: [Place, Place] | [number, number, number, number]) {
    const [from, to] = given.length === 2 ? given : [new Place(given[0], given[1]), new Place(given[2], given[3])];
    this.start = from;
    this.end = to;
  }
  get active(): Place {
    return this.end;
  }
  contains({ start, end }: Stretch): boolean {
    return !start.isBefore(this.start) && !this.end.isBefore(end);
  }
}

export class Address {
  readonly #text: string;
  readonly scheme: string;
  readonly path: string;
  constructor(text: string) {
    const { protocol, pathname } = new URL(text);
    this.#text = text;
    this.scheme = protocol.slice(0, -1);
    this.path = decodeURIComponent(pathname);
  }
  static parse = (text: string): Address => new Address(text);
  static file = (path: string): Address => new Address(pathToFileURL(path).href);
  static joinPath = (base: Address, ...parts: string[]): Address => Address.file(join(base.fsPath, ...parts));
  get fsPath(): string {
    return fileURLToPath(this.#text);
  }
  toString(): string {
    return this.#text;
  }
}

/** Does nothing, has everything. */
const nothing: unknown = new Proxy(() => {}, {
  get: (_, name) =>
    name === "then" ? undefined : name === Symbol.toPrimitive ? () => "" : name === Symbol.iterator ? [][Symbol.iterator] : nothing,
  apply: () => nothing,
});

function createKind(name: string): unknown {
  const kind = class {
    given: unknown[];
    constructor(...given: unknown[]) {
      this.given = given;
    }
    dispose(): void {}
  };
  return new Proxy(kind, { get: (target, member) => Reflect.get(target, member) ?? `${name}.${String(member)}` });
}

/** An object of the API: what it has, then events, classes, enumerations; whatever else does nothing. */
export function fill(name: string, own: Record<string, unknown>, on: (event: string) => unknown): unknown {
  return new Proxy(own, {
    get: (target, member) => {
      if (typeof member === "symbol" || Object.hasOwn(target, member)) return Reflect.get(target, member);
      if (/^on(Did|Will)/.test(member)) return on(`${name}.${member}`);
      if (/^[A-Z]/.test(member)) {
        target[member] = createKind(member);
        return target[member];
      }
      return member === "then" ? undefined : nothing;
    },
  });
}

export class Emitter {
  readonly #listeners = new Set<Listener>();
  readonly event = (listener: Listener) => {
    this.#listeners.add(listener);
    return { dispose: () => this.#listeners.delete(listener) };
  };
  fire(value: unknown): void {
    for (const listener of this.#listeners) listener(value);
  }
  dispose(): void {}
}

export class Disposer {
  readonly dispose: () => void;
  constructor(dispose: () => void) {
    this.dispose = dispose;
  }
  static readonly from = (...all: { dispose(): void }[]) =>
    new Disposer(() => {
      for (const each of all) each.dispose();
    });
}

/** A kind of code action: `quickfix.x`. */
export class ActionKind {
  static readonly Empty = new ActionKind("");
  readonly value: string;
  constructor(value: string) {
    this.value = value;
  }
  append(part: string): ActionKind {
    return new ActionKind(this.value === "" ? part : `${this.value}.${part}`);
  }
}
