/** What the stub of VS Code's API keeps: what an extension did, and what a person does. */
import type { Address, Listener, Stretch } from "./stub-values.ts";

/** A document that is open. */
export interface StubDocument {
  uri: Address;
  languageId: string;
  version: number;
  isDirty: boolean;
  saved: number;
  lineCount: number;
  eol: number;
  getText(): string;
  save(): Promise<boolean>;
}

/** A panel with a page. */
export interface StubPanel {
  title: string;
  viewColumn: number;
  visible: boolean;
  html: string;
  posted: { type: string; [key: string]: unknown }[];
  /** As the page says it. */
  say(message: object): void;
  dispose(): void;
}

export interface StubVscode {
  /** Answers of language features, by their registering functions. */
  providers: Map<string, Record<string, (...args: never[]) => unknown>>;
  commands: Map<string, (...args: unknown[]) => unknown>;
  contexts: Map<string, unknown>;
  findings: Map<string, { code: unknown; message: string }[]>;
  panels: StubPanel[];
  tasks: { name: string; execution: { given: [string, string[], { cwd: string }] } }[];
  messages: string[];
  logged: string[];
  settings: Map<string, unknown>;
  trusted: boolean;
  /** What a person presses in the next dialog. */
  presses: string | undefined;
  /** Where the cursor is. */
  cursor(): { line: number; character: number } | undefined;
  open(uri: string, text: string, languageId?: string): StubDocument;
  focus(document: StubDocument | undefined): void;
  /** Types: replaces the first `from` by `to`. */
  type(document: StubDocument, from: string, to: string): void;
  point(document: StubDocument, piece: string): void;
  fire(event: string, value: unknown): void;
  /** Waits until something that the extension does makes it true. */
  until(holds: () => boolean): Promise<void>;
}

/** An editor that shows a document. */
export interface StubEditor {
  document: StubDocument;
  selection: Stretch;
  viewColumn: number;
  revealRange(): void;
}

/** What the API acts on. */
export interface World {
  stub: StubVscode;
  editors: Map<StubDocument, StubEditor>;
  active: StubDocument | undefined;
  on(event: string): (listener: Listener, self?: unknown, disposables?: unknown[]) => { dispose(): void };
  /** Something happened that somebody may wait for. */
  changed(): void;
}
