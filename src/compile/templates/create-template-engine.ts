/**
 * The Liquid that prompts are written in: tags and filters that replay, read nothing and stay bounded. The check and the
 * renderer must use the same engine, so that what was checked is what runs.
 */
import { type Context, defaultOperators, type Emitter, Liquid, type Operators, type Template, toValue } from "liquidjs";
import { describeArtifact, isArtifactReference } from "../../contract/artifact.ts";
import { letOthersIn } from "../let-others-in.ts";
import { weighDeep, workLimits } from "../weigh.ts";

/** Tags that a template may use. */
export const allowedTags = [
  "assign",
  "capture",
  "case",
  "comment",
  "cycle",
  "decrement",
  "echo",
  "for",
  "break",
  "continue",
  "if",
  "increment",
  "raw",
  "unless",
  "#",
] as const;

/** Filters that a template may use. */
export const allowedFilters = (
  "escape xml_escape escape_once newline_to_br strip_html abs at_least at_most ceil divided_by floor minus plus modulo times round url_decode url_encode cgi_escape " +
  "uri_escape slugify join last first reverse sort sort_natural size map sum compact concat push unshift pop shift slice where reject has find find_index group_by uniq " +
  "date date_to_xmlschema append prepend lstrip rstrip strip strip_newlines squish downcase upcase capitalize remove remove_first remove_last split replace replace_first " +
  "replace_last truncate truncatewords normalize_whitespace number_of_words array_to_sentence_string default raw json jsonify inspect to_integer base64_encode base64_decode"
).split(" ");

/** Bounds of one rendering. */
const renderLimits = {
  /** Characters and items that filters and loops may make: some ten times the largest prompt. */
  memoryLimit: 2_000_000,
  /** Nodes rendered, loops counted. */
  templateLimit: 100_000,
  /**
   * Milliseconds, the breaks for others included; what is counted holds long before on all but an overloaded machine. On Cloudflare
   * the clock stands still during computation.
   */
  renderLimit: 20_000,
  parseLimit: 1_000_000,
};

/** What a rendering has cost. */
const spent = new WeakMap<Context, number>();

function spend(context: Context, amount: number): void {
  const total = (spent.get(context) ?? 0) + amount;
  spent.set(context, total);
  if (total > workLimits.work) throw new Error("the filters, loops and comparisons of the template are given too much");
}

/** Filters that cost the same whatever they are given. */
const cheap: ReadonlySet<string> = new Set(["first", "last", "size", "default", "raw"]);

/** Filters that take longer for the same: they ask the library of each item, or sort. */
const factors: Readonly<Record<string, number>> = {
  ...Object.fromEntries(["where", "reject", "has", "find", "find_index", "group_by"].map((name) => [name, 32])),
  ...Object.fromEntries(
    ["map", "sort", "sort_natural", "sum", "slugify", "url_encode", "url_decode", "cgi_escape", "uri_escape"].map((name) => [name, 8]),
  ),
};

/** Each filter pays for what it is given, before it begins. */
function boundFilters(engine: Liquid): void {
  for (const [name, filter] of Object.entries(engine.filters)) {
    if (filter === undefined || cheap.has(name)) continue;
    const handler = (typeof filter === "function" ? filter : filter.handler) as Handler;
    const factor = Object.hasOwn(factors, name) ? (factors[name] ?? 1) : 1;
    const bounded: Handler = function (...args) {
      spend(
        this.context,
        args.reduce<number>((sum, arg) => sum + factor * weighDeep(arg), 1),
      );
      return handler.apply(this, args);
    };
    engine.registerFilter(name, typeof filter === "function" ? (bounded as never) : { ...filter, handler: bounded as never });
  }
}

type Handler = (this: { context: Context }, ...args: unknown[]) => unknown;

