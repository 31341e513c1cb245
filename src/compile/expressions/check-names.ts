/** Checks the variables, functions and root names that an expression asks for. */
import { findNearestName } from "../../contract/nearest-name.ts";
import type { TextNode } from "../source/node.ts";
import type { ExpressionNode } from "./parse-expression.ts";
import { allowedFunctions, cardNames, eventAttributes, refusedFunctions } from "./views.ts";
import type { Walk } from "./walk.ts";
import { add, asNodes, spanOf } from "./walk.ts";

/** Checks that a variable or function exists and may be used. */
export function checkFunctionName(node: ExpressionNode, name: string, state: Walk, called: boolean): void {
  const length = name.length + 1;
  if (Object.hasOwn(refusedFunctions, name)) {
    add(
      state,
      "forbidden-function",
      node,
      length,
      `\`$${name}\` is refused: ${refusedFunctions[name]}.`,
      name === "now" || name === "millis" ? { hint: "use `$event.time`" } : {},
    );
    return;
  }
  if (allowedFunctions.has(name) || (state.view.steps && (name === "first" || name === "last"))) return;
  if (name === "first" || name === "last") {
    add(
      state,
      "unknown-variable",
      node,
      length,
      `\`$${name}\` is not known here: it looks at steps, and this expression is over ${state.view.title}.`,
    );
    return;
  }
  if (name === "status" && !called) {
    add(state, "unknown-variable", node, length, "`$status` is a JSONata variable here, and no such variable is bound.", {
      hint: "write the field in backquotes: output.`$status`",
      fix: { title: "Put `$status` in backquotes", span: spanOf(state, node, length), text: "`$status`" },
    });
    return;
  }
  const candidates = [...allowedFunctions, "event", ...(state.view.steps ? ["first", "last"] : [])];
  const nearest = findNearestName(name, candidates);
  add(state, "unknown-variable", node, length, `There is no ${called ? "function" : "variable"} \`$${name}\`.`, {
    ...(nearest === undefined
      ? {}
      : {
          hint: `did you mean \`$${nearest}\`?`,
          fix: { title: `Write \`$${nearest}\``, span: spanOf(state, node, length), text: `$${nearest}` },
        }),
  });
}

/** Functions of other languages, as they are written here. */
const foreign: Readonly<Record<string, string>> = {
  includes: "$contains(text, 'part')`, of a list `'item' in list",
  contains: "$contains(text, 'part')`, of a list `'item' in list",
  toLowerCase: "$lowercase(…)",
  toUpperCase: "$uppercase(…)",
  size: "$count(…)",
  length: "$count(…)`, of text `$length(…)",
};

/** A function without its `$`: what is called is a field then, and the expression fails. */
export function checkCallee(procedure: ExpressionNode, state: Walk): void {
  const last = procedure.type === "path" ? asNodes(procedure["steps"]).at(-1) : procedure;
  if (last?.type !== "name") return;
  const name = String(last.value);
  const isAlone = procedure.type === "name" || asNodes(procedure["steps"]).length === 1;
  const isKnown = isAlone && allowedFunctions.has(name);
  add(state, "unknown-variable", last, name.length, `There is no function \`${name}\`: the names of functions begin with \`$\`.`, {
    ...(Object.hasOwn(foreign, name) && !isKnown ? { hint: `write \`${foreign[name]}\`` } : {}),
    ...(isKnown && {
      hint: `did you mean \`$${name}\`?`,
      fix: { title: `Write \`$${name}\``, span: spanOf(state, last, name.length), text: `$${name}` },
    }),
  });
}

/** Checks a name at the root of the input. */
export function checkName(node: ExpressionNode, state: Walk): void {
  const { names, title } = state.view;
  const name = String(node.value);
  if (names === undefined || names.includes(name)) return;
  const written = state.node.value.slice((node.position ?? 0) - name.length, node.position) === name;
  const length = written ? name.length : name.length + 2;
  const { hint, text } = suggestName(name, names, state.node.value, node.position ?? 0);
  add(state, "unknown-name", node, length, `The expression is over ${title}, which has no \`${name}\`; this is always undefined.`, {
    ...(hint === undefined ? {} : { hint }),
    ...(text === undefined || !written || !canWrite(state.node, text, (node.position ?? 0) - name.length)
      ? {}
      : { fix: { title: `Write \`${text}\``, span: spanOf(state, node, length), text } }),
  });
}

/** Whether YAML reads a scalar as before where `text` is put into its value at `start`. */
function canWrite({ style, flow }: TextNode, text: string, start: number): boolean {
  switch (style) {
    case "plain":
      return !(flow === true && /[[\]{},]/.test(text)) && !(start === 0 && /^['"[{]/.test(text));
    case "single":
      return !text.includes("'");
    case "double":
      return !/["\\]/.test(text);
    case "literal":
    case "folded":
      return true;
    case "included":
      return false;
    default:
      return style satisfies never;
  }
}

interface Suggestion {
  hint?: string;
  text?: string;
}

/** Constants of other languages. */
const constants: Readonly<Record<string, string>> = {
  True: "true",
  False: "false",
  TRUE: "true",
  FALSE: "false",
  None: "null",
  nil: "null",
  NULL: "null",
};

/** What was meant by a name that does not stand at the root. */
function suggestName(name: string, names: readonly string[], source: string, end: number): Suggestion {
  const constant = Object.hasOwn(constants, name) ? constants[name] : undefined;
  if (constant !== undefined) return mean(constant);
  if (name === "undefined") return { hint: "`$exists(…)` asks whether something is there" };
  if (allowedFunctions.has(name) && /^\s*\(/.test(source.slice(end))) return mean(`$${name}`);
  const [before, after] = [source.slice(0, end - name.length), source.slice(end)];
  const isKey = /[{,]\s*$/.test(before) && /^\s*:/.test(after);
  const inQuotes = { hint: `text stands in quotes: \`'${name}'\``, text: `'${name}'` };
  if (isKey) return inQuotes;
  const nearest = findNearestName(name, names);
  if (nearest !== undefined) return mean(nearest);
  const isEvent = names.includes("data");
  if (name === "event" || (name === "data" && names.includes("steps"))) return mean(name === "event" ? "$event" : "$event.data");
  if (names.includes("stats") && cardNames.includes(name)) return mean(`agent.${name}`);
  if (names.includes("stats") && name === "card") return mean("agent");
  const isOfEvent = !isEvent && names.includes("event") && (eventAttributes as readonly string[]).includes(name);
  if (isOfEvent) return mean(`event.${name}`);
  if (isEvent) return { hint: `what the sender wrote is under \`data\`: \`data.${name}\``, text: `data.${name}` };
  if (!names.includes("steps")) return {};
  if (name === "output") return mean("steps[-1].output");
  // What stands alone on the right of a comparison is seldom a field.
  if (/(?:[^<>!]=|!=|\bin)\s*\[?\s*$/.test(before) && !/^\s*[.[(]/.test(after)) return inQuotes;
  return { hint: `the last output is \`steps[-1].output\`: \`steps[-1].output.${name}\``, text: `steps[-1].output.${name}` };
}

function mean(text: string): Suggestion {
  return { hint: `did you mean \`${text}\`?`, text };
}
