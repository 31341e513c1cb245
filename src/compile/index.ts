/** The compiler's public face: workflow YAML in; diagnostics, intermediate form and machine configs out. */

export type { CompiledWorkflow } from "./compile-workflow.ts";
export { compileWorkflow, lowerWorkflow } from "./compile-workflow.ts";
export type { Moderator } from "./decide/create-moderator.ts";
export { createModerator, summariseDecision } from "./decide/create-moderator.ts";
export type { Evaluated, EvaluationError } from "./decide/expression.ts";
export { evaluateExpression, isTruthy } from "./decide/expression.ts";
export type { ReflexEvent, ReflexResult, ReflexVerdict } from "./decide/reflex.ts";
export { evaluateReflex, matchesKind } from "./decide/reflex.ts";
export type * from "./decide/view.ts";
export { isEngineOutput } from "./decide/view.ts";
export type { DiagnosticName } from "./diagnostics/catalogue.ts";
export { catalogue } from "./diagnostics/catalogue.ts";
export type { Diagnostic, Fix, Related, Severity } from "./diagnostics/diagnostic.ts";
export { renderCatalogue } from "./diagnostics/render-catalogue.ts";
export type * from "./ir.ts";
export type { ParseOptions, ParseResult } from "./parse-workflow.ts";
export { parseWorkflow } from "./parse-workflow.ts";
export type { Position, Span } from "./source/span.ts";
export { locateOffset } from "./source/span.ts";
