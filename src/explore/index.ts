/** Exploration of a workflow's machines, pure: proofs with their stories, and values that fit a schema. */

export { type ProofName, proofCatalogue, renderProofCatalogue } from "./catalogue.ts";
export { createRandom, type Random } from "./create-random.ts";
export { type Proof, type ProofDiagnostic, type ProofOptions, proveWorkflow } from "./prove-workflow.ts";
export { type Sample, sampleSchema } from "./sample-schema.ts";
