/** What holds for every file: of the corpus, of the examples, and broken at random by a seed. */
import { crc32 } from "node:zlib";
import { describe, expect, test } from "vitest";
import { applyFixes } from "../../../src/compile/diagnostics/apply-fixes.ts";
import { compileWorkflow, type Diagnostic, parseWorkflow } from "../../../src/compile/index.ts";
import type { SourceNode } from "../../../src/compile/source/node.ts";
import { readBrokenYaml } from "../../../src/compile/source/read-yaml.ts";
import { listSeeds } from "../../fuzz/list-seeds.ts";
import { createRandom, mutateText } from "../../fuzz/mutate-text.ts";

const seeds = listSeeds();
const sound = seeds.filter((text) => parseWorkflow(text).ir !== undefined);

/** Calls `check` with each file, broken in a way of its own, which no other file changes; names the one it fails with. */
function forBroken(seed: number, check: (text: string) => void): void {
  for (const whole of seeds) {
    const text = mutateText(whole, createRandom(seed ^ crc32(whole)));
    try {
      check(text);
    } catch (error) {
      throw new Error(`seed ${seed}: ${String(error)}\n${text}`, { cause: error });
    }
  }
}

const errors = (diagnostics: Diagnostic[]): Diagnostic[] => diagnostics.filter(({ severity }) => severity === "error");
const apply = (text: string, { span, text: inserted }: { span: { start: number; end: number }; text: string }): string =>
  text.slice(0, span.start) + inserted + text.slice(span.end);

describe("findings", () => {
  test("[CHECK7] lie inside the text, with the places that they point at, in source order, each once", () => {
    forBroken(21, (text) => {
      const { diagnostics } = parseWorkflow(text);
      const places = diagnostics.flatMap(({ span, related, fix }) => [
        span,
        ...related.map((other) => other.span),
        ...(fix ? [fix.span] : []),
      ]);
      for (const { start, end } of places) {
        expect(start).toBeGreaterThanOrEqual(0);
        expect(end).toBeGreaterThanOrEqual(start);
        expect(end).toBeLessThanOrEqual(Math.max(1, text.length));
      }
      const starts = diagnostics.map(({ span }) => span.start);
      expect(starts).toEqual([...starts].sort((a, b) => a - b));
      expect(new Set(diagnostics.map((diagnostic) => JSON.stringify(diagnostic))).size).toBe(diagnostics.length);
    });
  });

  test("[CHECK7] are the same when the file is checked again, whatever was checked between", () => {
    const first: string[] = [];
    forBroken(22, (text) => void first.push(JSON.stringify(compileWorkflow(text))));
    let run = 0;
    forBroken(22, (text) => void expect(JSON.stringify(compileWorkflow(text))).toBe(first[run++]));
  });

  test("[CHECK7] do not change with the line ends", () => {
    forBroken(23, (text) => {
      if (text.includes("\r")) return;
      const said = (file: string) => parseWorkflow(file).diagnostics.map(({ code, severity }) => `${code} ${severity}`);
      expect(said(text.replaceAll("\n", "\r\n"))).toEqual(said(text));
    });
  });
});

