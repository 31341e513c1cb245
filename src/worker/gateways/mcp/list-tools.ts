/** The tools of the server: one for each exposed workflow, and those that follow threads for clients without Tasks. */
import { ProtocolError, ProtocolErrorCode, type Tool } from "@modelcontextprotocol/server";
import { countBytes } from "../../../contract/limits.ts";
import { type ExposedWorkflow, listExposed } from "../../exposed-workflows.ts";
import { mcpLimits } from "./limits.ts";
import { threadTools } from "./thread-tools.ts";

/** @param cursor the last workflow of the page before */
export async function listTools(db: D1Database, cursor: string | undefined): Promise<{ tools: Tool[]; nextCursor?: string }> {
  if (cursor !== undefined && !/^[a-z0-9-]{1,64}$/.test(cursor))
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, "This cursor is of no page. List the tools anew, without one.");
  const { workflows, next } = await listExposed(db, { after: cursor, limit: mcpLimits.tools });
  const first = cursor === undefined ? threadTools.map(({ tool }) => tool) : [];
  const { fit, last } = cutPage(workflows.map(toTool));
  const nextCursor = last ?? next ?? undefined;
  return { tools: [...first, ...fit], ...(nextCursor !== undefined && { nextCursor }) };
}

/** As many as fit a page; the last of them where others are left. */
function cutPage(tools: Tool[]): { fit: Tool[]; last?: string } {
  let left: number = mcpLimits.toolBytes;
  const fit = tools.filter((tool, index) => {
    left -= countBytes(JSON.stringify(tool));
    return left >= 0 || index === 0;
  });
  const last = fit.length < tools.length ? fit.at(-1)?.name : undefined;
  return { fit, ...(last !== undefined && { last }) };
}

/** A workflow as a tool. Its name is one of a tool's too: kebab-case. The tools beside have a `_` in theirs, which no workflow has. */
export function toTool({ name, description, input }: ExposedWorkflow): Tool {
  return {
    name,
    description,
    // Arguments are an object, whatever else the schema would take.
    inputSchema: { ...(input as { [keyword: string]: unknown } | null), type: "object" },
    annotations: { readOnlyHint: false, openWorldHint: true },
  };
}
