/** Artifacts in what the inspector shows. */
import { expect, test } from "vitest";
import { listArtifactLinks } from "../../../src/inspector/data/artifact-links.ts";

const id = (digit: string): string => `sha256:${digit.repeat(64)}`;

test("[ART17] the inspector links each reference in a payload once, by name and size, and nothing that only looks like one", () => {
  const report = { $artifact: id("a"), size: 1_234_567, type: "text/plain", name: "report.txt" };
  expect(listArtifactLinks({ out: [report, report, { deep: { $artifact: id("b") } }] })).toEqual([
    { href: `/v1/artifacts/${id("a")}`, label: "report.txt (1.2 MB)" },
    { href: `/v1/artifacts/${id("b")}`, label: "artifact" },
  ]);
  expect(listArtifactLinks({ $artifact: id("c"), name: "../\u202ex" })).toEqual([{ href: `/v1/artifacts/${id("c")}`, label: "artifact" }]);
  for (const forged of ["javascript:alert(1)", "sha256:../../x", `${id("a")}/../..`, 5, null])
    expect(listArtifactLinks([{ $artifact: forged }])).toEqual([]);
  expect(listArtifactLinks(JSON.stringify(report))).toEqual([]);
});
