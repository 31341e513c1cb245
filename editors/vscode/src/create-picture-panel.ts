/** The picture beside the text: drawn anew when typing settles, it shows what is under the cursor, and a click leads to its place. */
import { randomBytes } from "node:crypto";
import { basename } from "node:path";
import {
  ColorThemeKind,
  type ExtensionContext,
  Range,
  Selection,
  TextEditorRevealType,
  Uri,
  ViewColumn,
  type WebviewPanel,
  window,
  workspace,
} from "vscode";
import type { DrawingAnswer, DrawingParams, DrawingView } from "../../../src/lsp/answer-drawing.ts";
import { type FromPage, renderPage, type ToPage } from "./picture-page.ts";

/** The panel. There is one, which shows the workflow that was last looked at. */
export interface PicturePanel {
  show(uri: Uri): void;
  /** Shows another workflow, if the panel is open. */
  turnTo(uri: Uri): void;
  /** The text was judged: its picture may be another. */
  refresh(uri: Uri): void;
  /** The cursor moved. */
  follow(): void;
  /** The editor has other colours. */
  recolour(): void;
}

interface Shown {
  panel: WebviewPanel;
  uri: Uri;
  view: DrawingView;
  parts: DrawingAnswer["parts"];
  /** The last picture, for a page that was hidden and begins anew. */
  picture?: ToPage;
  stale?: ToPage;
  drawing: boolean;
  /** Something changed while it was drawn. */
  again: boolean;
}

/** Makes what opens and keeps the panel. */
export function createPicturePanel(
  context: ExtensionContext,
  draw: (params: DrawingParams) => Promise<DrawingAnswer | null>,
): PicturePanel {
  let shown: Shown | undefined;
  const post = (message: ToPage): void => void shown?.panel.webview.postMessage(message);

  const open = (uri: Uri): void => {
    const panel = openPanel(context);
    shown = { panel, uri, view: "author", parts: [], drawing: false, again: false };
    panel.onDidDispose(() => {
      shown = undefined;
    });
    panel.webview.onDidReceiveMessage((message: FromPage) => void take(message));
  };

  const take = async (message: FromPage): Promise<void> => {
    if (!shown) return;
    switch (message.type) {
      case "ready":
        if (shown.picture) post(shown.picture);
        if (shown.stale) post(shown.stale);
        follow();
        return refresh(shown.uri);
      case "view":
        if (message.view !== "author" && message.view !== "task" && message.view !== "recruitment") return;
        shown.view = message.view;
        return refresh(shown.uri);
      case "go":
        return goTo(shown, message.id);
      default:
        message satisfies never;
    }
  };

  const refresh = async (uri: Uri): Promise<void> => {
    const current = shown;
    // One that is hidden is drawn when it is seen: then its page begins anew, and says that it is ready.
    if (!current?.panel.visible || current.uri.toString() !== uri.toString()) return;
    current.again = true;
    if (current.drawing) return;
    current.drawing = true;
    try {
      while (current.again && shown === current) {
        current.again = false;
        await drawOnce(current);
      }
    } finally {
      current.drawing = false;
    }
  };

  const drawOnce = async (current: Shown): Promise<void> => {
    const { uri, view } = current;
    const answer = await draw({ textDocument: { uri: uri.toString() }, view, theme: chooseTheme() }).catch((error: unknown) => {
      note(current, String(error));
    });
    // Meanwhile the panel may have been turned to something else, which is drawn next.
    if (!answer || shown !== current || current.uri !== uri || current.view !== view) return;
    current.parts = answer.parts;
    if (answer.svg !== null) {
      current.panel.title = `Picture of ${basename(uri.path)}`;
      const leads = answer.parts.map(({ id }) => id);
      delete current.stale;
      current.picture = { type: "picture", svg: answer.svg, title: basename(uri.path), view, leads };
      post(current.picture);
    } else if (!answer.superseded) note(current, answer.message ?? "There is no picture.");
    follow();
  };

  const note = (current: Shown, message: string): void => {
    current.stale = { type: "stale", message };
    post(current.stale);
  };

  const follow = (): void => {
    const of = shown?.uri.toString();
    // While the panel itself has the focus, no editor is the active one.
    const editor = [window.activeTextEditor, ...window.visibleTextEditors].find((open) => open?.document.uri.toString() === of);
    if (!shown || !editor) return;
    post({ type: "here", ids: findInnermost(shown.parts, new Range(editor.selection.active, editor.selection.active)) });
  };

  const turnTo = (uri: Uri): void => {
    if (!shown || shown.uri.toString() === uri.toString()) {
      follow();
      return;
    }
    Object.assign(shown, { uri, parts: [] });
    delete shown.picture;
    delete shown.stale;
    void refresh(uri);
  };

  return {
    show(uri) {
      if (!shown) open(uri);
      else {
        turnTo(uri);
        shown.panel.reveal(undefined, true);
      }
      void refresh(uri);
    },
    turnTo,
    refresh: (uri) => void refresh(uri),
    follow,
    recolour: () => void (shown && refresh(shown.uri)),
  };
}

/** Opens the panel beside the text, with an empty page. */
function openPanel({ extensionUri }: ExtensionContext): WebviewPanel {
  const panel = window.createWebviewPanel(
    "nerveflare.picture",
    "Picture",
    { viewColumn: ViewColumn.Beside, preserveFocus: true },
    { enableScripts: true, localResourceRoots: ["dist", "media"].map((folder) => Uri.joinPath(extensionUri, folder)) },
  );
  const { webview } = panel;
  const serve = (path: string): string => webview.asWebviewUri(Uri.joinPath(extensionUri, path)).toString();
  webview.html = renderPage({
    source: webview.cspSource,
    nonce: randomBytes(16).toString("base64url"),
    script: serve("dist/picture.js"),
    style: serve("media/picture.css"),
  });
  return panel;
}

function chooseTheme(): "light" | "dark" {
  const { kind } = window.activeColorTheme;
  return kind === ColorThemeKind.Dark || kind === ColorThemeKind.HighContrast ? "dark" : "light";
}

function toRange({ start, end }: DrawingAnswer["parts"][number]["range"]): Range {
  return new Range(start.line, start.character, end.line, end.character);
}

/** What the innermost part around a place shows. */
function findInnermost(parts: DrawingAnswer["parts"], place: Range): string[] {
  let found: { range: Range; shows: string[] } | undefined;
  for (const { range: given, shows } of parts) {
    const range = toRange(given);
    if (range.contains(place) && (!found || found.range.contains(range))) found = { range, shows };
  }
  return found?.shows ?? [];
}

/** Shows the place of a part in the editor that has the text, or in a new one. */
async function goTo({ uri, parts, panel }: Shown, id: string): Promise<void> {
  const part = parts.find((known) => known.id === id);
  if (!part) return;
  const open = window.visibleTextEditors.find(({ document }) => document.uri.toString() === uri.toString());
  const beside = panel.viewColumn === ViewColumn.One ? ViewColumn.Beside : ViewColumn.One;
  const editor = await window.showTextDocument(open?.document ?? (await workspace.openTextDocument(uri)), open?.viewColumn ?? beside);
  const { start } = toRange(part.name);
  editor.selection = new Selection(start, start);
  editor.revealRange(toRange(part.range), TextEditorRevealType.InCenterIfOutsideViewport);
}
