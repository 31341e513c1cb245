/** Runs in the panel: shows pictures that the extension sends, and tells what is clicked. */
import type { FromPage, ToPage } from "../picture-page.ts";

/** What the editor gives a page of a panel. */
declare function acquireVsCodeApi(): { postMessage(message: FromPage): void; getState(): unknown; setState(state: unknown): void };

const editor = acquireVsCodeApi();
const root = find("picture").attachShadow({ mode: "open" });
const status = find("status");
/** What a picture that is to fit is made smaller to at most. */
const leastZoom = 0.6;
let zoom = readZoom();

/** The picture's own colours, and over them what the editor's theme says of its ground and of what is under the cursor. */
const over = `
:host{display:block}
svg{display:block;margin:0 auto}
.canvas,.inverse{fill:var(--vscode-editor-background)}
.leads{cursor:pointer}
.leads:focus{outline:none}
.leads:focus-visible .box,.leads:hover .box,.leads:hover .edge{stroke-width:2.6}
.here .box,.here .ring{stroke:var(--vscode-focusBorder);stroke-width:3.6}
.here .dot{fill:var(--vscode-focusBorder)}
.here .edge{stroke:var(--vscode-focusBorder);stroke-width:3}
.here .head,.here .engine-head{fill:var(--vscode-focusBorder)}
.here .label{fill:var(--vscode-textLink-foreground)}
@media (forced-colors:active){svg{forced-color-adjust:none}}
`;

function find(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no ${id}`);
  return element;
}

/** How many of the screen's pixels one of the picture's takes; undefined as many as fit. */
function readZoom(): number | undefined {
  const state = editor.getState() as { zoom?: unknown } | undefined;
  return typeof state?.zoom === "number" ? state.zoom : undefined;
}

function size(): void {
  const svg = root.querySelector("svg");
  if (!svg) return;
  const natural = svg.viewBox.baseVal.width;
  svg.style.width = zoom === undefined ? "" : `${natural * zoom}px`;
  svg.style.maxWidth = zoom === undefined ? "100%" : "none";
  // Letters of a large machine stay letters: then it is wider than the panel.
  svg.style.minWidth = zoom === undefined ? `${natural * leastZoom}px` : "";
  svg.style.height = "auto";
  editor.setState({ zoom });
}

function showPicture({ svg: text, view, leads }: Extract<ToPage, { type: "picture" }>): void {
  // A style sheet in the text would be refused by the page's policy; one that a script makes is not.
  let colours = "";
  const bare = text.replace(/<style>([^<]*)<\/style>/, (_, style: string) => {
    colours = style;
    return "";
  });
  const parsed = new DOMParser().parseFromString(bare, "image/svg+xml");
  const svg = parsed.documentElement;
  if (svg.localName !== "svg" || parsed.querySelector("parsererror")) {
    showStale("The picture can't be read.");
    return;
  }
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`${colours}${over}`);
  root.adoptedStyleSheets = [sheet];
  const reachable = new Set(leads);
  for (const part of svg.querySelectorAll<SVGElement>("[data-part]")) {
    if (!reachable.has(part.dataset["part"] ?? "")) continue;
    part.classList.add("leads");
    if (part.querySelector(".box, .dot")) {
      part.setAttribute("tabindex", "0");
      part.setAttribute("role", "link");
    }
  }
  root.replaceChildren(document.importNode(svg, true));
  find("picture").classList.remove("stale");
  status.textContent = "";
  for (const button of document.querySelectorAll<HTMLElement>("[data-view]"))
    button.setAttribute("aria-pressed", String(button.dataset["view"] === view));
  size();
}

function showStale(message: string): void {
  status.textContent = root.querySelector("svg") ? `${message} This is the last picture.` : message;
  find("picture").classList.add("stale");
}

function showHere(ids: string[]): void {
  const drawn = [...root.querySelectorAll<SVGElement>("[data-part]")];
  // A machine has no arrow of its own for each of the author's: there the role stands for it.
  const exact = drawn.some(({ dataset }) => ids.includes(dataset["part"] ?? ""));
  const here = new Set(exact ? ids : ids.map((id) => id.split(" ")[0] ?? ""));
  let first: Element | undefined;
  for (const part of drawn) {
    const is = here.has(part.dataset["part"] ?? "");
    part.classList.toggle("here", is);
    if (is) first ??= part;
  }
  const box = first?.getBoundingClientRect();
  const bar = document.querySelector("header")?.getBoundingClientRect().bottom ?? 0;
  const seen = box && box.top >= bar && box.left >= 0 && box.bottom <= innerHeight && box.right <= innerWidth;
  if (first && !seen) first.scrollIntoView({ block: "center", inline: "nearest" });
}

function partAt(event: Event): string | undefined {
  const target = event.composedPath().find((each): each is SVGElement => each instanceof SVGElement && each.classList.contains("leads"));
  return target?.dataset["part"];
}

window.addEventListener("message", ({ data }: MessageEvent<ToPage>) => {
  switch (data.type) {
    case "picture":
      return showPicture(data);
    case "stale":
      return showStale(data.message);
    case "here":
      return showHere(data.ids);
    default:
      data satisfies never;
  }
});
root.addEventListener("click", (event) => {
  const id = partAt(event);
  if (id !== undefined) editor.postMessage({ type: "go", id });
});
root.addEventListener("keydown", (event) => {
  const id = event instanceof KeyboardEvent && event.key === "Enter" ? partAt(event) : undefined;
  if (id !== undefined) editor.postMessage({ type: "go", id });
});
find("views").addEventListener("click", ({ target }) => {
  const view = target instanceof HTMLElement ? target.dataset["view"] : undefined;
  if (view !== undefined) editor.postMessage({ type: "view", view });
});
find("sizes").addEventListener("click", ({ target }) => {
  const way = target instanceof HTMLElement ? target.dataset["size"] : undefined;
  const svg = root.querySelector("svg");
  if (!svg || way === undefined) return;
  const now = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
  zoom = way === "fit" ? undefined : Math.min(4, Math.max(0.1, way === "in" ? now * 1.25 : now / 1.25));
  size();
});
editor.postMessage({ type: "ready" });