/** The library's operators, each paying for its operands; the logical ones look at no more than whether there is a value. */
function boundOperators(): Operators {
  const bounded = Object.entries(defaultOperators).map(([name, operator]) => {
    const operate = operator as (...args: unknown[]) => boolean;
    const paid = (left: unknown, right: unknown, context: Context): boolean => {
      // Lists are compared item by item, each by a generator.
      const factor = Array.isArray(left) || Array.isArray(right) ? 16 : 1;
      spend(context, factor * (weighDeep(left) + weighDeep(right)));
      return operate(left, right, context);
    };
    return [name, ["and", "or", "not"].includes(name) ? operator : paid];
  });
  return Object.fromEntries(bounded) as Operators;
}

/** Makes an engine. It has no file system, no global variables, and sees own properties only. */
export function createTemplateEngine(): Liquid {
  const engine = new Liquid({
    ...renderLimits,
    strictFilters: true,
    strictVariables: false,
    ownPropertyOnly: true,
    cache: false,
    timezoneOffset: 0,
    relativeReference: false,
    templates: {},
    operators: boundOperators(),
  });
  const tags = new Set<string>(allowedTags);
  for (const name of Object.keys(engine.tags)) if (!tags.has(name)) delete engine.tags[name];
  const filters = new Set(allowedFilters);
  for (const name of Object.keys(engine.filters)) if (!filters.has(name)) delete engine.filters[name];
  for (const name of ["date", "date_to_xmlschema"]) refuseNow(engine, name);
  boundFilters(engine);
  boundOutput(engine);
  return engine;
}

/** What a turn of a loop costs. */
const turnCost = 40;

/** Work of one rendering between two breaks: some 3 ms. */
const workBetweenBreaks = workLimits.work / 80;

/** The library counts what filters make, not what is written: a loop may write a long text at every turn. */
function boundOutput({ renderer }: Liquid): void {
  const written = new WeakMap<Context, number>();
  const broken = new WeakMap<Context, number>();
  const render = renderer.renderTemplates.bind(renderer);
  const createEmitter = (context: Context): Emitter => ({
    buffer: "",
    write(value: unknown) {
      spend(context, weighDeep(value));
      const text = stringify(value);
      const total = (written.get(context) ?? 0) + text.length;
      written.set(context, total);
      if (total > renderLimits.memoryLimit) throw new Error(`the text would have more than ${renderLimits.memoryLimit} characters`);
      this.buffer += text;
    },
  });
  // Tags that render what they enclose come here too, with the emitter of the whole or, to capture, without one.
  renderer.renderTemplates = (templates: Template[], context: Context, emitter = createEmitter(context)) => {
    // Each turn of a loop comes here, also one that holds nothing.
    spend(context, turnCost);
    const breaks = Math.floor((spent.get(context) ?? 0) / workBetweenBreaks);
    if (breaks === (broken.get(context) ?? 0)) return render(templates, context, emitter);
    broken.set(context, breaks);
    return renderAfterBreak(() => render(templates, context, emitter));
  };
}

/** The library waits for what its generators yield. */
function* renderAfterBreak(render: () => IterableIterator<unknown>): IterableIterator<unknown> {
  yield letOthersIn();
  return yield render();
}

/** What the library writes of a value. */
function stringify(value: unknown): string {
  const plain: unknown = toValue(value);
  if (typeof plain === "string") return plain;
  if (plain === null || plain === undefined) return "";
  if (isArtifactReference(plain)) return describeArtifact(plain);
  return Array.isArray(plain) ? plain.map(stringify).join("") : String(plain);
}

/** `"now" | date` gives another answer when a decision is replayed: such a value passes unchanged. */
function refuseNow(engine: Liquid, name: string): void {
  const filter = engine.filters[name];
  const handler = typeof filter === "function" ? filter : filter?.handler;
  if (handler === undefined) return;
  engine.registerFilter(name, function (this: unknown, value: unknown, ...rest: unknown[]) {
    if (value === "now" || value === "today" || value === null || value === undefined) return value;
    return (handler as (this: unknown, ...all: unknown[]) => unknown).call(this, value, ...rest);
  });
}
