/** What tests of the inspector share: an operator on the server that all of them use, and pages that are signed in. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Browser, type BrowserContextOptions, type Cookie, chromium, type Page } from "playwright-core";
import { afterAll, expect, inject, onTestFinished, vi } from "vitest";
import { createOperator, type Operator } from "../e2e/operator.ts";

/** Null: there is no Chromium. Tests skip by `describe.skipIf(!stage)`. */
export const stage = inject("stage");

/** Pictures of pages, for people to look at: kept as long as nobody takes new ones. */
const pictures = join(import.meta.dirname, "../../.screenshots");

/** They are a seventh of the CPU of all pages' tests, and nobody looks at most of them. */
const arePicturesWanted = process.env.NERVEFLARE_TEST_PICTURES === "true";

/** Generous: the machine may have other work. */
export const within = { timeout: 60_000, interval: 50 };

let connected: Promise<Browser> | undefined;
/** Cookies by server and token: a session is opened once for all pages of a file, but for those that end theirs. */
const sessions = new Map<string, Cookie[]>();
afterAll(async () => {
  await (await connected)?.close();
  connected = undefined;
  sessions.clear();
});

/** The operator of the shared server. */
export function useOperator(): Operator {
  if (!stage) throw new Error("There is no stage without a Chromium.");
  return createOperator(stage);
}

export interface PageOptions extends BrowserContextOptions {
  /** The admin's if absent; null: nobody is signed in. */
  token?: string | null;
  /** The shared server's if absent. */
  url?: string;
  /** Runs in the page before anything of its own. */
  first?: string;
}

/** Opens a page in a context of its own, signed in; it is closed after the test. Whatever it says on its console as an error fails the test. */
export async function openPage(path: string, { token, url, first, ...options }: PageOptions = {}): Promise<Page> {
  if (!stage) throw new Error("There is no stage without a Chromium.");
  const at = url ?? stage.url;
  connected ??= chromium.connect(stage.browser);
  const context = await (await connected).newContext({ viewport: { width: 1440, height: 900 }, locale: "en-GB", ...options });
  context.setDefaultTimeout(within.timeout);
  if (first !== undefined) await context.addInitScript(first);
  const faults: string[] = [];
  onTestFinished(async () => {
    await context.close();
    expect(faults, "what the page said of itself").toEqual([]);
  });
  const kept = token === null ? undefined : sessions.get(`${at} ${token ?? stage.adminToken}`);
  if (kept) await context.addCookies(kept);
  else if (token !== null) {
    const signedIn = await context.request.post(`${at}/v1/session`, { headers: { authorization: `Bearer ${token ?? stage.adminToken}` } });
    expect(signedIn.status(), await signedIn.text()).toBe(201);
    sessions.set(`${at} ${token ?? stage.adminToken}`, await context.cookies());
  }
  const page = await context.newPage();
  page.on("pageerror", (error) => faults.push(String(error)));
  // A line that is cut is no fault of the page's.
  page.on("console", (message) => {
    if (message.type() === "error" && !/Failed to load resource|net::ERR/.test(message.text())) faults.push(message.text());
  });
  await page.goto(`${at}${path}`);
  return page;
}

/** At none of three widths is anything of a page cut off, or scrolls it sideways. Takes a picture of each in both themes, where they are wanted. */
export async function takePictures(page: Page, name: string): Promise<void> {
  const before = page.viewportSize();
  for (const width of [360, 800, 1440]) {
    await page.setViewportSize({ width, height: 900 });
    await vi.waitFor(async () => expect(await measureOverflow(page), `${name} at ${width} px`).toBe(0), within);
    if (!arePicturesWanted) continue;
    await mkdir(pictures, { recursive: true });
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: join(pictures, `${name}-${width}-${colorScheme}.png`) });
    }
  }
  await page.emulateMedia({ colorScheme: null });
  if (before) await page.setViewportSize(before);
}

/** Takes one picture of a page that has come to rest, where they are wanted. */
export async function takePicture(page: Page, name: string, size: { width: number; height: number }): Promise<void> {
  if (!arePicturesWanted) return;
  await mkdir(pictures, { recursive: true });
  await page.setViewportSize(size);
  await page.waitForLoadState("networkidle", { timeout: 2_000 }).catch(() => {});
  await page.screenshot({ path: join(pictures, `${name}.png`) });
}

/** How far the page is wider than what shows it: nothing is cut off or scrolls sideways. */
export function measureOverflow(page: Page): Promise<number> {
  return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
}
