/**
 * Which states a transition leaves and enters, by the rules of SCXML as XState has them. Knows a machine's nodes, and nothing of XState
 * itself.
 */

/** An action as a machine has it: a name, a name with params, or one of XState's own, which are functions. */
export type MachineAction = string | { type: string; params?: unknown } | ((...args: never[]) => unknown);

/** As a state's node has it. */
export interface Transition {
  readonly target: readonly ChartNode[] | undefined;
  readonly source: ChartNode;
  readonly reenter: boolean;
  readonly actions: readonly MachineAction[];
  readonly guard?: unknown;
}

/** A state's node, as far as its chart needs it; XState's types leave some of it out. */
export interface ChartNode {
  readonly id: string;
  readonly key: string;
  readonly type: "atomic" | "compound" | "parallel" | "final" | "history";
  readonly order: number;
  readonly parent: ChartNode | undefined;
  readonly states: Readonly<Record<string, ChartNode>>;
  readonly initial: { readonly target: readonly ChartNode[]; readonly actions: readonly MachineAction[] };
  readonly always?: readonly Transition[];
  readonly entry: readonly MachineAction[];
  readonly exit: readonly MachineAction[];
  readonly invoke: readonly { id: string; src: string; onSnapshot?: unknown }[];
  readonly tags: readonly string[];
  readonly history: string | false;
  readonly config: { readonly target?: string | ChartNode | readonly (string | ChartNode)[] };
  readonly output?: unknown;
  readonly machine: ChartMachine;
  /** Chooses a transition of its own. */
  next(snapshot: unknown, event: unknown): readonly Transition[] | undefined;
}

/** A machine, as far as its chart needs it. */
export interface ChartMachine {
  readonly root: ChartNode;
  getStateNodeById(id: string): ChartNode;
}

/** What its history nodes remember, by their ids. */
export type History = Readonly<Record<string, readonly ChartNode[]>>;

/** What a final state brings to its end. */
export interface End {
  /** Its parent, if it is the one that ends with it. */
  readonly compound: ChartNode | undefined;
  /** Parallel states around it, all regions of which have ended now, from the inside. */
  readonly parallel: readonly ChartNode[];
  /** The outermost state that has ended. */
  readonly outermost: ChartNode;
  /** Whether that is the machine's own end. */
  readonly isMachine: boolean;
}

const isHistory = (node: ChartNode): boolean => node.type === "history";
export const isInnermost = (node: ChartNode): boolean => node.type === "atomic" || node.type === "final";
export const byOrder = (a: ChartNode, b: ChartNode): number => a.order - b.order;

function childrenOf(node: ChartNode): ChartNode[] {
  return Object.values(node.states).filter((child) => !isHistory(child));
}

/** From the inside. @param until is not among them */
export function ancestorsOf(node: ChartNode, until?: ChartNode): ChartNode[] {
  const ancestors: ChartNode[] = [];
  if (until === node) return ancestors;
  for (let at = node.parent; at && at !== until; at = at.parent) ancestors.push(at);
  return ancestors;
}

export function isWithin(node: ChartNode, outer: ChartNode | undefined): boolean {
  let at = node;
  while (at.parent && at.parent !== outer) at = at.parent;
  return at.parent === outer;
}

function hasWithin(nodes: ReadonlySet<ChartNode>, outer: ChartNode): boolean {
  for (const node of nodes) if (isWithin(node, outer)) return true;
  return false;
}

/** Where a history node leads that remembers nothing. */
function defaultOf(node: ChartNode): readonly ChartNode[] {
  const parent = node.parent as ChartNode;
  const { target } = node.config;
  if (target === undefined) return parent.type === "parallel" ? [parent] : parent.initial.target;
  const path = (to: string): string => (to.startsWith("#") ? to : `#${parent.id.replaceAll(/[\\.]/g, "\\$&")}.${to}`);
  return [target].flat().map((to) => (typeof to === "string" ? parent.machine.getStateNodeById(path(to)) : to));
}

function resolveTargets(targets: readonly ChartNode[] | undefined, history: History): ChartNode[] {
  const resolved = new Set<ChartNode>();
  for (const target of targets ?? []) {
    const nodes = isHistory(target) ? (history[target.id] ?? resolveTargets(defaultOf(target), history)) : [target];
    for (const node of nodes) resolved.add(node);
  }
  return [...resolved];
}

/** The state within which a transition takes place. */
function domainOf({ source, target, reenter }: Transition, history: History): ChartNode | undefined {
  const targets = resolveTargets(target, history);
  if (!reenter && targets.every((node) => node === source || isWithin(node, source))) return source;
  const all = [...targets, source];
  const common = ancestorsOf(all[0] as ChartNode).find((ancestor) => all.slice(1).every((node) => isWithin(node, ancestor)));
  if (common) return common;
  return reenter ? undefined : source.machine.root;
}

