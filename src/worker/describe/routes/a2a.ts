/** What the routes of `/a2a` say of themselves. Bodies and answers are the protocol's to describe. */
import { answers } from "../../../contract/http/answers.ts";
import { type ParameterMap, required, text } from "../../../contract/http/parameter.ts";
import { lastEventId, type RouteDoc } from "../route-doc.ts";

const said = (description: string, type = "application/a2a+json") => ({ description, type });

/** Errors as the binding has them, by their status. What has no card is a problem as elsewhere; a task that is not there has the same status, in the binding's form. */
const refusals = {
  400: said("It is no request of the protocol, or its message does not fit."),
  403: said("The caller may not."),
  409: said("The task does not take this now."),
  413: said("The message is too large."),
  429: said("Too many streams, or too much was sent: later."),
  503: said("The mailbox is full, or something is away: later."),
};

const path: ParameterMap = {
  kind: required(text("What the card is of: `workflows` or `agents`.", { example: "workflows" })),
  name: required(text("The workflow's name, or the agent's id.", { example: "code-review" })),
};
const task: ParameterMap = {
  task: required(
    text("The task: a thread's id, with `:cancel` or `:subscribe` behind it in calls that do so.", {
      example: "taaaaaaaaaaaaaaaaaaaaaaaaa",
    }),
  ),
};
/** Of each call; where it is absent, the version is 1.0. */
const spoken = text("The protocol's version that the caller speaks.", { example: "1.0" });
const sent: ParameterMap = { call: required(text("`message:send` or `message:stream`.", { example: "message:send" })) };
const config: ParameterMap = { config: required(text("The configuration's id.", { example: "mine" })) };

function describe(route: string, summary: string, more: Partial<RouteDoc> = {}): RouteDoc {
  const [method, rest = ""] = route.split(" ");
  const parameters: ParameterMap = {
    ...path,
    ...(rest.includes(":task") && task),
    ...(rest.includes(":config") && config),
    ...(rest.includes(":call") && sent),
  };
  return {
    ...{ route: `${method} /a2a/:kind/:name${rest}`, tag: "a2a", summary, callers: "everyone", path: parameters },
    ...{ answers: { 200: said("The answer."), ...refusals }, problems: ["not_found"] },
    ...more,
  };
}

const rpc = {
  body: { schema: answers.document },
  answers: {
    200: { description: "The answer, or a stream of them.", schema: answers.document, also: { "text/event-stream": null } },
  },
} satisfies Partial<RouteDoc>;
const sends = { body: { schema: answers.document, types: ["application/a2a+json", "application/json"] } } satisfies Partial<RouteDoc>;

export const a2aDocs: RouteDoc[] = [
  {
    route: "GET /.well-known/agent-card.json",
    tag: "a2a",
    summary: "The server's own card of the Agent2Agent protocol",
    callers: "anybody",
    answers: { 200: { description: "The card.", schema: answers.document } },
  },
  {
    route: "POST /a2a",
    tag: "a2a",
    summary: "A request of the Agent2Agent protocol to the server, as JSON-RPC",
    callers: "everyone",
    headers: { "A2A-Version": spoken, ...lastEventId },
    ...rpc,
  },
  describe("POST ", "A request of the Agent2Agent protocol to an exposed workflow or agent, as JSON-RPC", {
    ...rpc,
    problems: ["not_found"],
  }),
  describe("GET /.well-known/agent-card.json", "The card of an exposed workflow or agent", {
    answers: { 200: { description: "The card.", schema: answers.document } },
    problems: ["not_found"],
  }),
  describe("GET /extendedAgentCard", "The same card"),
  describe("POST /:call", "Send a message: it begins a task, or goes on with one that waits for it; by `message:stream`, follow it too", {
    ...sends,
    answers: { 200: { ...said("The task, or the stream."), also: { "text/event-stream": null } }, ...refusals },
  }),
  describe("GET /tasks", "List the caller's tasks, newest first"),
  describe("GET /tasks/:task", "Show a task; with `:subscribe` behind its id, follow it, from `Last-Event-ID` if that is given", {
    answers: { 200: { ...said("The task, or the stream."), also: { "text/event-stream": null } }, ...refusals },
  }),
  describe("POST /tasks/:task", "With `:cancel` behind its id, cancel a task; with `:subscribe`, follow it", {
    answers: { 200: { ...said("The task, or the stream."), also: { "text/event-stream": null } }, ...refusals },
  }),
  describe("GET /tasks/:task/pushNotificationConfigs", "List where changes of a task are pushed to"),
  describe("POST /tasks/:task/pushNotificationConfigs", "Have changes of a task pushed to an address", {
    ...sends,
    answers: { 201: said("It is."), ...refusals },
  }),
  describe("GET /tasks/:task/pushNotificationConfigs/:config", "Show one of them"),
  describe("DELETE /tasks/:task/pushNotificationConfigs/:config", "Push nothing there any more", {
    answers: { 204: { description: "Gone." }, ...refusals },
  }),
];
