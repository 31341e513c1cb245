/** Checks the variables, functions and root names that an expression asks for. */
import { findNearestName } from "../../contract/nearest-name.ts";
import type { ExpressionNode } from "./parse-expression.ts";
import { allowedFunctions, refusedFunctions } from "./views.ts";
import type { Walk } from "./walk.ts";
import { add, spanOf } from "./walk.ts";

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

/** Checks a name at the root of the input. */
export function checkName(node: ExpressionNode, state: Walk): void {
  const { names, title } = state.view;
  const name = String(node.value);
  if (names === undefined || names.includes(name)) return;
  const nearest = findNearestName(name, names);
  const written = state.node.value.slice((node.position ?? 0) - name.length, node.position) === name;
  const length = written ? name.length : name.length + 2;
  const isEvent = names.includes("data");
  const hint =
    nearest !== undefined
      ? `did you mean \`${nearest}\`?`
      : isEvent
        ? `what the sender wrote is under \`data\`: \`data.${name}\``
        : names.includes("steps")
          ? `the last output is \`steps[-1].output\`: \`steps[-1].output.${name}\``
          : undefined;
  const text = nearest ?? (isEvent ? `data.${name}` : undefined);
  add(state, "unknown-name", node, length, `The expression is over ${title}, which has no \`${name}\`; this is always undefined.`, {
    ...(hint === undefined ? {} : { hint }),
    ...(text === undefined || !written ? {} : { fix: { title: `Write \`${text}\``, span: spanOf(state, node, length), text } }),
  });
}
