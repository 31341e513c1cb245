/** Puts a release into the changelog for users. Pure. */

/**
 * Under the version's heading come what was written by hand under *Unreleased*, which goes, and what the changesets say.
 * @param date YYYY-MM-DD
 */
export function mergeChangelog(old: string, { version, date, sections }: { version: string; date: string; sections: string }): string {
  const [intro = "", ...releases] = old.split(/^(?=## )/m);
  const unreleased = releases.find((text) => /^## Unreleased\b/i.test(text));
  const byHand = unreleased?.replace(/^## .*\n/, "").trim() ?? "";
  const release = [`## ${version} (${date})`, byHand, sections].filter((text) => text !== "").join("\n\n");
  const others = releases.filter((text) => text !== unreleased).map((text) => text.trim());
  return `${[intro.trim(), release, ...others].join("\n\n")}\n`;
}
