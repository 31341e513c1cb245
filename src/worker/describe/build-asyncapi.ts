/** AsyncAPI 3 of the socket and the event stream, out of the frames' and kinds' own schemas. Pure. */
import { closeCodes, subprotocol } from "../../contract/channels.ts";
import { agentFrames } from "../../contract/frames/agent-frames.ts";
import { frameFacts, type ServerFrameType, type StreamMessageType, streamMessages } from "../../contract/frames/server-frames.ts";
import type { ParameterMap } from "../../contract/http/parameter.ts";
import { headerParameters, queries } from "../../contract/http/parameters.ts";
import { agentKinds } from "../../contract/kinds/agent-kinds.ts";
import { engineKinds } from "../../contract/kinds/engine-kinds.ts";
import { createNamedWriter, nameEvent } from "./named-schemas.ts";
import { referTo, type SchemaObject, type SchemaWriter } from "./to-json-schema.ts";

/** The document. */
export interface AsyncApi {
  asyncapi: string;
  channels: { [name: string]: SchemaObject };
  operations: { [name: string]: SchemaObject };
  components: { messages: { [name: string]: SchemaObject }; schemas: { [name: string]: SchemaObject } };
  [member: string]: unknown;
}

/** Messages by name. */
interface Messages {
  [name: string]: SchemaObject;
}

/** What a close code means, and what to do. */
const closings: { [Name in keyof typeof closeCodes]: string } = {
  token: "The token, or ticket, is not valid (any more): ask for another.",
  replaced: "Another connection took its place: come back after a while.",
  tooSlow: "Nothing was read, or nothing acknowledged, for too long: poll instead.",
  rate: "Too much, too fast, or what cannot be read: slow down.",
};

/** @param version of the package */
export function buildAsyncapi(version: string): AsyncApi {
  const writer = createNamedWriter();
  const fromAgent = describeAgentFrames(writer);
  const fromServer = describeServerFrames(writer);
  const onStream = describeStreamMessages(writer);
  const opening = { title: "open", summary: "The request that opens the stream; it has no body.", headers: describeHeaders() };
  const messages = { ...fromAgent, ...fromServer, ...onStream, "stream.open": opening };
  const closes = Object.entries(closeCodes).map(([name, code]): [string, string] => [
    String(code),
    closings[name as keyof typeof closings],
  ]);
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
        description: `Subprotocol \`${subprotocol}\`. The server closes it with a code that says why: ${closes.map(([code, text]) => `${code}: ${text}`).join(" ")}`,
        messages: refer([...Object.keys(fromAgent), ...Object.keys(fromServer)]),
        bindings: {
          ws: {
            method: "GET",
            query: describeObject(queries.connect.parameters),
            headers: describeObject({ "Sec-WebSocket-Protocol": headerParameters["Sec-WebSocket-Protocol"] }),
          },
        },
        "x-close-codes": Object.fromEntries(closes),
      },
      stream: {
        address: "/v1/inbox/stream",
        title: "Event stream (SSE)",
        description:
          "Server-sent events, named `event`, `note` and `close`; the id of an `event` is its `seq`, by which `Last-Event-ID` resumes. Comments keep it alive. Answers go by POST /v1/events. " +
          "Whoever names the connection says the name in POST /v1/inbox/ack at least every 30 s.",
        messages: refer([...Object.keys(onStream), "stream.open"]),
      },
    },
    operations: {
      send: operation("receive", "socket", "Agents send events and acknowledge.", Object.keys(fromAgent)),
      give: operation("send", "socket", "Agents are given events, and answers to what they sent.", Object.keys(fromServer)),
      open: {
        ...operation("receive", "stream", "An agent opens the stream, or comes back to it.", ["stream.open"]),
        bindings: { http: { method: "GET", query: describeObject(queries.connect.parameters) } },
      },
      stream: operation("send", "stream", "Agents are given events.", Object.keys(onStream)),
    },
    components: { messages, schemas: pickReferred(messages, writer.components()) },
  };
}

/** Frames of the socket, from agents. */
function describeAgentFrames({ write }: SchemaWriter): Messages {
  const { event, ack } = agentFrames;
  return {
    event: message("event", "Any event; answered by `accepted` or `rejected` under its id.", write(event)),
    ack: message("ack", "These were dealt with; not answered.", write(ack)),
    ping: message("ping", "The bare word, a sign of life at least every 30 s; answered `pong`.", { const: "ping" }, "text/plain"),
    ...Object.fromEntries(
      Object.entries(agentKinds).map(([kind, { summary, accepted }]) => [
        `sent.${kind}`,
        message(kind, `${summary} \`accepted\` means: ${accepted}`, frame("event", describeMembers({ event: referTo(nameEvent(kind)) }))),
      ]),
    ),
  };
}

