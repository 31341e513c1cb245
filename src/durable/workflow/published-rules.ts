/** What a workflow's published revision says of its queue and its schedules. Knows the registry, no rows. */
import type { Message } from "../protocol/envelope.ts";
import type { Registry } from "../registry/registry.ts";
import type { Rules } from "./gate.ts";
import { listSchedules, type Scheduled } from "./schedules.ts";

/** What a revision says. */
export interface Said {
  rules: Rules;
  scheduled: Scheduled[];
}

export interface PublishedRules {
  /** @throws if there is no such revision */
  read(revision: string): Promise<Said>;
  /** What the published revision says, where a message comes from another one than is known; undefined: what is known holds. */
  readFor(message: Message): Promise<Said | undefined>;
}

/** @param findKnown the revision whose rules hold now */
export function createPublishedRules(name: string, registry: Registry, findKnown: () => string | null): PublishedRules {
  async function readRules(revision: string): Promise<Said | undefined> {
    const ir = (await registry.revision(revision))?.ir;
    if (!ir) return undefined;
    const rules = { revision, places: ir.concurrency ?? null, overflow: ir.overflow, maxQueue: ir.maxQueue ?? null };
    return { rules, scheduled: listSchedules(ir) };
  }

  async function readFor(message: Message): Promise<Said | undefined> {
    const { revision } = message;
    const known = findKnown();
    if (typeof revision !== "string" || revision === known) return undefined;
    if (message.type !== "admit") return known === null ? readRules(revision) : undefined;
    const own = await read(revision);
    const published = (await registry.reflexes()).find(({ workflow }) => workflow === name)?.revision;
    if (published === undefined || published === revision) return known === null || published !== undefined ? own : undefined;
    return published === known ? undefined : await readRules(published);
  }

  async function read(revision: string): Promise<Said> {
    const said = await readRules(revision);
    if (!said) throw new Error(`the revision ${revision} of ${name} is not to be found`);
    return said;
  }

  return { read, readFor };
}
