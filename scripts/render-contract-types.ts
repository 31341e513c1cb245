/**
 * What the client's types say of the contract, as plain TypeScript: made of the schemas, so that an agent's author reads fields instead of
 * inferences, and an installed client needs no zod. Their descriptions become TSDoc.
 */
import type * as z from "zod";
import { anyJson, cloudEvent } from "../src/contract/event.ts";
import { accepted } from "../src/contract/frames/server-frames.ts";
import { heartbeat, lease } from "../src/contract/kinds/lease.ts";
import { offerOpened } from "../src/contract/kinds/offer.ts";
import { outcome } from "../src/contract/kinds/thread.ts";
import { handover, step, turnAssigned } from "../src/contract/kinds/turn.ts";
import { saidUsage } from "../src/contract/kinds/usage.ts";
import { reflexOutcome, verdict } from "../src/contract/routing.ts";
import { json } from "../src/contract/shape.ts";
import { meView } from "../src/contract/views/me.ts";

/** Written by hand in the contract already. */
const imported = new Map<unknown, string>([
  [json, "Json"],
  [anyJson, "Json"],
  [cloudEvent, "CloudEvent"],
]);

/** What gets a name, with what it is. */
const named: readonly { name: string; schema: z.core.$ZodObject; is: string; base?: { name: string; schema: z.core.$ZodObject } }[] = [
  { name: "Accepted", schema: accepted, is: "The answer to an event that was stored." },
  { name: "Verdict", schema: verdict, is: "What one reflex said to an event whose kind it listens to." },
  { name: "ReflexOutcome", schema: reflexOutcome, is: "What a workflow's queue did about a reflex that fired." },
  { name: "Heartbeat", schema: heartbeat, is: "The signs of life that a role asks for; the client gives them." },
  { name: "Lease", schema: lease, is: "A hold on a role." },
  { name: "OfferOpened", schema: offerOpened, is: "A role that may be claimed. Durations as in the language (`30s`)." },
  { name: "Outcome", schema: outcome, is: "How a thread ended." },
  { name: "TurnAssigned", schema: turnAssigned, is: "A turn, as its handler is given it." },
  { name: "Handover", schema: handover, is: "What whoever takes a vacated role is told of it." },
  { name: "SaidUsage", schema: saidUsage, is: "What a turn's work took of a language model." },
  { name: "Step", schema: step, is: "One step of a thread: what was answered, by whom." },
  {
    name: "OpenTurn",
    schema: meView.shape.turns.element,
    is: "A turn that is open, with the event that gave it.",
    base: { name: "TurnAssigned", schema: turnAssigned },
  },
  { name: "MeView", schema: meView, is: "The agent as the server sees it." },
];

/** Renders the file. */
export function renderContractTypes(): string {
  const head = `/** The contract as an agent's author meets it, in plain types. \`npm run describe\` makes this file of the schemas in \`src/contract/\`. */
import type { CloudEvent, Json } from "../contract/event.ts";
`;
  const types = named.map(({ name, schema, is, base }) => {
    const { shape, catchall } = schema._zod.def;
    const own = Object.entries(shape).filter(([field]) => !base || !(field in base.schema._zod.def.shape));
    const extending = base ? ` extends ${base.name}` : "";
    return `/** ${is} */\nexport interface ${name}${extending} ${renderObject(own, catchall, "")}\n`;
  });
  return [head, ...types].join("\n");
}

/** An object's braces and what is in them. */
function renderObject(shape: [string, z.core.$ZodType][], catchall: z.core.$ZodType | undefined, indent: string): string {
  const inner = `${indent}  `;
  const lines = shape.flatMap(([name, field]) => {
    const { text, optional } = renderField(field, inner);
    return [...renderDoc(field as z.ZodType, inner), `${inner}${name}${optional ? "?" : ""}: ${text};`];
  });
  // Unknown members pass everywhere; only where they are read does the type have them.
  if (catchall && catchall._zod.def.type !== "unknown") lines.push(`${inner}[more: string]: ${renderType(catchall, inner)};`);
  const short = `{ ${lines
    .map((line) => line.trim())
    .join(" ")
    .slice(0, -1)} }`;
  if (indent !== "" && short.length <= 100 && !short.includes("/**")) return short;
  return `{\n${lines.join("\n")}\n${indent}}`;
}

function renderDoc({ description }: z.ZodType, indent: string): string[] {
  if (!description) return [];
  const line = `${indent}/** ${description} */`;
  if (line.length <= 140) return [line];
  const lines = [""];
  for (const word of description.split(" ")) {
    const last = lines.length - 1;
    if (`${indent} * ${lines[last]} ${word}`.length <= 140) lines[last] += ` ${word}`;
    else lines.push(` ${word}`);
  }
  return [`${indent}/**`, ...lines.map((text) => `${indent} *${text}`), `${indent} */`];
}

function renderField(field: z.core.$ZodType, indent: string): { text: string; optional: boolean } {
  const { def } = field._zod as { def: z.core.$ZodTypes["_zod"]["def"] };
  if (def.type !== "optional") return { text: renderType(field, indent), optional: false };
  return { text: `${renderType(def.innerType, indent)} | undefined`, optional: true };
}

/** @throws for what has no plain type here yet */
function renderType(schema: z.core.$ZodType, indent: string): string {
  const known = nameOf(schema);
  if (known) return known;
  const { def } = schema._zod as { def: z.core.$ZodTypes["_zod"]["def"] };
  switch (def.type) {
    case "string":
    case "number":
    case "boolean":
      return def.type;
    case "literal":
      return def.values.map((value) => JSON.stringify(value)).join(" | ");
    case "enum":
      return Object.values(def.entries)
        .map((value) => JSON.stringify(value))
        .join(" | ");
    case "array": {
      const element = renderType(def.element, indent);
      return / \| /.test(element) && !element.startsWith("{") ? `(${element})[]` : `${element}[]`;
    }
    case "nullable":
      return `${renderType(def.innerType, indent)} | null`;
    case "union":
      return def.options.map((option) => renderType(option, indent)).join(" | ");
    case "default":
      return renderType(def.innerType, indent);
    case "record":
      return `{ [name: string]: ${renderType(def.valueType, indent)} }`;
    case "object":
      return renderObject(Object.entries(def.shape), def.catchall, indent);
    default:
      throw new Error(`scripts/render-contract-types.ts does not know how to write a schema of type ${def.type}`);
  }
}

/** The name of a schema, also where it was described anew on its way. */
function nameOf(schema: z.core.$ZodType): string | undefined {
  for (let each: z.core.$ZodType | undefined = schema; each; each = each._zod.parent) {
    const name = imported.get(each) ?? named.find((one) => one.schema === each)?.name;
    if (name) return name;
  }
  return undefined;
}
