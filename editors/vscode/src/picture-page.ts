/** The page that shows the picture. It loads two files of the extension, and nothing else. */

/** What the page is told. */
export type ToPage =
  | { type: "picture"; svg: string; title: string; view: string /** Parts that a click leads to. */; leads: string[] }
  /** The last picture stays, and it is said why there is none of this text. */
  | { type: "stale"; message: string }
  /** What is under the cursor. */
  | { type: "here"; ids: string[] };

/** What the page tells. */
export type FromPage = { type: "ready" } | { type: "go"; id: string } | { type: "view"; view: string };

/** Renders the page. @param source what the editor serves files of the extension as */
export function renderPage({ source, nonce, script, style }: { source: string; nonce: string; script: string; style: string }): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src ${source}; script-src 'nonce-${nonce}'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${style}">
<title>Picture</title>
</head>
<body>
<header>
<div role="group" aria-label="What is shown" id="views">
<button type="button" data-view="author" aria-pressed="true" title="Roles and decisions, as they are written">Workflow</button>
<button type="button" data-view="task" aria-pressed="false" title="The task's machine: every state of the turns">Task</button>
<button type="button" data-view="recruitment" aria-pressed="false" title="The recruitment's machine: who holds which role">Recruitment</button>
</div>
<div role="group" aria-label="Size" id="sizes">
<button type="button" data-size="out" title="Smaller">−</button>
<button type="button" data-size="in" title="Larger">+</button>
<button type="button" data-size="fit" title="As wide as the panel">Fit</button>
</div>
<p id="status" role="status"></p>
</header>
<main id="picture"></main>
<script nonce="${nonce}" src="${script}"></script>
</body>
</html>
`;
}