describe("fixes", () => {
  test("[CHECK5] mend what they belong to", () => {
    forBroken(24, (text) => {
      for (const { code, message, fix } of parseWorkflow(text).diagnostics) {
        if (fix === undefined) continue;
        const before = parseWorkflow(text).diagnostics.filter((other) => other.code === code && other.message === message).length;
        const after = parseWorkflow(apply(text, fix)).diagnostics.filter(
          (other) => other.code === code && other.message === message,
        ).length;
        expect(`${code} ${message} ${after}`).toBe(`${code} ${message} ${Math.min(after, before - 1)}`);
      }
    });
  });

  test("[CHECK41] taken alone mend what they belong to, and make no error that was not there", () => {
    let taken = 0;
    const look = (text: string): void => {
      const before = parseWorkflow(text).diagnostics;
      for (const found of before) {
        const { fix } = found;
        if (!fix) continue;
        taken += 1;
        const shift = fix.text.length - (fix.span.end - fix.span.start);
        // What stands behind the fix has moved; what touches it keeps its code.
        const touches = ({ span }: Diagnostic, end: number): boolean => span.start <= end && span.end >= fix.span.start;
        const known = new Set(errors(before).map(({ code, span }) => `${code} ${span.start + shift}`));
        const near = new Set(errors(before).flatMap((other) => (touches(other, fix.span.end) ? [other.code] : [])));
        const after = parseWorkflow(apply(text, fix)).diagnostics;
        const fresh = errors(after).filter(
          (other) =>
            touches(other, fix.span.start + fix.text.length) && !near.has(other.code) && !known.has(`${other.code} ${other.span.start}`),
        );
        const left = after.filter(
          ({ code, message, span }) => code === found.code && message === found.message && span.start === found.span.start,
        );
        const line = text.slice(text.lastIndexOf("\n", fix.span.start) + 1, fix.span.end + 40);
        expect([...left, ...fresh].map(({ message }) => `${found.code}: ${fix.title} in ${line}: ${message}`)).toEqual([]);
        expect(errors(after).length).toBeLessThanOrEqual(errors(before).length);
      }
    };
    for (const text of seeds) look(text);
    for (const seed of [26, 27, 28]) forBroken(seed, look);
    expect(taken).toBeGreaterThan(100);
  });

  test("[CHECK5] taken all together leave fewer errors, and taken again change nothing", () => {
    forBroken(25, (text) => {
      const check = (file: string) => parseWorkflow(file).diagnostics;
      const before = check(text);
      const fixed = applyFixes(text, check);
      if (fixed.applied.length > 0 && before.some(({ severity, fix }) => severity === "error" && fix))
        expect(errors(check(fixed.text)).length).toBeLessThan(errors(before).length);
      expect(applyFixes(fixed.text, check).text).toBe(fixed.text);
    });
  });
});

describe("revisions", () => {
  test("[LOWER2] are equal for equal content, however it is written", () => {
    for (const text of sound) {
      const { revision } = compileWorkflow(text).compiled ?? {};
      expect(revision).toMatch(/^[0-9a-f]{32}$/);
      expect(compileWorkflow(`# a comment\n\n${text}\n# another\n`).compiled?.revision).toBe(revision);
      expect(compileWorkflow(`${text}\nx-note: { not: read }\n`).compiled?.revision).toBe(revision);
      if (!text.includes("\r")) expect(compileWorkflow(text.replaceAll("\n", "\r\n")).compiled?.revision).toBe(revision);
    }
  });

  test("[LOWER2] differ where the content does", () => {
    const revisions = new Map<string, string>();
    for (const text of sound) {
      const { compiled } = compileWorkflow(text);
      if (!compiled) continue;
      const content = JSON.stringify(compiled.ir);
      expect(revisions.get(compiled.revision) ?? content).toBe(content);
      revisions.set(compiled.revision, content);
      const renamed = compileWorkflow(text.replace(/^description:.*$/m, "description: Something else altogether."));
      if (renamed.compiled && JSON.stringify(renamed.compiled.ir) !== content)
        expect(renamed.compiled.revision).not.toBe(compiled.revision);
    }
    expect(revisions.size).toBeGreaterThan(1);
  });
});

describe("places of text", () => {
  test("[CHECK8] lead from every character of a value back to where it stands", () => {
    for (const text of seeds) {
      const visit = (node: SourceNode): void => {
        if (node.kind === "list") for (const item of node.items) visit(item);
        if (node.kind === "map") for (const entry of node.entries) visit(entry.value);
        if (node.kind !== "scalar" || typeof node.value !== "string" || node.value === "") return;
        for (let at = 0; at < node.value.length; at += 1 + Math.floor(node.value.length / 40)) {
          const { start, end } = node.locate(at, at + 1);
          expect(start).toBeGreaterThanOrEqual(node.span.start);
          expect(end).toBeLessThanOrEqual(node.span.end);
          const character = node.value[at] ?? "";
          if (/[\w{}$.]/.test(character) && !text.slice(node.span.start, node.span.end).includes("\\"))
            expect(text.slice(start, end)).toBe(character);
        }
      };
      const root = readBrokenYaml(text);
      if (root) visit(root);
    }
  });
});
