/** Artifacts' references: at which places they stand, and how they are shown. */
import { expect, test } from "vitest";
import { renderTemplate } from "../../../src/compile/decide/template.ts";
import { describeArtifact, isArtifactName, isMediaType, renderBytes } from "../../../src/contract/artifact.ts";
import type { Json } from "../../../src/contract/event.ts";
import { checkSchema, inspectSchema } from "../../../src/contract/json-schema/check-schema.ts";

const id = `sha256:${"a".repeat(64)}`;
const pdf = { $artifact: id, size: 1_234_567, type: "application/pdf; v=1", name: "report.pdf" };

test.each<[schema: object, value: Json, fault: string | undefined]>([
  [{ format: "artifact" }, pdf, undefined],
  [{ format: "artifact" }, { $artifact: id }, undefined],
  // Whatever else the schema asks of a value, the reference stands.
  [{ format: "artifact", type: "string", maxLength: 3 }, pdf, undefined],
  [{ format: "artifact", type: ["string", "object"], maxLength: 3, additionalProperties: false }, pdf, undefined],
  [{ format: "artifact", type: ["string", "object"], maxLength: 3 }, "long", "at most 3 characters"],
  [{ format: "artifact", type: ["string", "object"] }, "small", undefined],
  [{ format: "artifact" }, "small", "must be an artifact"],
  [{ format: "artifact", type: ["string", "object"] }, { a: 1 }, "must be an artifact"],
  [{ format: "artifact" }, { $artifact: "sha256:abc" }, "64 hexadecimal digits"],
  [{ format: "artifact" }, { $artifact: id.toUpperCase() }, "64 hexadecimal digits"],
  [{ format: "artifact" }, { $artifact: id, nmae: "x" }, "`nmae` is no part"],
  [{ format: "artifact" }, { $artifact: id, size: -1 }, "`size`"],
  [{ format: "artifact" }, { $artifact: id, name: "a/b" }, "`name`"],
  [{ format: "artifact", contentMediaType: "application/pdf" }, pdf, undefined],
  [{ format: "artifact", contentMediaType: "application/*" }, pdf, undefined],
  [{ format: "artifact", contentMediaType: "image/*" }, pdf, "of the type image/*"],
  [{ anyOf: [{ type: "null" }, { format: "artifact" }] }, pdf, undefined],
])("[ART10] %j takes %j: %s", (schema, value, fault) => {
  expect(inspectSchema(schema as never)).toEqual([]);
  const misfits = checkSchema(schema as never, value);
  if (fault === undefined) expect(misfits).toEqual([]);
  else expect(misfits.map(({ message }) => message).join()).toContain(fault);
});

test("[ART11] a prompt shows a reference as name, size, type and path, and its facts by their names", async () => {
  const path = `/v1/artifacts/${id}`;
  const render = (source: string) =>
    renderTemplate({ kind: "liquid", source }, { report: pdf, list: [pdf, { $artifact: id }], other: { a: 1 } });
  expect(await render("Read {{ report }}.")).toEqual({ ok: true, text: `Read report.pdf (1.2 MB, application/pdf; v=1): ${path}.` });
  expect(await render("{{ report.name }} {{ report.size }} {{ report.type }}")).toEqual({
    ok: true,
    text: "report.pdf 1234567 application/pdf; v=1",
  });
  expect(await render("{% for each in list %}{{ each }} {% endfor %}")).toMatchObject({
    text: expect.stringContaining(`artifact: ${path}`),
  });
  expect(describeArtifact({ $artifact: id, size: 5 })).toBe(`artifact (5 bytes): ${path}`);
  expect([0, 999, 1_000, 99_949, 99_950, 999_600, 20_000_000, 5e9].map(renderBytes)).toEqual([
    "0 bytes",
    "999 bytes",
    "1.0 kB",
    "99.9 kB",
    "100 kB",
    "1.0 MB",
    "20.0 MB",
    "5.0 GB",
  ]);
});

test.each([
  ["a.txt", true],
  ["ä b.txt", true],
  ["", false],
  ["..", false],
  ["a/b", false],
  ["a\\b", false],
  ["a\nb", false],
  ["a\u202eb", false],
  ["x".repeat(256), false],
  ["\ud800", false],
])("[ART7] the name %j is one: %s", (name, fits) => expect(isArtifactName(name)).toBe(fits));

test.each([
  ["text/plain", true],
  ["text/plain; charset=utf-8", true],
  ['text/x; a="b c"', true],
  ["text", false],
  ["text/", false],
  ["text/plain\r\nx: y", false],
  ["text/plain; x", false],
  [`text/${"x".repeat(200)}`, false],
])("[ART7] %j is a media type: %s", (type, fits) => expect(isMediaType(type)).toBe(fits));
