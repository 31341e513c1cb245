/** The list of agents, live: who says something is there, and who comes and goes is read again when the server says that something has changed. */
import { useEffect, useState } from "preact/hooks";
import { type AgentRow, joinSigns, noteSigns } from "./agents-model.ts";
import { read } from "./api.ts";
import { serverNow } from "./clock.ts";
import { live } from "./live-log.ts";
import { type Pages, usePages } from "./use-pages.ts";
import { useRereading } from "./use-rereading.ts";

/** @param capability what the server lists by */
export function useAgents(capability: string | undefined): Pages<AgentRow> {
  const [signs, setSigns] = useState<ReadonlyMap<string, string>>(new Map());
  useEffect(
    () => live.listen((entries) => setSigns((before) => noteSigns(before, entries, () => new Date(serverNow.peek()).toISOString()))),
    [],
  );
  const { items, ...pages } = usePages(
    async (after, signal) => {
      const { agents, next } = await read<"agents">("/v1/agents", { query: { capability, after, limit: 200 }, signal });
      return { items: agents, next };
    },
    [capability],
  );
  // Events alone change no list of agents; their object says when they come, go, or begin to ignore offers.
  useRereading(pages.reload, () => false);
  return { ...pages, items: joinSigns(items, signs) };
}