/** What each frame of the server's says. A frame without a line here does not compile. */
const frameSummaries: { [Type in ServerFrameType]: string } = {
  event: "An event for this agent, from anybody.",
  accepted: "The event is stored.",
  rejected: "It is not, and `error` says why. `id` is null where the frame could not be read.",
  note: "Something worth a line in the client's log, for clients that name themselves.",
};

/** The same of the stream's messages. */
const messageSummaries: { [Type in StreamMessageType]: string } = {
  event: frameSummaries.event,
  note: frameSummaries.note,
  close: "The last message: why the stream ends, by the socket's close codes.",
};

/** Frames of the socket, from the server. */
function describeServerFrames({ write }: SchemaWriter): Messages {
  const frames = Object.entries(frameFacts).map(([type, schema]) => [
    type === "event" ? "given" : type,
    message(type, frameSummaries[type as ServerFrameType], frame(type, write(schema, "output"))),
  ]);
  return {
    ...Object.fromEntries(frames),
    pong: message("pong", "The bare word, in answer to `ping`.", { const: "pong" }, "text/plain"),
    ...describeGiven("given", (item) => frame("event", item)),
  };
}

/** Messages of the stream. */
function describeStreamMessages({ write }: SchemaWriter): Messages {
  const messages = Object.entries(streamMessages).map(([type, schema]) => [
    `stream.${type}`,
    message(type, messageSummaries[type as StreamMessageType], write(schema, "output")),
  ]);
  return { ...Object.fromEntries(messages), ...describeGiven("stream", (item) => item) };
}

/** An event of each kind that agents are given, as it travels. */
function describeGiven(way: string, wrap: (item: SchemaObject) => SchemaObject): Messages {
  const given = Object.entries(engineKinds).filter(([, { channel }]) => channel !== null);
  return Object.fromEntries(
    given.map(([kind, { summary, channel, audience }]) => {
      const members: SchemaObject = { channel: { const: channel }, event: referTo(nameEvent(kind)) };
      const item = { allOf: [referTo("InboxItem"), describeMembers(members)] };
      return [`${way}.${kind}`, message(kind, `${summary} On channel \`${channel}\`, to ${audience}.`, wrap(item))];
    }),
  );
}

/** Those schemas that the messages refer to, at whatever remove. */
function pickReferred(messages: Messages, schemas: AsyncApi["components"]["schemas"]): AsyncApi["components"]["schemas"] {
  const found = new Set<string>();
  function follow(part: SchemaObject): void {
    for (const [, name = ""] of JSON.stringify(part).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      if (found.has(name)) continue;
      found.add(name);
      follow(schemas[name] ?? {});
    }
  }
  follow(messages);
  return Object.fromEntries(Object.entries(schemas).filter(([name]) => found.has(name)));
}

function message(title: string, summary: string, payload: SchemaObject, contentType = "application/json"): SchemaObject {
  return { title, summary, contentType, payload };
}

/** What has a `type` beside the rest. */
function frame(type: string, rest: SchemaObject): SchemaObject {
  return { allOf: [describeMembers({ type: { const: type } }), rest] };
}

/** An object that has these, and may have others. */
function describeMembers(properties: SchemaObject): SchemaObject {
  return { type: "object", required: Object.keys(properties), properties };
}

function describeObject(parameters: ParameterMap): SchemaObject {
  const properties = Object.entries(parameters).map(([name, { type, description, example }]): [string, SchemaObject] => [
    name,
    { ...type, description, examples: [example] },
  ]);
  return { type: "object", properties: Object.fromEntries(properties) };
}

function describeHeaders(): SchemaObject {
  return describeObject({ "Last-Event-ID": headerParameters["Last-Event-ID"] });
}

function refer(names: string[]): SchemaObject {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/messages/${name}` }]));
}

function operation(action: "send" | "receive", channel: string, summary: string, names: string[]): SchemaObject {
  return {
    ...{ action, summary },
    channel: { $ref: `#/channels/${channel}` },
    messages: names.map((name) => ({ $ref: `#/channels/${channel}/messages/${name}` })),
  };
}
