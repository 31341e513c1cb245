/** The API's reference as one page of HTML, out of the two descriptions: no script, no request beyond itself, so it reads offline. */
import { html, raw } from "hono/html";
import type { AsyncApi } from "./build-asyncapi.ts";
import type { OpenApi } from "./build-openapi.ts";
import type { SchemaObject } from "./to-json-schema.ts";

const style = `
:root { color-scheme: light dark; --line: light-dark(#ddd, #444); --soft: light-dark(#f5f5f2, #222); --dim: light-dark(#666, #999); }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line) }
details { border: 1px solid var(--line); border-radius: 6px; margin: .4rem 0; padding: 0 .8rem }
summary { cursor: pointer; padding: .5rem 0 } summary:focus-visible { outline: 2px solid currentColor }
code, pre { font: 13px/1.45 ui-monospace, monospace } pre { background: var(--soft); padding: .7rem; overflow-x: auto; border-radius: 4px }
.method { display: inline-block; min-width: 4.5rem; font-weight: 600 } .dim { color: var(--dim) }
nav a { margin-right: 1rem } table { border-collapse: collapse } td, th { text-align: left; padding: .15rem 1rem .15rem 0; vertical-align: top }
`;

type Html = ReturnType<typeof html>;

/** Renders the page. */
export function renderDocs(openapi: OpenApi, asyncapi: AsyncApi): Html {
  const operations = Object.entries(openapi.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
  const tags = [...new Set(operations.map(({ operation }) => tagOf(operation)))];
  return html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>nerveflare: the API</title><style>${raw(style)}</style></head>
<body>
<h1>nerveflare: the API</h1>
<p>Send a token as <code>Authorization: Bearer …</code>. For machines: <a href="/v1/openapi.json">OpenAPI 3.1</a>, <a href="/v1/asyncapi.json">AsyncAPI 3</a>.</p>
<nav>${tags.map((tag) => html`<a href="#${tag}">${tag}</a>`)}<a href="#messages">messages</a><a href="#schemas">schemas</a></nav>
${tags.map(
  (tag) => html`<h2 id="${tag}">${tag}</h2>
${operations.filter(({ operation }) => tagOf(operation) === tag).map(({ method, path, operation }) => renderOperation(method, path, operation))}`,
)}
<h2 id="messages">messages</h2>
<p>What travels on <code>/v1/connect</code> and <code>/v1/inbox/stream</code>.</p>
${Object.entries(asyncapi.components.messages).map(([name, message]) => renderMessage(name, message))}
<h2 id="schemas">schemas</h2>
<p>What the rest refers to by name.</p>
${Object.entries(openapi.components.schemas).map(([name, schema]) => html`<details id="${name}"><summary><code>${name}</code></summary><pre>${JSON.stringify(schema, null, 2)}</pre></details>`)}
</body>
</html>`;
}

function tagOf(operation: SchemaObject): string {
  return String((operation["tags"] as string[])[0]);
}

function renderOperation(method: string, path: string, operation: SchemaObject): Html {
  const { summary, description, parameters, requestBody, responses } = operation as unknown as {
    summary: string;
    description: string;
    parameters: { name: string; in: string; required?: boolean; description: string; schema: SchemaObject }[];
    requestBody?: { content: { [type: string]: { schema: SchemaObject } } };
    responses: { [status: string]: { description?: string; content?: { [type: string]: { schema: SchemaObject } } } };
  };
  const answers = Object.entries(responses).filter(([status]) => status !== "default");
  return html`<details id="${String(operation["operationId"])}">
<summary><span class="method">${method}</span> <code>${path}</code> <span class="dim">${summary}</span></summary>
<p>${description}</p>
${parameters.length > 0 ? html`<table><tr><th>parameter</th><th>in</th><th>type</th><th></th></tr>${parameters.map((each) => html`<tr><td><code>${each.name}</code>${each.required ? " *" : ""}</td><td>${each.in}</td><td><code>${nameType(each.schema)}</code></td><td>${each.description}</td></tr>`)}</table>` : ""}
${requestBody ? renderContent("body", requestBody.content) : ""}
${answers.map(([status, answer]) => html`<p><b>${status}</b> ${answer.description ?? ""}</p>${answer.content ? renderContent("", answer.content) : ""}`)}
</details>`;
}

/** A parameter's type in a word or two. */
function nameType({ type, enum: words, format, items, anyOf, default: value }: SchemaObject): string {
  const usual = value === undefined ? "" : ` = ${String(value)}`;
  if (Array.isArray(words)) return words.join(" | ") + usual;
  if (type === "array") return `${nameType(items as SchemaObject)}, …${usual}`;
  if (Array.isArray(anyOf)) return (anyOf as SchemaObject[]).map(nameType).join(" | ");
  return String(format ?? type) + usual;
}

function renderContent(title: string, content: { [type: string]: { schema: SchemaObject } }): Html {
  const [first] = Object.values(content);
  return html`<p>${title} <span class="dim">${Object.keys(content).join(", ")}</span></p><pre>${JSON.stringify(first?.schema, null, 2)}</pre>`;
}

function renderMessage(name: string, message: SchemaObject): Html {
  const isAgents = name.startsWith("sent.") || ["event", "ack", "ping", "stream.open"].includes(name);
  const from = isAgents ? "agent → server" : "server → agent";
  return html`<details><summary><span class="dim">${from}</span> <code>${String(message["title"])}</code> <span class="dim">${String(message["summary"])}</span></summary>
<pre>${JSON.stringify(message["payload"], null, 2)}</pre></details>`;
}