export function listLeft(nodes: readonly ChartNode[], transitions: readonly Transition[], history: History): ChartNode[] {
  const left = new Set<ChartNode>();
  for (const transition of transitions) {
    if (!transition.target?.length) continue;
    const domain = domainOf(transition, history);
    if (transition.reenter && domain && transition.source === domain) left.add(domain);
    for (const node of nodes) if (isWithin(node, domain)) left.add(node);
  }
  return [...left].sort((a, b) => b.order - a.order);
}

/** The states that transitions enter, and which of them by their own start: their `initial` has actions. */
export class Entry {
  readonly nodes = new Set<ChartNode>();
  readonly atStart = new Set<ChartNode>();
  readonly #history: History;

  constructor(history: History) {
    this.#history = history;
  }

  addTransition(transition: Transition): void {
    const domain = domainOf(transition, this.#history);
    const { source, target = [], reenter } = transition;
    for (const node of target) {
      if (!isHistory(node) && (source !== node || source !== domain || reenter)) this.#start(node);
      this.#addInner(node);
    }
    for (const node of resolveTargets(target, this.#history)) {
      const ancestors = ancestorsOf(node, domain);
      if (domain?.type === "parallel") ancestors.push(domain);
      this.#addOuter(ancestors, !source.parent && reenter ? undefined : domain);
    }
  }

  #start(node: ChartNode): void {
    this.nodes.add(node);
    this.atStart.add(node);
  }

  #addInner(node: ChartNode): void {
    if (isHistory(node)) this.#addRemembered(node);
    else if (node.type === "compound") {
      const [first] = node.initial.target as [ChartNode];
      if (!isHistory(first)) this.#start(first);
      this.#addInner(first);
      this.#addOuter(ancestorsOf(first, node));
    } else if (node.type === "parallel")
      for (const child of childrenOf(node)) {
        if (hasWithin(this.nodes, child)) continue;
        this.#start(child);
        this.#addInner(child);
      }
  }

  #addRemembered(node: ChartNode): void {
    const { parent } = node;
    const remembered = this.#history[node.id];
    const targets = remembered ?? defaultOf(node);
    if (!remembered && parent?.type === "compound" && targets === parent.initial.target) this.atStart.add(parent);
    for (const target of targets) {
      this.nodes.add(target);
      this.#addInner(target);
    }
    for (const target of targets) this.#addOuter(ancestorsOf(target, parent));
  }

  #addOuter(ancestors: readonly ChartNode[], within?: ChartNode): void {
    for (const ancestor of ancestors) {
      if (!within || isWithin(ancestor, within)) this.nodes.add(ancestor);
      if (ancestor.type !== "parallel") continue;
      for (const child of childrenOf(ancestor)) {
        if (hasWithin(this.nodes, child)) continue;
        this.nodes.add(child);
        this.#addInner(child);
      }
    }
  }
}

function hasEnded(node: ChartNode, active: ReadonlySet<ChartNode>): boolean {
  if (node.type === "compound") return childrenOf(node).some((child) => child.type === "final" && active.has(child));
  if (node.type === "parallel") return childrenOf(node).every((child) => hasEnded(child, active));
  return node.type === "final";
}

/** @param ended parallel states whose end was told already */
export function findEnd(node: ChartNode, active: ReadonlySet<ChartNode>, ended: Set<ChartNode>): End {
  const { parent } = node;
  let at = parent?.type === "parallel" ? parent : parent?.parent;
  let outermost: ChartNode = at ?? node;
  const parallel: ChartNode[] = [];
  for (; at?.type === "parallel" && !ended.has(at) && hasEnded(at, active); at = at.parent) {
    ended.add(at);
    parallel.push(at);
    outermost = at;
  }
  return { compound: parent?.type === "compound" ? parent : undefined, parallel, outermost, isMachine: at === undefined };
}

/** @returns what the history nodes of the states that are left remember; undefined: there are none */
export function rememberLeft(left: readonly ChartNode[], nodes: readonly ChartNode[]): History | undefined {
  let remembered: Record<string, readonly ChartNode[]> | undefined;
  for (const node of left)
    for (const child of Object.values(node.states)) {
      if (!isHistory(child)) continue;
      remembered ??= {};
      remembered[child.id] =
        child.history === "deep"
          ? nodes.filter((active) => isInnermost(active) && isWithin(active, node))
          : nodes.filter((active) => active.parent === node);
    }
  return remembered;
}

/** Whether a transition may lead elsewhere the next time: where a history node has a say. */
export function asksHistory(entered: ReadonlySet<ChartNode>, { target, source }: Transition): boolean {
  const starts = (node: ChartNode): boolean => node.type === "compound" && node.initial.target.some(isHistory);
  return [...(target ?? []), source].some(isHistory) || [...entered].some(starts);
}
