/** The demo's link, opened by somebody who has no token, and what the other pages show of what was played. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { judgeAccess } from "./judge-access.ts";
import { openPage, stage, takePicture, takePictures } from "./stage.ts";

describe.skipIf(!stage)("the demo that is kept", () => {
  let demo: ReturnType<typeof spawn>;
  let ended: Promise<unknown>;
  let link: URL;
  let token = "";

  beforeAll(async () => {
    demo = spawn(process.execPath, ["src/cli/main.ts", "demo", "--keep"], { stdio: ["ignore", "pipe", "inherit"] });
    ended = new Promise((resolve) => demo.once("close", resolve));
    for await (const line of createInterface({ input: demo.stdout as NodeJS.ReadableStream })) {
      const found = /\bpage +(\S+#ticket=\S+)/.exec(line)?.[1];
      if (found !== undefined) link = new URL(found);
      token = /sign in with (\S+)/.exec(line)?.[1] ?? "";
      if (token !== "") break;
    }
  }, 180_000);

  afterAll(async () => {
    demo.kill("SIGTERM");
    await ended;
  });

  const open = (path: string) => openPage(path, { url: link.origin, token });

  test("[DEMO3] its link signs in once and shows the thread just played; used again it asks for the token, which is printed beside", async () => {
    const page = await openPage(link.href.slice(link.origin.length), { url: link.origin, token: null });
    await page.getByText("admin").waitFor();
    expect(page.url()).toBe(`${link.origin}${link.pathname}`);
    await page
      .getByRole("heading", { name: /debate/ })
      .first()
      .waitFor();
    await page.locator("main svg").first().waitFor();
    await takePicture(page, "readme", { width: 1280, height: 900 });
    const again = await openPage(link.href.slice(link.origin.length), { url: link.origin, token: null });
    await again.getByText("The link was used before").waitFor();
    await again.getByLabel("Your token").fill(token);
    await again.keyboard.press("Enter");
    await again.getByText("admin").waitFor();
  });

  test.each([
    ["workflows", "/ui/workflows", "code-review"],
    ["workflow", "/ui/workflows/debate", "1 of 1 completed"],
    ["agents", "/ui/agents", "online"],
    ["agent", "/ui/agents/bob", "code-review"],
    ["events", "/ui/events?type=nerve.thread.*", "nerve.thread.completed"],
    ["board", "/ui/board", "No offer is open"],
  ])("[INSP10] the page %s shows what was played, and is fit for everybody at every width", async (name, path, says) => {
    const page = await open(path);
    await page.getByText(says).first().waitFor();
    expect(await judgeAccess(page)).toEqual([]);
    await takePictures(page, name);
  });

  test("[INSP10] a workflow is drawn, as its author wrote it and as both machines that became of it", async () => {
    const page = await open("/ui/workflows/debate");
    for (const drawing of ["Graph", "Task", "Recruitment"]) {
      await page.getByRole("button", { name: drawing, exact: true }).click();
      await page.getByLabel("Chart").locator("svg").waitFor();
    }
  });

  test("[INSP10] an event is unfolded as the text that it is", async () => {
    const page = await open("/ui/events?type=nerve.thread.started");
    await page.getByRole("button", { name: "nerve.thread.started" }).first().click();
    await page.getByLabel("The event").getByText('"specversion": "1.0"').waitFor();
  });

  test("[INSP10] what is gone is told so in words", async () => {
    const page = await open("/ui/nowhere");
    for (const [path, says] of [
      ["/ui/nowhere", "There is no such page"],
      ["/ui/threads/taaaaaaaaaaaaaaaaaaaaaaaaa", "It is not there"],
      ["/ui/workflows/no-such", "It is not there"],
      ["/ui/agents/nobody", "It is not there"],
      ["/ui/threads/%ff", "There is no such page"],
    ] as const) {
      await page.goto(`${link.origin}${path}`);
      await page.getByText(says).waitFor();
    }
  });
});
