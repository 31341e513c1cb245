/** Finds what other tools read otherwise: `010`, numbers that lose digits, and `${{ … }}` of other template languages. */
import type { Report } from "../diagnostics/diagnostic.ts";
import type { MapNode, SourceNode } from "../source/node.ts";
import { findValue, isText } from "../source/node.ts";
import type { Outline } from "./outline.ts";

/** Reports values that do not say what they seem to. */
export function checkSlips(outline: Outline, text: string, report: Report): void {
  // What was told of a number is told once.
  const told = new Set(report.list().map(({ span }) => span.start));
  walkNumbers(outline.root, text, new Set(), told, report);
  if (outline.form !== "status") return;
  for (const { edges } of outline.nodes) for (const { node } of edges) walkTexts(node, report);
  for (const reflex of outline.reflexes) for (const item of findItems(reflex)) walkTexts(item, report);
}

function findItems(reflex: MapNode): SourceNode[] {
  const emits = findValue(reflex, "emit");
  return emits ? [emits] : [];
}

function walkNumbers(node: SourceNode, text: string, seen: Set<SourceNode>, told: ReadonlySet<number>, report: Report): void {
  if (seen.has(node)) return;
  seen.add(node);
  if (node.kind === "list") for (const item of node.items) walkNumbers(item, text, seen, told, report);
  if (node.kind === "map") for (const { value } of node.entries) walkNumbers(value, text, seen, told, report);
  if (node.kind !== "scalar" || typeof node.value !== "number" || node.style !== "plain" || told.has(node.span.start)) return;
  const written = text.slice(node.span.start, node.span.end);
  if (/^[+-]?0\d+$/.test(written) && Number(written) === node.value)
    report.add("leading-zero", node.span, `\`${written}\` is ${node.value} here; other readers of YAML take it as octal.`, {
      hint: `write \`${node.value}\`, or put it in quotes to make it text`,
      fix: { title: `Write \`${node.value}\``, span: node.span, text: String(node.value) },
    });
  else if (/^[+-]?\d+$/.test(written) && !Number.isSafeInteger(node.value) && BigInt(written) !== BigInt(node.value))
    report.add(
      "inexact-number",
      node.span,
      `\`${written.slice(0, 40)}\` is read as ${BigInt(node.value)}: JSON keeps whole numbers up to 2^53 only.`,
      {
        hint: "put it in quotes to keep all digits",
      },
    );
}

function walkTexts(node: SourceNode, report: Report): void {
  if (node.kind === "list") for (const item of node.items) walkTexts(item, report);
  if (node.kind === "map") for (const { value } of node.entries) walkTexts(value, report);
  if (!isText(node)) return;
  for (const { index, 1: variable = "" } of node.value.matchAll(/\$\{\{(?!\{)([^}]*)/g)) {
    // An amount of dollars.
    if (/amount|price|cost|total|budget|fee|usd|dollar|sum|balance|spen/i.test(variable)) continue;
    const span = node.locate(index, index + 1);
    report.add(
      "dollar-before-braces",
      node.locate(index, index + 3),
      "The `$` before `{{` is no part of the template, and stays in the text.",
      {
        hint: "write `{{ … }}`",
        fix: { title: "Leave `$` out", span, text: "" },
      },
    );
  }
}
