/** Expressions and templates: JSONata or Liquid that does not parse, or asks for what is not there. */
import type { CatalogueEntry } from "../catalogue-entry.ts";

export const expressionsCatalogue = {
  "bad-expression": {
    code: "NRV4001",
    severity: "error",
    title: "JSONata that does not parse",
    explanation: "The expression is not valid JSONata. The caret stands where the parser stopped.",
  },
  "forbidden-function": {
    code: "NRV4002",
    severity: "error",
    title: "A function that is refused",
    explanation: "A decision must replay and must stay small: `$now`, `$millis`, `$random`, `$shuffle`, `$eval` and `$pad` are refused.",
  },
  "forbidden-construct": {
    code: "NRV4003",
    severity: "error",
    title: "A construct that is refused",
    explanation: "Regular expressions and functions of one's own could run for ever, and nothing could stop them.",
  },
  "unknown-variable": {
    code: "NRV4004",
    severity: "error",
    title: "An unknown variable or function",
    explanation:
      "Variables are `$`, `$$`, `$event`, those that the expression binds with `:=`, and JSONata's functions; conditions have `$first` and `$last` too.",
  },
  "unknown-name": {
    code: "NRV4005",
    severity: "warning",
    title: "A name that the expression does not see",
    explanation: "The path begins with a name that is not part of the expression's input, so it is always undefined.",
  },
  "bad-role-argument": {
    code: "NRV4006",
    severity: "error",
    title: "An argument that is no role",
    explanation: "`$first` and `$last` take the name of a role, as text.",
  },
  "expression-too-large": {
    code: "NRV4007",
    severity: "error",
    title: "An expression that is too large",
    explanation: "Expressions are bounded in length, nesting, and how far they may multiply their input.",
  },
  "bad-template": {
    code: "NRV4008",
    severity: "error",
    title: "Liquid that does not parse",
    explanation: "The template is not valid Liquid.",
  },
  "forbidden-tag": {
    code: "NRV4009",
    severity: "error",
    title: "A tag that is refused",
    explanation:
      "Templates have `if`, `unless`, `case`, `for`, `assign`, `capture`, `echo`, `cycle`, `increment`, `decrement`, `comment`, `raw`; they read no other templates.",
  },
  "unknown-filter": {
    code: "NRV4010",
    severity: "error",
    title: "An unknown filter",
    explanation: "The template uses a filter that does not exist here.",
  },
  "unknown-template-variable": {
    code: "NRV4011",
    severity: "error",
    title: "A variable that the schema does not have",
    explanation:
      "A prompt sees the fields of the output that led to it, and `_status`, `_body`, `_event`, `_last`, `_supplement`, `_children`.",
  },
  "unknown-event-attribute": {
    code: "NRV4012",
    severity: "error",
    title: "A variable that is no attribute of the event",
    explanation: "Under `$START` a prompt sees the initiating event. What the sender wrote is under `data`.",
  },
  "unknown-input-field": {
    code: "NRV4013",
    severity: "warning",
    title: "A variable that `input` does not have",
    explanation: "The `input` schema does not name this field of the event's data. Extra fields pass, so it may still be there.",
  },
  "dollar-in-template": {
    code: "NRV4014",
    severity: "error",
    title: "A `$` name in a template",
    explanation: "Liquid can not name `$status` or `$body`; prompts see them as `_status` and `_body`.",
  },
  "template-too-large": {
    code: "NRV4015",
    severity: "error",
    title: "A template that is too large",
    explanation: "Templates are bounded in length, tags, and loops inside loops.",
  },
  "blank-prompt": {
    code: "NRV4016",
    severity: "error",
    title: "A prompt that is blank",
    explanation: "A prompt that comes out blank is an error when the edge is taken, on edges to `$END` as well.",
  },
  "unknown-field-of-type": {
    code: "NRV4017",
    severity: "warning",
    title: "A field that is not there",
    explanation:
      "By the schema of the role or of `input`, or by the engine's own shapes, no value that may stand here has this field: it is always undefined. Where a schema sets `additionalProperties`, only names are told that are nearly one of its own.",
  },
  "impossible-comparison": {
    code: "NRV4018",
    severity: "warning",
    title: "A comparison that never holds, or fails",
    explanation:
      "By its schema the value is of another type, or never this constant. `=` is false then and `!=` true; JSONata fails where values of different types are ordered, or are calculated with and are no numbers.",
  },
  "absence-decides": {
    code: "NRV4019",
    severity: "warning",
    title: "A comparison that absence decides",
    explanation:
      "The field may be absent. In JSONata what is absent is neither equal nor unequal to anything, and `$not` of it gives nothing: all count as false. `$not(x = true)` holds where `x` is absent, and `$not($exists(x))` asks for that: `x = null` does not. It is told where the schema has `required` without the field, of `input` also where nothing is required, and not where the expression asks for the field elsewhere too.",
  },
  "dollar-before-braces": {
    code: "NRV4020",
    severity: "warning",
    title: "A `$` before `{{`",
    explanation: "Other template languages put a `$` before `{{`. Here it stays in the text.",
  },
  "wrong-argument": {
    code: "NRV4021",
    severity: "warning",
    title: "An argument that a function or filter can't take",
    explanation:
      "By its schema the value is of a type that the function or filter does not take, or there are too few or too many arguments. JSONata's functions fail then; Liquid's filters give nothing of use.",
  },
  "role-never-before": {
    code: "NRV4022",
    severity: "warning",
    title: "A role that has never spoken here",
    explanation: "No way from `$START` to this place leads through a turn of the role, so it has no output that could be looked at.",
  },
  "wrong-result": {
    code: "NRV4023",
    severity: "warning",
    title: "An expression that gives what its place can't use",
    explanation:
      "A key and an agent are text (a key may be a number or a boolean too), a score and a priority numbers, a moderator gives `{role, prompt?}`, and in brackets stands a test or a number. What is of another type counts as nothing.",
  },
  "map-as-text": {
    code: "NRV4024",
    severity: "warning",
    title: "A map that is written as text",
    explanation: "Liquid writes a map as `[object Object]`. Name one of its fields, or write all of it with `| json`.",
  },
  "always-holds": {
    code: "NRV4025",
    severity: "warning",
    title: "A test that always holds",
    explanation:
      "By its schema the value is always there, and is no boolean. In Liquid all but `false` and nothing count as true: `0`, empty text and empty lists too.",
  },
} as const satisfies Record<string, CatalogueEntry>;
