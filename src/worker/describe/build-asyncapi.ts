/** AsyncAPI 3 of the socket and the event stream, out of the frames' and kinds' own schemas. Pure. */

import { subprotocol } from "../../contract/channels.ts";
import { cloudEvent as anyEvent, type Json } from "../../contract/event.ts";
import { agentFrame } from "../../contract/frames.ts";
import { agentKinds } from "../../contract/kinds/agent-kinds.ts";
import { engineKinds } from "../../contract/kinds/engine-kinds.ts";
import { type SchemaObject, toJsonSchema } from "./to-json-schema.ts";
import { serverFrameShapes } from "./wire-shapes.ts";

/** The document. */
export interface AsyncApi {
  asyncapi: string;
  channels: { [name: string]: SchemaObject };
  operations: { [name: string]: SchemaObject };
  components: { messages: { [name: string]: SchemaObject } };
  [member: string]: unknown;
}

/** What the query of a connection may say beside `channel` and `after`. */
const naming =
  "Query: `connection` names this connection; `replaces` (names, comma-separated) frees at once what those still hold; `client` names the process, which is then told of others that use the same token.";

/** @param version of the package */
export function buildAsyncapi(version: string): AsyncApi {
  const [event, ack] = agentFrame.options.map((option) => toJsonSchema(option));
  const cloudEvent = toJsonSchema(anyEvent, "output");
  const message = (title: string, summary: string, payload: Json): SchemaObject => ({
    ...{ title, summary },
    contentType: "application/json",
    payload,
  });
  /** An event of a kind, in the frame that it travels in. */
  const ofKind = (frame: "sent" | "given", kind: string, data: SchemaObject): SchemaObject => {
    const shaped = { allOf: [cloudEvent, { properties: { type: { const: kind }, data }, required: ["type", "data"] }] };
    if (frame === "sent") return { type: "object", required: ["type", "event"], properties: { type: { const: "event" }, event: shaped } };
    return {
      type: "object",
      required: ["type", "seq", "channel", "event"],
      properties: { type: { const: "event" }, seq: { type: "integer" }, channel: { enum: ["my", "open"] }, event: shaped },
    };
  };
  const fromAgent: { [name: string]: SchemaObject } = {
    event: message("event", "Any event; answered by `accepted` or `rejected` under its id.", event as SchemaObject),
    ack: message("ack", "These were dealt with; not answered.", ack as SchemaObject),
    ...Object.fromEntries(
      Object.entries(agentKinds).map(([kind, { summary, accepted, data }]) => [
        `sent.${kind}`,
        message(kind, `${summary} \`accepted\` means: ${accepted}`, ofKind("sent", kind, toJsonSchema(data))),
      ]),
    ),
  };
  const fromServer: { [name: string]: SchemaObject } = {
    accepted: message("accepted", "The event is stored.", toJsonSchema(serverFrameShapes.accepted, "output")),
    rejected: message("rejected", "It is not, and this is why.", toJsonSchema(serverFrameShapes.rejected, "output")),
    note: message(
      "note",
      "Something worth a line in the client's log, for clients that name themselves.",
      toJsonSchema(serverFrameShapes.note, "output"),
    ),
    given: message("event", "An event for this agent, from anybody.", toJsonSchema(serverFrameShapes.event, "output")),
    ...Object.fromEntries(
      Object.entries(engineKinds)
        .filter(([, { channel }]) => channel !== null)
        .map(([kind, { summary, channel, audience, data }]) => [
          `given.${kind}`,
          message(kind, `${summary} On channel \`${channel}\`, to ${audience}.`, ofKind("given", kind, toJsonSchema(data, "output"))),
        ]),
    ),
  };
  const references = (names: string[]): SchemaObject =>
    Object.fromEntries(names.map((name) => [name, { $ref: `#/components/messages/${name}` }]));
  const operation = (action: "send" | "receive", channel: string, summary: string, names: string[]): SchemaObject => ({
    ...{ action, summary },
    channel: { $ref: `#/channels/${channel}` },
    messages: names.map((name) => ({ $ref: `#/channels/${channel}/messages/${name}` })),
  });
  const given = Object.keys(fromServer).filter((name) => name.startsWith("given"));
  return {
    asyncapi: "3.0.0",
    info: {
      title: "nerveflare",
      version,
      description:
        "Events between agents and the orchestrator, as they travel on sockets and event streams. The HTTP API is in /v1/openapi.json.",
      license: { name: "MIT" },
    },
    defaultContentType: "application/json",
    channels: {
      socket: {
        address: "/v1/connect",
        title: "WebSocket",
        description: `Subprotocol ${subprotocol}; the bare word \`ping\` is answered \`pong\`. Close codes: 4401 token, 4409 replaced, 4413 too slow, 4429 rate. ${naming}`,
        messages: references([...Object.keys(fromAgent), ...Object.keys(fromServer)]),
        bindings: { ws: { method: "GET" } },
      },
      stream: {
        address: "/v1/inbox/stream",
        title: "Event stream (SSE)",
        description:
          "The data of each message is `{seq, channel, event}`, its id the `seq`; resume by `Last-Event-ID`. Answers go by POST /v1/events. " +
          `Whoever names the connection says the name in POST /v1/inbox/ack at least every 30 s. ${naming}`,
        messages: references([...given, "note"]),
        bindings: { http: {} },
      },
    },
    operations: {
      send: operation("receive", "socket", "Agents send events and acknowledge.", Object.keys(fromAgent)),
      give: operation("send", "socket", "Agents are given events, and answers to what they sent.", Object.keys(fromServer)),
      stream: operation("send", "stream", "Agents are given events.", [...given, "note"]),
    },
    components: { messages: { ...fromAgent, ...fromServer } },
  };
}
