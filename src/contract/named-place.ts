/** The `place` in a verdict of a workflow that the event's `to` names: no file has as many reflexes. */
export const namedPlace = 1_000;
