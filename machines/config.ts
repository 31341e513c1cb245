/** The shape of a machine's config as plain JSON: XState's own, with every guard, action, actor and delay a name. */

/** JSON, as configs hold it. */
export type ConfigJson = null | boolean | number | string | ConfigJson[] | { [key: string]: ConfigJson };

/** A guard or an action: a name of the vocabulary, with static params. */
export interface NamedJson {
  type: string;
  params?: { [key: string]: ConfigJson };
}

export interface TransitionJson {
  target?: string;
  guard?: NamedJson;
  actions?: NamedJson[];
  /** For pictures: the author's label, or why the engine goes this way. */
  description?: string;
  reenter?: boolean;
}

export type TransitionsJson = TransitionJson | TransitionJson[];

export interface InvokeJson {
  id: string;
  src: string;
  input?: { [key: string]: ConfigJson };
  onDone: TransitionsJson;
  onError: TransitionsJson;
}

export interface StateJson {
  id?: string;
  type?: "parallel" | "final" | "history";
  history?: "shallow" | "deep";
  description?: string;
  tags?: string[];
  initial?: string;
  entry?: NamedJson[];
  exit?: NamedJson[];
  always?: TransitionsJson;
  /** Keys are literal milliseconds. */
  after?: { [milliseconds: string]: TransitionsJson };
  on?: { [event: string]: TransitionsJson };
  invoke?: InvokeJson;
  states?: { [name: string]: StateJson };
}

/** A whole machine: what is stored, hashed, drawn and run. */
export interface MachineConfigJson extends StateJson {
  id: "recruitment" | "task";
  /** Which vocabulary gives the names their meaning, e.g. `task/1`. */
  version: string;
  options?: { maxIterations: number };
  context: { [key: string]: ConfigJson };
  initial: string;
  states: { [name: string]: StateJson };
}
