/** Retention of the projection: run by the projector's object, see `durable/projector/prune-projection.ts`. */
export { type PruneOptions, pruneArchived, pruneProjection } from "../durable/projector/prune-projection.ts";
