/** What the route of `/mcp` says of itself. Its messages are the protocol's to describe. */
import { answers } from "../../../contract/http/answers.ts";
import type { RouteDoc } from "../route-doc.ts";

/** An error as JSON-RPC has it. */
const refused = (description: string) => ({ description, schema: answers.document });

export const mcpDocs: RouteDoc[] = [
  {
    route: "POST /mcp",
    tag: "mcp",
    summary: "A message of the Model Context Protocol (streamable HTTP, stateless): exposed workflows are tools, their threads tasks",
    callers: "everyone",
    body: { schema: answers.document },
    answers: {
      200: { description: "The answer, a JSON-RPC message.", schema: answers.document, also: { "text/event-stream": null } },
      202: { description: "A notification was taken." },
      400: refused("It is no message of the protocol, or of a revision that is not spoken here."),
      404: refused("There is no such method."),
      406: refused("The answer is JSON or an event stream, and `Accept` wants neither."),
      413: refused("The message is too large."),
      415: refused("The body is not JSON."),
    },
  },
];
