/** The page that shows the picture, in a real Chromium under its own policy. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FromPage, renderPage, type ToPage } from "../../../editors/vscode/src/picture-page.ts";
import { drawWorkflowSvg } from "../../../src/compile/draw/index.ts";
import { compileWorkflow } from "../../../src/compile/index.ts";
import { findChromium } from "../../find-chromium.ts";

const root = join(import.meta.dirname, "../../..");
const program = findChromium("the picture's page");

/** In the page. */
declare function getComputedStyle(of: unknown): { fill: string };

const origin = "https://page.test";

/** Stands in for what the editor gives a page, and notes what its policy refused. */
const editor = `
  globalThis.said = [];
  globalThis.refused = [];
  document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => refused.push(violatedDirective + " " + blockedURI));
  globalThis.acquireVsCodeApi = () => ({ postMessage: (message) => said.push(message), getState: () => undefined, setState: () => {} });
`;

describe.runIf(program !== undefined)("[EDITOR10] the picture's page", () => {
  let browser: Browser;
  let page: Page;
  let picture: Extract<ToPage, { type: "picture" }>;
  const asked: string[] = [];
  const tell = (message: ToPage): Promise<void> => page.evaluate(`postMessage(${JSON.stringify(message)}, "*")`);
  const said = (): Promise<FromPage[]> => page.evaluate("said.splice(0)");
  const refused = (): Promise<string[]> => page.evaluate("refused.splice(0)");
  const here = () => page.locator(".here");

  beforeAll(async () => {
    const { compiled } = compileWorkflow(readFileSync(join(root, "workflows/code-review.yaml"), "utf8"));
    if (!compiled || program === undefined) throw new Error("nothing to show");
    const svg = await drawWorkflowSvg(compiled, { parts: true, theme: "light" });
    picture = { type: "picture", svg, title: "code-review", view: "author", leads: ["reviewer", "author", "reviewer approved"] };
    const { outputFiles } = await build({
      entryPoints: [join(root, "editors/vscode/src/page/picture.ts")],
      bundle: true,
      write: false,
      format: "iife",
    });
    const served: Record<string, { contentType: string; body: string }> = {
      "/": {
        contentType: "text/html",
        body: renderPage({ source: origin, nonce: "once", script: `${origin}/picture.js`, style: `${origin}/picture.css` }),
      },
      "/picture.js": { contentType: "text/javascript", body: outputFiles[0]?.text ?? "" },
      "/picture.css": { contentType: "text/css", body: readFileSync(join(root, "editors/vscode/media/picture.css"), "utf8") },
    };
    browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox"] });
    page = await browser.newPage({ viewport: { width: 500, height: 400 } });
    await page.addInitScript(editor);
    await page.route("**/*", (route) => {
      const { pathname, origin: from } = new URL(route.request().url());
      const answer = from === origin ? served[pathname] : undefined;
      if (!answer) asked.push(route.request().url());
      return answer ? route.fulfill(answer) : route.abort();
    });
    await page.goto(`${origin}/`);
  }, 60_000);
  afterAll(() => browser?.close());

  test("shows a picture in its colours, within its policy, and is ready for another", async () => {
    expect(await said()).toEqual([{ type: "ready" }]);
    await tell(picture);
    await page.locator("[data-part=reviewer] text").first().waitFor();
    const fill = await page
      .locator("[data-part=reviewer] .box")
      .first()
      .evaluate((box) => getComputedStyle(box).fill);
    expect(fill).toBe("rgb(234, 242, 255)");
    expect(await refused()).toEqual([]);
  });

  test("highlights what is under the cursor, where it can be seen", async () => {
    await tell({ type: "here", ids: ["author"] });
    await here().first().waitFor();
    expect(new Set(await here().evaluateAll((all) => all.map((each) => each.getAttribute("data-part"))))).toEqual(new Set(["author"]));
    await tell({ type: "here", ids: ["author withdrawn"] });
    await page.locator('[data-part="author withdrawn"].here').first().waitFor();
    expect(await page.locator(".here[data-part=author]").count()).toBe(0);
  });

  test("tells what is clicked, by mouse and by keyboard, where that leads somewhere", async () => {
    await page.locator("[data-part=author] .box").first().click();
    await page.locator("[data-part=reviewer].leads[tabindex]").first().press("Enter");
    await page.locator('[data-part="$START"] text').first().click({ force: true });
    await page.locator("[data-view=task]").click();
    expect(await said()).toEqual([
      { type: "go", id: "author" },
      { type: "go", id: "reviewer" },
      { type: "view", view: "task" },
    ]);
  });

  test("keeps the last picture where there is none, and says why", async () => {
    await tell({ type: "stale", message: "The file has 1 error." });
    await page.getByText("The file has 1 error. This is the last picture.").waitFor();
    expect(await page.locator("[data-part=author]").count()).toBeGreaterThan(0);
    await tell(picture);
    await page.locator("#status:empty").waitFor({ state: "attached" });
  });

  test("grows and fits", async () => {
    const width = async (): Promise<number> => (await page.locator("#picture svg").boundingBox())?.width ?? 0;
    const fitting = await width();
    await page.locator("[data-size=in]").click();
    expect((await width()) / fitting).toBeCloseTo(1.25, 1);
    await page.locator("[data-size=fit]").click();
    expect(await width()).toBeCloseTo(fitting, 0);
  });

  test("runs no script and asks for nothing that a picture brings", async () => {
    const evil = [
      '<script>said.push("script")</script><image href="https://evil.test/a.png"/><style>@import "https://evil.test/b.css";</style>',
      `<rect onload="said.push('load')" onclick="said.push('click')" class="box" width="400" height="400" style="fill:url(https://evil.test/c)"/>`,
      '<foreignObject><iframe xmlns="http://www.w3.org/1999/xhtml" src="https://evil.test/d"></iframe></foreignObject>',
    ].join("");
    await tell({ ...picture, svg: picture.svg.replace("</svg>", `${evil}</svg>`) });
    await page.locator("rect[onload]").click({ position: { x: 5, y: 5 }, force: true });
    await page.evaluate("new Promise((resolve) => setTimeout(resolve, 0))");
    expect(await said()).toEqual([]);
    expect(asked).toEqual([]);
    await tell({ ...picture, svg: "<svg><unclosed>" });
    await page.getByText("The picture can't be read.").waitFor();
  });
});
