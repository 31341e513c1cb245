/** What axe finds on a page that keeps somebody from using it. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";

const source = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/**
 * @param part a selector, where the rest of the page was judged before
 * @returns a line for each serious or critical finding, in both themes
 */
export async function judgeAccess(page: Page, part?: string): Promise<string[]> {
  const found: string[] = [];
  // As a debugger does it, for the page's policy lets no foreign script in.
  if (!(await page.evaluate("'axe' in globalThis"))) await page.evaluate(await readFile(source, "utf8"));
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    // Of the other theme only the colours differ.
    const only = colorScheme === "dark" ? { runOnly: ["color-contrast"] } : {};
    const { violations } = await page.evaluate<AxeResults>(
      `axe.run(${part === undefined ? "document" : JSON.stringify(part)}, ${JSON.stringify(only)})`,
    );
    for (const { id, impact, nodes } of violations)
      if (impact === "serious" || impact === "critical")
        found.push(...nodes.map(({ html, failureSummary }) => `${colorScheme} ${id}: ${html.slice(0, 200)}\n${failureSummary ?? ""}`));
  }
  await page.emulateMedia({ colorScheme: null });
  return found;
}
