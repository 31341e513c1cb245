/** What a process calls its links, and which of them the server may still take for alive. */
import { replacedAtMost } from "../contract/channels.ts";

export interface LinkNames {
  /** A name for a new link. */
  next(): string;
  /** The others that may be alive. */
  before(name: string): string[];
  /** The server has taken the place of all before away with the one that opened. */
  opened(name: string): void;
  /** The server was told to end that one, and may not have heard. */
  mayLive(name: string): void;
}

export function createLinkNames(client: string): LinkNames {
  let made = 0;
  let left: string[] = [];
  return {
    next() {
      const name = `${client}.${++made}`;
      left = [...left, name].slice(-replacedAtMost);
      return name;
    },
    before: (name) => left.filter((other) => other !== name),
    opened(name) {
      left = left.slice(left.indexOf(name));
    },
    mayLive(name) {
      left = [name, ...left];
    },
  };
}
