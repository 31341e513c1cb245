/** [REL1] [REL2] The version stands in one place, and all others follow; a release's part of the changelog. */
import { expect, test } from "vitest";
import { mergeChangelog } from "../../../scripts/release/merge-changelog.ts";
import { readVersions } from "../../../scripts/release/versions.ts";
import { version } from "../../../src/version.ts";

test("[REL1] both packages, the lock file, the Python package, the extension and the API's descriptions have the version of package.json", () => {
  const versions = readVersions(".");
  expect(Object.keys(versions)).toHaveLength(9);
  for (const [place, said] of Object.entries(versions)) expect(said, place).toBe(version);
});

const release = { version: "0.3.0", date: "2027-01-02", sections: "### Minor Changes\n\n- One thing." };

test("[REL2] what stands under Unreleased goes under the version, before what the changesets say", () => {
  const old = "# Changelog\n\nFor users.\n\n## Unreleased\n\nBy hand.\n\n- A line.\n\n## 0.2.0 (2027-01-01)\n\n- Older.\n";
  expect(mergeChangelog(old, release)).toBe(
    "# Changelog\n\nFor users.\n\n## 0.3.0 (2027-01-02)\n\nBy hand.\n\n- A line.\n\n### Minor Changes\n\n- One thing.\n\n## 0.2.0 (2027-01-01)\n\n- Older.\n",
  );
});

test("[REL2] without anything unreleased it is what the changesets say, above what was before", () => {
  const old = "# Changelog\n\nFor users.\n\n## 0.2.0 (2027-01-01)\n\n- Older.\n";
  const merged = mergeChangelog(old, release);
  expect(merged).toBe(
    "# Changelog\n\nFor users.\n\n## 0.3.0 (2027-01-02)\n\n### Minor Changes\n\n- One thing.\n\n## 0.2.0 (2027-01-01)\n\n- Older.\n",
  );
  expect(mergeChangelog("# Changelog\n\n## Unreleased\n", release)).toBe(
    "# Changelog\n\n## 0.3.0 (2027-01-02)\n\n### Minor Changes\n\n- One thing.\n",
  );
});
