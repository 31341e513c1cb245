/** The server as agents of the A2A protocol. Loaded with the first call: see routes/a2a.ts. */
import { A2A_CONTENT_TYPE, A2A_PROTOCOL_VERSION, A2A_VERSION_HEADER, AgentCard, StreamResponse } from "@a2a-js/sdk";
import { type A2AError, restStatusFor, toRestErrorBody } from "@a2a-js/sdk/errors";
import { JsonRpcTransportHandler, ServerCallContext, validateVersion } from "@a2a-js/sdk/server";
import { problemError } from "../../problem-error.ts";
import { readText } from "../../read-body.ts";
import { type CardSubject, makeCard, makeServerCard } from "./agent-cards.ts";
import { carryError, malformed, toA2AError } from "./errors.ts";
import { a2aLimits } from "./limits.ts";
import { findSubject, type GatewayPorts } from "./list-subjects.ts";
import type { Caller } from "./send-message.ts";
import { readRetryAfter, respondRestError, serveRest } from "./serve-rest.ts";
import { checkRoom, streamEvents } from "./stream-events.ts";
import { createTaskRequests, lastEventIdKey } from "./task-requests.ts";

/** The well-known path, below the server's address and below each subject's. */
const cardPath = [".well-known", "agent-card.json"];

/** Bytes of a card are the same until something is published: clients may keep it for a minute. */
const cardHeaders = { "content-type": "application/json", "cache-control": "private, max-age=60" };

/** The server's own card, for anybody. */
export function serveServerCard(request: Request): Response {
  const card = makeServerCard(new URL(request.url).origin, undefined);
  return new Response(JSON.stringify(AgentCard.toJSON(card)), { headers: { ...cardHeaders, "cache-control": "public, max-age=60" } });
}

/** Answers one request below `/a2a` of a caller whose token was proven. */
export async function serveA2a(request: Request, ports: GatewayPorts, caller: Caller): Promise<Response> {
  const { origin, pathname, searchParams } = new URL(request.url);
  const [kind, name, ...segments] = pathname.split("/").slice(2).map(decodeURIComponent);
  const subject = kind === undefined || name === undefined ? undefined : await findSubject(ports, kind, name);
  const isRpc = request.method === "POST" && segments.length === 0;
  if (kind !== undefined && subject === undefined) {
    const what = kind === "workflows" || kind === "agents" ? `${kind.slice(0, -1)} ${name}` : `${kind}/${name}`;
    throw problemError("not_found", `There is no ${what.slice(0, 200)} with a card. The extended card of /a2a lists what there is.`);
  }
  if (request.method === "GET" && segments.join("/") === cardPath.join("/") && subject)
    return new Response(JSON.stringify(AgentCard.toJSON(makeCard(origin, subject))), { headers: cardHeaders });
  const call: Call = { request, ports, caller, subject, origin };
  return isRpc ? serveRpc(call) : serveHttp(call, segments, searchParams);
}

interface Call {
  request: Request;
  ports: GatewayPorts;
  caller: Caller;
  subject: CardSubject | undefined;
  origin: string;
}

async function open({ request, ports, caller, subject, origin }: Call, binding: string) {
  const handler = createTaskRequests(ports, caller, subject, origin);
  const requestedVersion = request.headers.get(A2A_VERSION_HEADER) ?? A2A_PROTOCOL_VERSION;
  const state = new Map<string, unknown>([[lastEventIdKey, request.headers.get("last-event-id") ?? undefined]]);
  const context = new ServerCallContext({ requestedVersion, state, user: { isAuthenticated: true, userName: caller.name } });
  validateVersion(requestedVersion, await handler.getAgentCard(), binding);
  return { handler, context };
}

async function serveRpc(call: Call): Promise<Response> {
  const json = (body: unknown, headers = {}): Response =>
    new Response(JSON.stringify(body), { headers: { "content-type": "application/json", ...headers } });
  let id: unknown = null;
  try {
    const text = await readText(call.request, a2aLimits.bodyBytes);
    id = readId(text);
    const { handler, context } = await open(call, "JSONRPC");
    const answer = await new JsonRpcTransportHandler(handler).handle(text, context);
    if (!(Symbol.asyncIterator in answer)) return json(answer);
    checkRoom(call.caller.name);
    // What refuses a stream is an answer of its own: the first value decides.
    const first = await answer.next();
    return streamEvents(call.caller.name, first.value, answer, (error) => describeRpc(carryOr(error, call), id));
  } catch (error) {
    const carried = carryOr(error, call);
    return json(describeRpc(carried, id), readRetryAfter(carried));
  }
}

function describeRpc(error: unknown, id: unknown): unknown {
  return { jsonrpc: "2.0", id, error: JsonRpcTransportHandler.mapToJSONRPCError(error) };
}

/** The id of a request that is refused before its method is looked at; null where there is none to be read. */
function readId(text: string): unknown {
  try {
    return (JSON.parse(text) as { id?: unknown } | null)?.id ?? null;
  } catch {
    return null;
  }
}

async function serveHttp(call: Call, segments: string[], query: URLSearchParams): Promise<Response> {
  const { request, caller } = call;
  try {
    const { handler, context } = await open(call, "HTTP+JSON");
    const body = request.method === "POST" ? parseBody(await readText(request, a2aLimits.bodyBytes)) : undefined;
    const answer = await serveRest(handler, context, { method: request.method, segments, query, body });
    if (answer === undefined) throw problemError("not_found", `There is no ${request.method} /${segments.join("/")} in the protocol.`);
    if ("stream" in answer) {
      checkRoom(caller.name);
      const values = toJson(answer.stream);
      const first = await values.next();
      return streamEvents(caller.name, first.value, values, (error) => toRestErrorBody(carryOr(error, call), restStatusFor(error)));
    }
    const { status, body: value } = answer;
    return new Response(value === undefined ? null : JSON.stringify(value), {
      status,
      ...(value !== undefined && { headers: { "content-type": A2A_CONTENT_TYPE } }),
    });
  } catch (error) {
    return respondRestError(carryOr(error, call));
  }
}

async function* toJson(stream: AsyncGenerator<StreamResponse, void, undefined>): AsyncGenerator<unknown, void, undefined> {
  for await (const value of stream) yield StreamResponse.toJSON(value);
}

function parseBody(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw malformed("The body is no JSON.");
  }
}

/** What is a fault of ours is logged, and told without its words. */
function carryOr(error: unknown, { ports }: Call): A2AError {
  try {
    return carryError(error);
  } catch {
    const correlation = crypto.randomUUID();
    ports.log({ level: "error", at: "a2a", correlation, message: String(error) });
    return toA2AError(problemError("bug", `Something went wrong here. The operator finds it in the log as ${correlation}.`).problem);
  }
}
