/** Every limit of the compiler, each beside its reason: together they bound time and memory on any input. */
export const compileLimits = {
  /** Bytes of one file: the largest workflow found in the wild has 37 KB; the same bound as on the wire. */
  fileBytes: 256 * 1024,
  /** Nesting of YAML collections: the YAML composer and our own walks recurse once per level. */
  depth: 64,
  /** Lexemes of one file: blanks, line ends and marks too. A file of the size above that people write has half as many. */
  lexemes: 120_000,
  /** YAML nodes as written: ten times what a full file of 64 roles needs. */
  nodes: 40_000,
  /** YAML nodes after aliases and merge keys are expanded: what stops an alias bomb. */
  expandedNodes: 60_000,
  /** Bytes of text after aliases are expanded: a long string may be shared by a thousand aliases. */
  expandedBytes: 2 * 1024 * 1024,
  /** Files that `!include` may bring in, and how deep they include one another. */
  includes: 64,
  includeDepth: 4,
  /** Diagnostics of one file: after that many the author mends first. */
  diagnostics: 200,
  /** Roles of a workflow: a region of the recruitment machine each. */
  roles: 64,
  /** Edges of one node and of the whole graph: each is a transition of the machine. */
  edgesPerNode: 64,
  edges: 1024,
  /** Effects of one edge: each is a message in the transition's commit. */
  effectsPerEdge: 16,
  conditions: 256,
  reflexes: 64,
  /** Milliseconds between two runs of a schedule: each is a thread that somebody works on. */
  scheduleInterval: 60_000,
  /** Kinds that one reflex listens to: each is a row of the registry. */
  reflexKinds: 32,
  /** Parts of a reflex's key. */
  keyParts: 8,
  /** Names in lists such as `capabilities`. */
  listItems: 256,
  /** Characters of a name: names become parts of ids, addresses and machine states. */
  nameLength: 64,
  statusLength: 128,
  /** Characters of one JSONata expression: parsing and evaluation cost grow with it. */
  expressionLength: 4096,
  /** Nodes of one parsed expression. */
  expressionNodes: 1500,
  /** Nesting of one expression: JSONata's parser and evaluator recurse. */
  expressionDepth: 200,
  /**
   * How often a result may hold its input, by rebinding variables, joins and ranges: `$a & $a`, ten times over, is 1024. An
   * expression of the length above that only lists fields stays under it.
   */
  expressionGrowth: 512,
  /** What tests tell of one value that is remembered behind them: each is applied wherever the value is named. */
  facts: 32,
  /** Characters of one prompt or other template. */
  templateLength: 64 * 1024,
  /** Tags and outputs of one template. */
  templateNodes: 500,
  /** Loops inside loops of a template: the cost is the product of their lengths. */
  templateLoopDepth: 2,
  /** Length of a literal range `(1..n)` in a template. */
  templateRange: 1000,
  /** Largest duration: longer ones overflow no timer, but no person waits for them either. */
  durationDays: 366,
  /** Largest `max_rounds`. */
  rounds: 100_000,
  /** Largest budget of tokens, and of cost: beyond any thread, and sums up to them are exact. */
  budgetTokens: 1_000_000_000_000,
  budgetCost: 1_000_000,
} as const;
